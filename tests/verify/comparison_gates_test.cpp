#include "harness/verify/comparison_gates.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/verify/statistics.h"
#include "tests/verify/paired_draws.h"

namespace stormproof::verify {
namespace {

using replay::Answer;

// Two versions that answer the same requests, in simulated time.
struct Twins {
  std::uint64_t requests = 2000;
  double slower = 1;                    // the candidate
  std::uint64_t other_status_each = 0;  // of so many requests, one
  bool renamed = false;
  bool shuffled = false;
  double noise = 0.2;    // of a latency, on its logarithm
  double spread = 0.8;   // between requests
  double flake = 0.002;  // of requests that fail by themselves, at any target
};

Answer answer_of(const Twins& twins, std::uint64_t seed, std::uint64_t i, std::string_view who, bool candidate) {
  Answer answer;
  answer.outcome = events::Outcome::answered;
  answer.status = 200;
  if (candidate && twins.other_status_each > 0 && i % twins.other_status_each == 7) answer.status = 500;
  if (base::draw_unit(seed, std::string(who) + "/flake", i) < twins.flake) answer.status = 503;
  answer.head = fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\n\r\n", answer.status);
  answer.body = fmt::format(
      R"({{"{}":"shoe","nonce":{},"at":{},"tags":{}}})", candidate && twins.renamed ? "title" : "name",
      base::draw(seed, std::string(who) + "/nonce", i) % 2, base::draw(seed, std::string(who) + "/at", i) % 1'000'000,
      candidate && twins.shuffled ? R"(["z","x","y"])" : R"(["x","y","z"])");
  answer.body_bytes = answer.body.size();
  const double seconds = 0.005 *
                         std::exp(twins.spread * normal(seed, "request", i) + twins.noise * normal(seed, who, i)) *
                         (candidate ? twins.slower : 1);
  answer.start = base::Time(std::chrono::milliseconds(5 * i));
  answer.end = answer.start + std::chrono::duration_cast<base::Nanoseconds>(std::chrono::duration<double>(seconds));
  return answer;
}

void compare(replay::Comparison& comparison, const Twins& twins, std::uint64_t seed, bool second = true) {
  for (std::uint64_t i = 0; i < twins.requests; ++i) {
    const std::string target = fmt::format("/orders/{}", i);
    const Answer noise = answer_of(twins, seed, i, "second", false);
    comparison.add({i + 1, static_cast<std::size_t>(i), "GET", target}, answer_of(twins, seed, i, "baseline", false),
                   second ? &noise : nullptr, answer_of(twins, seed, i, "candidate", true));
  }
}

const Gate& gate(const ComparisonVerdict& verdict, std::string_view name) {
  return *std::ranges::find(verdict.gates, name, &Gate::name);
}

std::vector<std::string> real(const ComparisonVerdict& verdict) {
  std::vector<std::string> paths;
  for (const auto& judged : verdict.differences) {
    if (judged.cause == Cause::real)
      paths.push_back(fmt::format("{} {}", judged.key.path, to_string(judged.key.change)));
  }
  std::ranges::sort(paths);
  return paths;
}

class ComparisonGatesTest : public testing::Test {
 protected:
  ComparisonVerdict judged(const Twins& twins, std::uint64_t seed = 1, bool second = true) {
    comparison_ = std::make_unique<replay::Comparison>(rules_);
    compare(*comparison_, twins, seed, second);
    return judge(*comparison_, gates_);
  }
  replay::DifferenceRules rules_;
  ComparisonGates gates_;
  std::unique_ptr<replay::Comparison> comparison_;
};

TEST_F(ComparisonGatesTest, AVersionComparedWithItselfIsNotAccused) {
  constexpr std::uint64_t comparisons = 50;
  std::uint64_t violated = 0;
  std::uint64_t held = 0;
  for (std::uint64_t seed = 100; seed < 100 + comparisons; ++seed) {
    const auto verdict = judged({.requests = 1500}, seed);
    violated += verdict.verdict == Verdict::violated ? 1 : 0;
    held += gate(verdict, "latency").verdict == Verdict::holds ? 1 : 0;
  }
  EXPECT_LE(share_lower(violated, comparisons, 0.99), gates_.false_alarms) << violated;
  EXPECT_GE(held, comparisons / 2);
}

TEST_F(ComparisonGatesTest, FivePercentSlowerIsFound) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto verdict = judged({.slower = 1.05}, seed);
    found += gate(verdict, "latency").verdict == Verdict::violated ? 1 : 0;
    EXPECT_NEAR(*gate(verdict, "latency").estimate, 0.05, 0.03);
    EXPECT_TRUE(real(verdict).empty());
  }
  EXPECT_GE(found, 9);
}

