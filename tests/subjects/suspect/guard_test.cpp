#include "tests/subjects/suspect/guard.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <string>
#include <vector>

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class GuardTest : public testing::Test {
 protected:
  bool call(Guard& guard, bool success) {
    const auto permit = guard.ask(now);
    if (permit) guard.report(*permit, success, now);
    return permit.has_value();
  }
  // Fails five times, then is asked `times`: how many were let through.
  int let_through(Guard& guard, int times) {
    for (int i = 0; i < 5; ++i) call(guard, false);
    int through = 0;
    for (int i = 0; i < times; ++i) through += call(guard, false) ? 1 : 0;
    return through;
  }
  Guard::Instant now{seconds(100)};
};

TEST_F(GuardTest, ACorrectOneKeepsAllBackAndProbesAfterItsSleep) {
  Guard guard({});
  EXPECT_EQ(let_through(guard, 1000), 0);
  now += milliseconds(999);
  EXPECT_FALSE(guard.ask(now).has_value());
  now += milliseconds(1);
  EXPECT_TRUE(call(guard, true));
  EXPECT_TRUE(call(guard, true)) << "closed";
}

TEST_F(GuardTest, AStragglerChangesNothingInACorrectOne) {
  for (const Defect defect : {Defect::none, Defect::closes_on_straggler}) {
    Guard guard({.defect = defect});
    const auto early = guard.ask(now);
    EXPECT_EQ(let_through(guard, 10), 0);
    guard.report(*early, true, now);
    EXPECT_EQ(guard.ask(now).has_value(), defect != Defect::none);
  }
}

TEST_F(GuardTest, EachDefectShows) {
  Guard never({.defect = Defect::never_opens});
  EXPECT_EQ(let_through(never, 100), 100);
  Guard bypass({.defect = Defect::retry_bypass});
  EXPECT_EQ(let_through(bypass, 100), 100);
  std::vector<std::string> changes;
  Guard leaks({.defect = Defect::leaks}, [&](std::string_view what) { changes.emplace_back(what); });
  const int leaked = let_through(leaks, 10'000);
  EXPECT_GT(leaked, 50);
  EXPECT_LT(leaked, 200);
  EXPECT_EQ(std::ranges::count(changes, "leak"), leaked);
}

TEST_F(GuardTest, OneThatNeverHalfOpensStaysShut) {
  Guard guard({.defect = Defect::never_half_opens});
  EXPECT_EQ(let_through(guard, 10), 0);
  now += seconds(100);
  EXPECT_FALSE(guard.ask(now).has_value());
}

TEST_F(GuardTest, OneStuckHalfOpenProbesForEver) {
  Guard guard({.defect = Defect::stuck_half_open});
  EXPECT_EQ(let_through(guard, 10), 0);
  for (int i = 0; i < 5; ++i) {
    now += seconds(1);
    EXPECT_TRUE(call(guard, true));
    EXPECT_FALSE(call(guard, true));
  }
}

}  // namespace
}  // namespace stormproof::subjects
