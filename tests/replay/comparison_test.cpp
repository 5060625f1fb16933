#include "replay/comparison.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

Answer json(std::string body, int status = 200, std::chrono::milliseconds took = std::chrono::milliseconds(1)) {
  Answer one;
  one.outcome = events::Outcome::answered;
  one.status = status;
  one.head = fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\n\r\n", status);
  one.body_bytes = body.size();
  one.body = std::move(body);
  one.end = one.start + took;
  return one;
}

class ComparisonTest : public testing::Test {
 protected:
  void add(const Answer& baseline, const Answer& second, const Answer& candidate, std::string_view target = "/a/1") {
    ++number_;
    comparison_.add({number_, static_cast<std::size_t>(number_ - 1), "GET", target}, baseline, &second, candidate);
  }
  const DifferenceCounts& counts(std::string_view path, std::string_view route = "GET /a/{id}",
                                 Change change = Change::value) {
    return comparison_.differences().at({std::string(route), std::string(path), change});
  }
  DifferenceRules rules_;
  Comparison comparison_{rules_};
  std::uint64_t number_ = 0;
};

TEST_F(ComparisonTest, CountsWhatTheCandidateDoesBesideTheNoise) {
  add(json(R"({"a":1,"t":1})"), json(R"({"a":1,"t":2})"), json(R"({"a":2,"t":3})"));
  add(json(R"({"a":1,"t":1})"), json(R"({"a":1,"t":2})"), json(R"({"a":1,"t":1})"));
  add(json(R"({"a":1,"t":1})"), json(R"({"a":1,"t":1})"), json(R"({"a":2,"t":2})"));
  EXPECT_EQ(comparison_.requests(), 3U);
  EXPECT_EQ(comparison_.different(), 2U);
  EXPECT_EQ(comparison_.noisy(), 2U);
  EXPECT_EQ(counts("$.a").candidate_only, 2U);
  EXPECT_EQ(counts("$.a").noise_only, 0U);
  EXPECT_EQ(counts("$.t").candidate_only, 1U);
  EXPECT_EQ(counts("$.t").noise_only, 1U);
  EXPECT_EQ(counts("$.t").both, 1U);
  ASSERT_EQ(counts("$.a").samples.size(), 2U);
  EXPECT_EQ(counts("$.a").samples[0].request, 1U);
  EXPECT_EQ(counts("$.a").samples[0].candidate_body, R"({"a":2,"t":3})");
}

TEST_F(ComparisonTest, ARequestCountsOnceHoweverOftenAListDiffers) {
  add(json("[1,2,3]"), json("[1,2,3]"), json("[7,8,9]"));
  EXPECT_EQ(counts("$[*]").candidate_only, 1U);
}

TEST_F(ComparisonTest, RoutesAreFoldedAndCounted) {
  add(json("1"), json("1"), json("2"), "/a/1?x=1");
  add(json("1"), json("1"), json("2"), "/a/2");
  add(json("1"), json("1"), json("1"), "/b");
  EXPECT_EQ(comparison_.requests_of("GET /a/{id}"), 2U);
  EXPECT_EQ(comparison_.requests_of("GET /b"), 1U);
  EXPECT_EQ(comparison_.requests_of("GET /c"), 0U);
  EXPECT_EQ(counts("$").candidate_only, 2U);
}

TEST_F(ComparisonTest, FailuresAndLatencies) {
  add(json("1"), json("1"), json("1", 500));
  add(json("1", 502), json("1"), json("1"));
  add(json("1", 404), json("1", 404), json("1", 404, std::chrono::milliseconds(3)));
  EXPECT_EQ(comparison_.failures().candidate_only, 1U);
  EXPECT_EQ(comparison_.failures().baseline_only, 1U);
  EXPECT_EQ(comparison_.noise_failures().baseline_only, 1U);
  ASSERT_EQ(comparison_.latencies().size(), 1U) << "only where all answered, and none with a failure";
  EXPECT_FLOAT_EQ(comparison_.latencies()[0].candidate, 0.003F);
  EXPECT_EQ(comparison_.statuses()[2].at(500), 1U);
}

TEST_F(ComparisonTest, IsBounded) {
  for (std::size_t i = 0; i < 60; ++i) {
    std::string a = "{";
    std::string b = "{";
    for (std::size_t k = 0; k < 150; ++k) {
      a += fmt::format("{}\"m{}_{}x\":1", k == 0 ? "" : ",", i, k);
      b += fmt::format("{}\"m{}_{}x\":2", k == 0 ? "" : ",", i, k);
    }
    add(json(a + "}"), json(a + "}"), json(b + "}"));
  }
  EXPECT_LE(comparison_.differences().size(), Comparison::keys_max + 1);
  EXPECT_GT(counts(Comparison::other).candidate_only, 0U);
}

}  // namespace
}  // namespace stormproof::replay