TEST_F(ComparisonGatesTest, OneStatusInTwoHundredIsFound) {
  const auto verdict = judged({.other_status_each = 200});
  EXPECT_EQ(gate(verdict, "differences").verdict, Verdict::violated);
  EXPECT_EQ(real(verdict), std::vector<std::string>{"status:500 changed"});
  gates_ = {.differences = {}, .latency = {}, .errors = 0.001, .tail = {}};
  EXPECT_EQ(judged({.other_status_each = 200, .flake = 0}).verdict, Verdict::violated);
}

TEST_F(ComparisonGatesTest, ARenamedFieldIsFoundAndNothingElse) {
  EXPECT_EQ(real(judged({.renamed = true})), (std::vector<std::string>{"$.name missing", "$.title added"}));
}

TEST_F(ComparisonGatesTest, AShuffledListIsFoundUnlessItsOrderDoesNotMatter) {
  EXPECT_EQ(real(judged({.shuffled = true})), std::vector<std::string>{"$.tags another order"});
  ASSERT_TRUE(rules_.unordered("$.tags"));
  EXPECT_TRUE(real(judged({.shuffled = true})).empty());
}

TEST_F(ComparisonGatesTest, WithoutASecondBaselineNothingIsToldFromNoise) {
  const auto verdict = judged({.renamed = true}, 1, false);
  EXPECT_EQ(gate(verdict, "differences").verdict, Verdict::inconclusive);
  EXPECT_NE(gate(verdict, "differences").missing.find("cannot be told from noise"), std::string::npos);
  for (const auto& difference : verdict.differences) EXPECT_EQ(difference.cause, Cause::untold);
}

TEST_F(ComparisonGatesTest, ThinTrafficIsInconclusiveAndSaysHowMuchWouldDo) {
  const auto thin = judged({.requests = 40, .flake = 0});
  EXPECT_EQ(gate(thin, "latency").verdict, Verdict::inconclusive);
  EXPECT_EQ(gate(thin, "errors").verdict, Verdict::inconclusive);
  ASSERT_TRUE(gate(thin, "errors").requests_needed.has_value());
  EXPECT_NEAR(static_cast<double>(*gate(thin, "errors").requests_needed), 299, 10);
  const auto more = judged({.requests = 200, .slower = 1.04, .flake = 0});
  ASSERT_EQ(gate(more, "latency").verdict, Verdict::inconclusive);
  const auto needed = *gate(more, "latency").requests_needed;
  EXPECT_GT(needed, 200U);
  EXPECT_LT(needed, 100'000U);
}

TEST_F(ComparisonGatesTest, NothingComparedIsInconclusive) {
  const replay::Comparison nothing(rules_);
  for (const Gate& one : judge(nothing, gates_).gates) EXPECT_EQ(one.verdict, Verdict::inconclusive);
  EXPECT_EQ(judge(nothing, gates_).verdict, Verdict::inconclusive);
}

TEST_F(ComparisonGatesTest, AnInstanceThatIsSlowByItselfAccusesNobody) {
  comparison_ = std::make_unique<replay::Comparison>(rules_);
  const Twins twins{.slower = 1.2};
  for (std::uint64_t i = 0; i < twins.requests; ++i) {
    // The second baseline is as slow as the candidate: instances differ.
    const Answer second = answer_of(twins, 1, i, "second", true);
    comparison_->add({i + 1, 0, "GET", "/orders/1"}, answer_of(twins, 1, i, "baseline", false), &second,
                     answer_of(twins, 1, i, "candidate", true));
  }
  const auto verdict = judge(*comparison_, gates_);
  EXPECT_NE(gate(verdict, "latency").verdict, Verdict::violated);
  EXPECT_NEAR(*verdict.instance_ratio, 0.2, 0.05);
}

TEST_F(ComparisonGatesTest, ATailIsJudgedWhereItIsAskedFor) {
  gates_.tail = TailGate{0.95, 0.1};
  const auto verdict = judged({.slower = 1.5});
  EXPECT_EQ(gate(verdict, "latency p95").verdict, Verdict::violated);
  EXPECT_EQ(gate(judged({.requests = 30}), "latency p95").verdict, Verdict::inconclusive);
}

TEST_F(ComparisonGatesTest, RepeatsSettleWhatWasSeenOnce) {
  auto verdict = judged({.requests = 150, .other_status_each = 100, .flake = 0});
  EXPECT_EQ(gate(verdict, "differences").verdict, Verdict::inconclusive);
  const auto keys = unsettled(*comparison_, gates_, 10);
  ASSERT_EQ(keys.size(), 1U);
  const std::uint64_t times = repeats_to_settle(*comparison_, keys.size(), gates_);
  replay::Repeats& repeats = comparison_->differences().at(keys[0]).repeats;
  repeats = {times, times, 0};
  EXPECT_EQ(gate(judge(*comparison_, gates_), "differences").verdict, Verdict::violated);
}

}  // namespace
}  // namespace stormproof::verify
