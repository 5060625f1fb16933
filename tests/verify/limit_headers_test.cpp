#include "harness/verify/limit_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

using events::Advice;
using events::Dialect;
using testing::HasSubstr;
using What = Decision::What;

// A window of three a second, asked each 100 ms: what it says is so, but for what `change` makes of it.
struct Told {
  std::deque<events::Exchange> requests;
  std::vector<Decisions> callers = {{}};

  explicit Told(const std::function<void(int, Advice&)>& change = [](int, Advice&) {}) {
    for (int i = 0; i < 600; ++i) {
      const int place = i % 10;
      events::Exchange& request = requests.emplace_back();
      request.request = static_cast<std::uint64_t>(i);
      request.advice = {.limit = 3,
                        .remaining = static_cast<std::uint32_t>(std::max(0, 2 - place)),
                        .reset = 1,
                        .window = 1,
                        .dialects = static_cast<std::uint8_t>(Dialect::structured)};
      change(i, request.advice);
      callers.front().push_back(
          {ms(100 * i), ms(100 * i + 1), place < 3 ? What::admitted : What::refused, &requests.back()});
    }
  }
  Check check(double rate = 3) {
    Finding finding;
    return check_headers(callers, rate, finding);
  }
};

TEST(LimitHeaders, WhatIsSoHolds) {
  const Check check = Told().check();
  EXPECT_EQ(check.verdict, Verdict::holds) << check.measured << check.missing;
  EXPECT_THAT(check.measured, HasSubstr("0 of 600 answers were wrong (RateLimit with r and t)"));
}

TEST(LimitHeaders, SilenceIsNoVerdict) {
  const Check check = Told([](int, Advice& said) { said = {}; }).check();
  EXPECT_EQ(check.verdict, Verdict::inconclusive);
  EXPECT_THAT(check.missing, HasSubstr("nothing to check"));
}

TEST(LimitHeaders, EachLieIsSeen) {
  const auto verdict = [](const std::function<void(int, Advice&)>& change) { return Told(change).check(); };
  const Check refusals = verdict([](int i, Advice& said) { said.remaining = i % 10 >= 3 ? 1 : said.remaining; });
  EXPECT_EQ(refusals.verdict, Verdict::violated);
  EXPECT_THAT(refusals.measured, HasSubstr("a refusal said that 1 remain"));
  const Check more = verdict([](int i, Advice& said) { said.remaining += i % 10 < 3 ? 2 : 0; });
  EXPECT_EQ(more.verdict, Verdict::violated);
  EXPECT_THAT(more.measured, HasSubstr("were admitted before the next refusal"));
  const Check sooner = verdict([](int, Advice& said) { said.reset = 0; });
  EXPECT_EQ(sooner.verdict, Verdict::violated);
  EXPECT_THAT(sooner.measured, HasSubstr("none was admitted for"));
  const Check both =
      verdict([](int, Advice& said) { said.dialects = 9 | static_cast<std::uint8_t>(Dialect::contradiction); });
  EXPECT_EQ(both.verdict, Verdict::violated);
  EXPECT_THAT(both.measured, HasSubstr("contradict each other"));
}

TEST(LimitHeaders, APolicyIsTheRateOrALie) {
  const Check check = Told().check(5);
  EXPECT_EQ(check.verdict, Verdict::violated);
  EXPECT_THAT(check.measured, HasSubstr("the policy says 3 in 1 s, which is not 5/s"));
}

// Less than there is, and later than it comes, is what a bucket says that counts until it is full.
TEST(LimitHeaders, CautionIsNoLie) {
  EXPECT_EQ(Told([](int, Advice& said) { said.remaining = 0, said.reset = 9; }).check().verdict, Verdict::holds);
}

}  // namespace
}  // namespace stormproof::verify
