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

TEST(Simulated, Limiters) {
  Matrix matrix;
  judge_limiters(matrix, few_runs, seed);
  expect_right(matrix, 15);
}

TEST(Simulated, Timeouts) {
  Matrix matrix;
  judge_timeouts(matrix, few_runs, seed);
  expect_right(matrix, 7);
}

TEST(Simulated, Retries) {
  Matrix matrix;
  judge_retries(matrix, few_runs, seed);
  expect_right(matrix, 8);
}

}  // namespace
}  // namespace stormproof::accuracy
