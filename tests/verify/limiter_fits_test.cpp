#include "harness/verify/limiter_fits.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/verify/hand_log.h"

namespace stormproof::verify {
namespace {

using What = Decision::What;

// Asked at these seconds, each decided within a millisecond.
Rulings rulings(const std::vector<std::pair<double, bool>>& at) {
  Rulings all;
  for (const auto& [when, admitted] : at)
    all.push_back({when, when + 0.001, when + 0.001, admitted ? What::admitted : What::refused});
  return all;
}

const std::vector<std::pair<double, bool>> two_a_second = {{0, true},   {0.5, true},  {0.9, false}, {1.1, true},
                                                           {1.3, true}, {1.9, false}, {2.1, true},  {2.15, true}};

TEST(LimiterFits, AWindowBegunByARequestExplainsItself) {
  const Fit fit = fit_fixed_window(rulings(two_a_second), {1});
  EXPECT_EQ(fit.contradictions, 0U);
  EXPECT_EQ(fit.at_once, 2);
}

TEST(LimiterFits, ALogContradictsWhatAWindowGives) {
  // At 1.3 two of the last second are admitted already: 0.5 and 1.1.
  EXPECT_GT(fit_log(rulings(two_a_second), {1}, false).contradictions, 0U);
  EXPECT_EQ(fit_log(rulings({{0, true}, {0.5, true}, {0.9, false}, {1.1, true}, {1.3, false}, {1.6, true}}), {1}, false)
                .contradictions,
            0U);
}

TEST(LimiterFits, WhoIsPenalisedPaysForRefusals) {
  const Rulings all =
      rulings({{0, true}, {0.1, true}, {0.9, false}, {1.5, true}, {1.6, false}, {2.4, false}, {4, true}});
  EXPECT_EQ(fit_log(all, {1}, true).contradictions, 0U);
  EXPECT_GT(fit_log(all, {1}, false).contradictions, 0U);
}

TEST(LimiterFits, ConcurrencyLooksAtThoseUnderWay) {
  Rulings all = rulings({{0, true}, {0.1, true}, {0.2, false}, {1.05, true}, {1.06, false}});
  for (Ruled& one : all) {
    if (one.what == What::admitted) one.finish = one.begin + 1;
  }
  const Fit fit = fit_concurrency(all);
  EXPECT_EQ(fit.contradictions, 0U);
  EXPECT_EQ(fit.at_once, 2);
}

// Who is refused at once shows when decisions are made; who is admitted may be served for long.
TEST(LimiterFits, ADecisionTakesNoLongerThanARefusal) {
  std::deque<events::Exchange> requests(2);
  const Decisions decisions = {{ms(0), ms(500), What::admitted, &requests[0]},
                               {ms(1), ms(3), What::refused, &requests[1]}};
  const Rulings seen = rulings_of(decisions);
  EXPECT_NEAR(seen[0].end, 0.004, 1e-9);
  EXPECT_NEAR(seen[0].finish, 0.5, 1e-9);
  EXPECT_NEAR(seen[1].end, 0.003, 1e-9);
}

}  // namespace
}  // namespace stormproof::verify
