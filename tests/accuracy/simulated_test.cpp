// A small part of the simulated half, as an ordinary test.
#include "tests/accuracy/simulated.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace stormproof::accuracy {
namespace {

constexpr int few_runs = 3;
constexpr std::uint64_t seed = 300'000;

void expect_right(const Matrix& matrix, std::size_t subjects) {
  EXPECT_TRUE(matrix.good()) << matrix.summary() << '\n' << fmt::format("{}", fmt::join(matrix.examples(), "\n"));
  EXPECT_EQ(matrix.cells().size(), subjects * 3);
  for (const auto& [place, cell] : matrix.cells())
    EXPECT_GE(cell.right() * 3, cell.runs()) << place.subject << ", " << place.setting;
}

TEST(Simulated, Breakers) {
  Matrix matrix;
  judge_breakers(matrix, few_runs, seed);
  expect_right(matrix, 7);
}

TEST(Simulated, Scopes) {
  Matrix matrix;
  judge_scopes(matrix, few_runs, seed);
  expect_right(matrix, 9);
}

TEST(Simulated, Limiters) {
  Matrix matrix;
  judge_limiters(matrix, few_runs, seed);
  expect_right(matrix, 15);
}

TEST(Simulated, Timeouts) {
  Matrix matrix;
  judge_timeouts(matrix, few_runs, seed);
  expect_right(matrix, 14);
}

TEST(Simulated, Retries) {
  Matrix matrix;
  judge_retries(matrix, few_runs, seed);
  expect_right(matrix, 8);
}

TEST(Simulated, Probes) {
  Matrix matrix;
  judge_probes(matrix, few_runs, seed);
  expect_right(matrix, 21);
}

TEST(Simulated, Failovers) {
  Matrix matrix;
  judge_failovers(matrix, few_runs, seed);
  expect_right(matrix, 8);
}

TEST(Simulated, Bulkheads) {
  Matrix matrix;
  judge_bulkheads(matrix, few_runs, seed);
  expect_right(matrix, 5);
}

TEST(Simulated, Overloads) {
  Matrix matrix;
  judge_overloads(matrix, few_runs, seed);
  expect_right(matrix, 7);
}

TEST(Simulated, Fallbacks) {
  Matrix matrix;
  judge_fallbacks(matrix, few_runs, seed);
  expect_right(matrix, 8);
}

TEST(Simulated, Recoveries) {
  Matrix matrix;
  judge_recoveries(matrix, few_runs, seed);
  expect_right(matrix, 5);
}

TEST(Simulated, Traces) {
  Matrix matrix;
  judge_traces(matrix, few_runs, seed);
  expect_right(matrix, 8);
}

}  // namespace
}  // namespace stormproof::accuracy
