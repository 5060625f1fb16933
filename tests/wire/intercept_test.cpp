// The seam itself holds no behaviour; what the relay does with it is tested in tests/proxy/taps_test.cpp. Here: that
// its parts fit.
#include "harness/wire/intercept.h"

#include <gtest/gtest.h>

#include "harness/base/both.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

// Holds for an hour, unless it is interrupted, and answers only when it was not.
class Hold final : public Interception {
 public:
  events::NameId rule() const override { return 3; }
  base::Task<Decision> before_upstream(Pause& pause) override {
    Decision decision;
    decision.answer = co_await pause.lasting(std::chrono::hours(1));
    co_return decision;
  }
};

TEST(Intercept, ADecisionLeavesTheExchangeAloneUnlessItSaysOtherwise) {
  const Interception::Decision decision;
  EXPECT_FALSE(decision.answer);
  EXPECT_EQ(decision.response, "");
  EXPECT_EQ(decision.status, 0);
}

TEST(Intercept, AnInterceptionThatWaitsEndsWithItsPause) {
  IoRun run;
  Pause pause(run.io);
  Hold hold;
  Interception::Decision decision{.answer = true, .response = "", .status = 0};
  run.run([](Pause& p, Hold& h, Interception::Decision& result) -> base::Task<> {
    co_await base::both(
        [](Pause& waiting, Hold& holding, Interception::Decision& r) -> base::Task<> {
          r = co_await holding.before_upstream(waiting);
        }(p, h, result),
        [](Pause& interrupting) -> base::Task<> {
          interrupting.interrupt();
          co_return;
        }(p));
  }(pause, hold, decision));
  EXPECT_FALSE(decision.answer);
}

}  // namespace
}  // namespace stormproof::wire
