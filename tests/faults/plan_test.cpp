#include "faults/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "harness/base/seed.h"

namespace stormproof::faults {
namespace {

Rule rule(std::string id, double share) {
  Rule made;
  made.id = std::move(id);
  made.share = share;
  made.abort = Abort{};
  return made;
}

std::vector<bool> decisions(const Plan& plan, std::size_t of_rule, std::uint64_t count) {
  std::vector<bool> fired;
  for (std::uint64_t identity = 0; identity < count; ++identity) {
    fired.push_back(plan.fires(plan.rules()[of_rule], "GET", "/", base::draw(11, "identity", identity)));
  }
  return fired;
}

TEST(Plan, ARuleWithoutFiltersHitsEverything) {
  const Plan plan(1, {rule("all", 1)});
  EXPECT_TRUE(plan.fires(plan.rules()[0], "GET", "/", 1));
  EXPECT_TRUE(plan.fires(plan.rules()[0], "BREW", "*", 2));
  EXPECT_TRUE(plan.fires(plan.rules()[0], "", "", 3));
}

TEST(Plan, MethodsAreExact) {
  Rule made = rule("posts", 1);
  made.methods = {"POST", "PUT"};
  const Plan plan(1, {made});
  EXPECT_TRUE(plan.fires(plan.rules()[0], "POST", "/", 1));
  EXPECT_TRUE(plan.fires(plan.rules()[0], "PUT", "/", 1));
  EXPECT_FALSE(plan.fires(plan.rules()[0], "GET", "/", 1));
  EXPECT_FALSE(plan.fires(plan.rules()[0], "post", "/", 1)) << "methods are case-sensitive (RFC 9110, section 9.1)";
  EXPECT_FALSE(plan.fires(plan.rules()[0], "POSTS", "/", 1));
}

TEST(Plan, PathsAreGlobsOverThePathWithoutQuery) {
  Rule made = rule("paths", 1);
  made.paths = {"/checkout/*", "/pay"};
  const Plan plan(1, {made});
  const auto hit = [&](std::string_view target) { return plan.fires(plan.rules()[0], "GET", target, 1); };
  EXPECT_TRUE(hit("/checkout/1"));
  EXPECT_TRUE(hit("/checkout/a/b?x=/other"));
  EXPECT_TRUE(hit("/pay"));
  EXPECT_TRUE(hit("/pay?card=1"));
  EXPECT_FALSE(hit("/checkout"));
  EXPECT_FALSE(hit("/pay/1"));
  EXPECT_FALSE(hit("/other?/checkout/1"));
  EXPECT_FALSE(hit(""));
}

TEST(Plan, AnAbsoluteTargetIsMatchedByItsPath) {
  Rule made = rule("paths", 1);
  made.paths = {"/pay"};
  const Plan plan(1, {made});
  EXPECT_TRUE(plan.fires(plan.rules()[0], "GET", "http://payments:80/pay?x=1", 1));
  EXPECT_FALSE(plan.fires(plan.rules()[0], "GET", "http://payments:80/other", 1));
  EXPECT_FALSE(plan.fires(plan.rules()[0], "GET", "http://payments/other?/pay", 1));
  EXPECT_TRUE(plan.fires(plan.rules()[0], "GET", "/pay?next=http://payments/other", 1));
  made.paths = {"/"};
  const Plan root(1, {made});
  EXPECT_TRUE(root.fires(root.rules()[0], "GET", "http://payments", 1));
  EXPECT_TRUE(root.fires(root.rules()[0], "GET", "http://payments?q=/x", 1));
}

TEST(Plan, AShareOfNoneNeverFiresAndOfAllAlways) {
  const Plan plan(42, {rule("never", 0), rule("always", 1)});
  EXPECT_EQ(std::ranges::count(decisions(plan, 0, 10'000), true), 0);
  EXPECT_EQ(std::ranges::count(decisions(plan, 1, 10'000), true), 10'000);
}

// Fixed seeds, so this fails never or always; five standard deviations of the binomial distribution.
TEST(Plan, TheShareIsMet) {
  constexpr std::uint64_t count = 20'000;
  for (const double share : {0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999}) {
    for (const std::uint64_t seed : {0ULL, 1ULL, 987654321ULL}) {
      const Plan plan(seed, {rule("r", share)});
      const auto fired = static_cast<double>(std::ranges::count(decisions(plan, 0, count), true));
      const double expected = share * static_cast<double>(count);
      EXPECT_NEAR(fired, expected, 5 * std::sqrt(expected * (1 - share))) << share << " of seed " << seed;
    }
  }
}

TEST(Plan, RulesDecideIndependentlyOfEachOther) {
  const Plan plan(5, {rule("a", 0.3), rule("b", 0.3)});
  const auto a = decisions(plan, 0, 20'000);
  const auto b = decisions(plan, 1, 20'000);
  int both = 0;
  for (std::size_t i = 0; i < a.size(); ++i) both += a[i] && b[i] ? 1 : 0;
  EXPECT_NEAR(both, 1'800, 200) << "0.3 · 0.3 of 20000";
}

TEST(Plan, EditingOneRuleLeavesTheOthersAlone) {
  const Plan before(9, {rule("a", 0.2), rule("b", 0.4), rule("c", 0.6)});
  Rule edited = rule("b", 0.9);
  edited.latency = Latency{.base = std::chrono::milliseconds(3)};
  const Plan after(9, {rule("new", 0.5), rule("c", 0.6), edited, rule("a", 0.2)});
  EXPECT_EQ(decisions(before, 0, 5'000), decisions(after, 3, 5'000)) << "a";
  EXPECT_EQ(decisions(before, 2, 5'000), decisions(after, 1, 5'000)) << "c";
}

TEST(Plan, ALargerShareHitsTheSameRequestsAndMore) {
  const Plan plan(9, {rule("r", 0.2)});
  const Plan more(9, {rule("r", 0.5)});
  const auto few = decisions(plan, 0, 5'000);
  const auto many = decisions(more, 0, 5'000);
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_TRUE(!few[i] || many[i]) << i;
  EXPECT_GT(std::ranges::count(many, true), std::ranges::count(few, true));
}

TEST(Plan, TheSeedDecides) {
  EXPECT_EQ(decisions(Plan(1, {rule("r", 0.5)}), 0, 1'000), decisions(Plan(1, {rule("r", 0.5)}), 0, 1'000));
  EXPECT_NE(decisions(Plan(1, {rule("r", 0.5)}), 0, 1'000), decisions(Plan(2, {rule("r", 0.5)}), 0, 1'000));
  EXPECT_NE(decisions(Plan(1, {rule("r", 0.5)}), 0, 1'000), decisions(Plan(1, {rule("s", 0.5)}), 0, 1'000));
}

}  // namespace
}  // namespace stormproof::faults
