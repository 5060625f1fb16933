#include "replay/schedule.h"

#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

class ScheduleTest : public SenderTest {
 protected:
  // Hands out the shots; how many had come when `on_shot` said no more.
  std::size_t keep(Shots& shots, bool precise, const std::function<bool(Schedule&)>& on_shot) {
    Schedule schedule(io_, clock_, precise);
    begin_ = clock_.now();
    tasks_.spawn(drive(schedule, shots, on_shot));
    io_.restart();
    io_.run();
    return late_.size();
  }
  base::Task<> drive(Schedule& schedule, Shots& shots, const std::function<bool(Schedule&)>& on_shot) {
    co_await schedule.keep(shots, begin_, [&](const Shot& shot, base::Time intended) {
      EXPECT_EQ(intended, begin_ + shot.offset);
      late_.push_back(clock_.now() - intended);
      if (!on_shot(schedule)) schedule.finish();
    });
    io_.stop();
  }
  std::vector<Nanoseconds> late_;
};

TEST_F(ScheduleTest, NothingComesBeforeItsInstantAndNothingIsLeftOut) {
  for (const bool precise : {false, true}) {
    Shots shots;
    for (int i = 0; i < 100; ++i) shots.add("GET", "/", Nanoseconds(i * 100'000LL));
    late_.clear();
    EXPECT_EQ(keep(shots, precise, [](Schedule&) { return true; }), 100u);
    for (const Nanoseconds late : late_) EXPECT_GE(late.count(), 0);
  }
}

TEST_F(ScheduleTest, FinishEndsItThoughMoreWouldCome) {
  Shots shots;
  for (int i = 0; i < 10; ++i) shots.add("GET", "/", std::chrono::hours(i / 5));
  EXPECT_EQ(keep(shots, false, [this](Schedule&) { return late_.size() < 3; }), 3u);
}

}  // namespace
}  // namespace stormproof::replay
