#include "harness/verify/load.h"

#include <gtest/gtest.h>

#include "tests/verify/run_log.h"

namespace stormproof::verify {
namespace {

TEST(Load, LevelsAreCutWhereTheScheduleChanges) {
  RunLog run(1);
  run.steady_ms = run.hurt_ms = 4000;
  run.after_ms = 2000;
  run.mark();
  for (double at = 0; at < run.end(); at += at < 2000 ? 10 : 5) run.answer(run.request(at), at + 1, 200);
  scenarios::Scenario scenario = run.scenario({"payments"}, scenarios::ErrorsExpectation{});
  scenario.traffic.poisson_per_second.reset();
  scenario.traffic.steps = {{100, of_ms(2000)}, {200, {}}};
  const View view(run.log, scenario);
  const std::vector<Level> levels = levels_of(view);
  ASSERT_EQ(levels.size(), 4u);
  EXPECT_DOUBLE_EQ(levels[0].offered, 100);
  EXPECT_DOUBLE_EQ(levels[1].offered, 200);
  EXPECT_EQ(levels[0].to, ms(2000));
  EXPECT_FALSE(levels[1].faulted);
  EXPECT_TRUE(levels[2].faulted);
  EXPECT_FALSE(levels[3].faulted);
}

TEST(Load, ARampIsCutEvenly) {
  RunLog run(1);
  run.mark(false);
  for (double at = 0; at < run.end(); at += 10) run.answer(run.request(at), at + 1, 200);
  scenarios::Scenario scenario = run.scenario({}, scenarios::ErrorsExpectation{});
  scenario.traffic.poisson_per_second.reset();
  scenario.traffic.ramp = {.from_per_second = 10, .to_per_second = 100, .over = of_ms(20000)};
  const View view(run.log, scenario);
  EXPECT_EQ(levels_of(view).size(), 3u + 5u + 3u);
}

TEST(Load, GoodIsInTimeAndNoRefusal) {
  RunLog run(1);
  run.lag_ms = 0;
  run.mark(false);
  for (double at = 0; at < 1000; at += 10) {
    const int kind = static_cast<int>(at / 10) % 4;
    run.answer(run.request(at), at + (kind == 1 ? 700 : 2), kind == 2 ? 429 : kind == 3 ? 500 : 200);
  }
  const scenarios::Scenario scenario = run.scenario({}, scenarios::ErrorsExpectation{});
  const View view(run.log, scenario);
  const Usefulness use{of_ms(500), {429}};
  const Goodput goodput = goodput_of(view, view.ingress(), ms(0), ms(1000), use);
  EXPECT_EQ(goodput.offered, 100u);
  EXPECT_EQ(goodput.good, 25u);
  EXPECT_LT(goodput.low, 0.25);
  EXPECT_GT(goodput.high, 0.25);
  EXPECT_TRUE(refused(*view.ingress()[2], use));
  EXPECT_TRUE(surely_good(view, *view.ingress()[0], use));
  EXPECT_FALSE(perhaps_good(view, *view.ingress()[1], use));
  EXPECT_EQ(goodput_of(view, {}, ms(0), ms(1), use).high, 1);
}

}  // namespace
}  // namespace stormproof::verify
