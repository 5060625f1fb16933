#include "harness/wire/deadlines.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Alarm final : Deadlines::Entry {
  using Entry::Entry;
  int rung = 0;
  Clock::time_point at{};
  std::function<void()> then;

 private:
  void on_deadline() override {
    ++rung;
    at = Clock::now();
    if (then) then();
  }
};

TEST(Deadlines, RingNeverEarlyAndNotMuchLate) {
  IoRun run;
  Deadlines deadlines(run.io);
  Alarm alarm(deadlines);
  for (const milliseconds limit : {milliseconds(1), milliseconds(70), milliseconds(120)}) {
    const auto begin = Clock::now();
    alarm.rung = 0;
    alarm.set(limit);
    ASSERT_TRUE(run.run_until([&] { return alarm.rung > 0; }));
    EXPECT_GE(alarm.at - begin, limit);
    EXPECT_LT(alarm.at - begin, limit + std::chrono::seconds(2)) << "on a machine with much else to do";
    EXPECT_EQ(alarm.rung, 1);
  }
}

TEST(Deadlines, NeverEarlyAfterTheThreadWasHeldUp) {
  IoRun run;
  Deadlines deadlines(run.io);
  Alarm alarm(deadlines);
  alarm.set(milliseconds(1));
  ASSERT_TRUE(run.run_until([&] { return alarm.rung == 1; }));
  const auto held_up = Clock::now() + milliseconds(200);
  while (Clock::now() < held_up) {
  }
  const auto begin = Clock::now();
  alarm.set(milliseconds(80));
  ASSERT_TRUE(run.run_until([&] { return alarm.rung == 2; }));
  EXPECT_GE(alarm.at - begin, milliseconds(80));
}

TEST(Deadlines, AnEndStandsWhateverIsSet) {
  IoRun run;
  Deadlines deadlines(run.io);
  Alarm pushed(deadlines), unset(deadlines), early(deadlines), lifted(deadlines), last(deadlines);
  const auto begin = Clock::now();
  for (Alarm* alarm : {&pushed, &unset, &early, &lifted}) alarm->set_end(milliseconds(60));
  pushed.set(std::chrono::hours(1));
  unset.set(milliseconds(0));
  early.set(milliseconds(1));
  lifted.set_end(milliseconds(0));
  last.set(milliseconds(200));
  ASSERT_TRUE(run.run_until([&] { return last.rung == 1; }));
  EXPECT_EQ(pushed.rung, 1);
  EXPECT_GE(pushed.at - begin, milliseconds(60));
  EXPECT_TRUE(pushed.at_end());
  EXPECT_EQ(unset.rung, 1);
  EXPECT_EQ(early.rung, 1);
  EXPECT_FALSE(early.at_end());
  EXPECT_EQ(lifted.rung, 0);
}

TEST(Deadlines, ClearedReplacedAndNoneDoNotRing) {
  IoRun run;
  Deadlines deadlines(run.io);
  Alarm cleared(deadlines);
  Alarm moved(deadlines);
  Alarm none(deadlines);
  Alarm longest(deadlines);
  Alarm last(deadlines);
  cleared.set(milliseconds(1));
  cleared.clear();
  moved.set(milliseconds(1));
  moved.set(std::chrono::hours(1));
  none.set(milliseconds(0));
  longest.set(std::chrono::nanoseconds::max());
  last.set(milliseconds(60));
  ASSERT_TRUE(run.run_until([&] { return last.rung == 1; }));
  EXPECT_EQ(cleared.rung + moved.rung + none.rung + longest.rung, 0);
}

TEST(Deadlines, EntriesMayGoAndComeAndBeSetWhileOthersRing) {
  IoRun run;
  Deadlines deadlines(run.io);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 5; ++i) alarms.push_back(std::make_unique<Alarm>(deadlines));
  std::unique_ptr<Alarm> born;
  // The newest entry rings first: it sets itself again, and makes another.
  Alarm* const newest = alarms.back().get();
  newest->then = [&] {
    if (newest->rung == 1) newest->set(milliseconds(1));
    if (born == nullptr) {
      born = std::make_unique<Alarm>(deadlines);
      born->set(milliseconds(1));
    }
  };
  for (const auto& alarm : alarms) alarm->set(milliseconds(1));
  alarms[2].reset();
  ASSERT_TRUE(run.run_until([&] { return newest->rung == 2 && born != nullptr && born->rung == 1; }));
  for (const std::size_t i : {0u, 1u, 3u}) EXPECT_EQ(alarms[i]->rung, 1);
}

TEST(Deadlines, ATickThatOutlivesThemTouchesNothing) {
  IoRun run;
  {
    auto deadlines = std::make_unique<Deadlines>(run.io);
    const Alarm alarm(*deadlines);
  }
  EXPECT_TRUE(run.run_until([&] {
    run.io.restart();
    return run.io.poll() == 0;
  }));
}

TEST(Deadlines, TheTimerRestsWhileThereIsNoEntry) {
  IoRun run;
  Deadlines deadlines(run.io);
  {
    const Alarm alarm(deadlines);
  }
  run.io.restart();
  run.io.run_for(std::chrono::seconds(5));  // comes back as soon as nothing is left to wait for
  EXPECT_TRUE(run.io.stopped());
  Alarm again(deadlines);
  again.set(milliseconds(1));
  EXPECT_TRUE(run.run_until([&] { return again.rung == 1; }));
}

}  // namespace
}  // namespace stormproof::wire
