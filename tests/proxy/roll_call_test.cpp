#include "harness/proxy/roll_call.h"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>

#include "tests/proxy/worker_thread.h"

namespace stormproof::proxy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

// Keeps the pings of a worker that hangs until the test lets them go, on the test's thread.
class Hanging {
 public:
  RollCall::Worker worker() {
    return [this](std::function<void()> ping) {
      pings.push_back(std::move(ping));
      ++count;
    };
  }
  std::vector<std::function<void()>> pings;
  std::atomic<std::size_t> count = 0;
};

std::vector<std::size_t> call(WorkerThread& home, RollCall& roll_call, base::Nanoseconds within) {
  std::vector<std::size_t> silent;
  home.run([](RollCall& r, base::Nanoseconds limit, std::vector<std::size_t>& result) -> base::Task<> {
    result = co_await r.call(limit);
  }(roll_call, within, silent));
  return silent;
}

// With a wait of an hour an answer that is lost would hang these tests until their time limit.
TEST(RollCall, AllAnswer) {
  WorkerThread home;
  WorkerThread one;
  WorkerThread other;
  RollCall roll_call(home.io, {one.pinged(), other.pinged()});
  for (int i = 0; i < 200; ++i) ASSERT_THAT(call(home, roll_call, hours(1)), IsEmpty());
}

TEST(RollCall, WithoutWorkersThereIsNothingToWaitFor) {
  WorkerThread home;
  RollCall roll_call(home.io, {});
  EXPECT_THAT(call(home, roll_call, hours(1)), IsEmpty());
}

TEST(RollCall, OneThatHangsIsNamedAndAskedOnlyOnce) {
  WorkerThread home;
  WorkerThread well;
  Hanging hanging;
  RollCall roll_call(home.io, {well.pinged(), hanging.worker()});
  EXPECT_THAT(call(home, roll_call, milliseconds(20)), ElementsAre(1));
  EXPECT_THAT(call(home, roll_call, milliseconds(20)), ElementsAre(1));
  EXPECT_EQ(hanging.count, 1u);
  home.call([&] { hanging.pings.at(0)(); });
  home.call([] {});  // the answer was posted before this
  hanging.pings.clear();
  EXPECT_THAT(call(home, roll_call, milliseconds(20)), ElementsAre(1)) << "its old answer is no answer to a new call";
  EXPECT_EQ(hanging.count, 2u);
}

TEST(RollCall, OneAnswerServesAllThatWait) {
  WorkerThread home;
  Hanging hanging;
  RollCall roll_call(home.io, {hanging.worker()});
  std::vector<std::size_t> first{9};
  std::vector<std::size_t> second{9};
  const auto into = [](RollCall& r, std::vector<std::size_t>& result, std::promise<void>& done) -> base::Task<> {
    result = co_await r.call(hours(1));
    done.set_value();
  };
  std::promise<void> first_done;
  std::promise<void> second_done;
  base::TaskGroup group;
  home.call([&] {
    group.spawn(into(roll_call, first, first_done));
    group.spawn(into(roll_call, second, second_done));
    hanging.pings.at(0)();
  });
  first_done.get_future().get();
  second_done.get_future().get();
  home.call([] {});
  EXPECT_THAT(first, IsEmpty());
  EXPECT_THAT(second, IsEmpty());
  EXPECT_EQ(hanging.count, 1u);
}

TEST(RollCall, AnAnswerMayComeAfterItsEnd) {
  WorkerThread home;
  Hanging hanging;
  std::optional<RollCall> roll_call;
  roll_call.emplace(home.io, std::vector{hanging.worker()});
  EXPECT_THAT(call(home, *roll_call, milliseconds(1)), ElementsAre(0));
  home.call([&] { roll_call.reset(); });
  hanging.pings.at(0)();
  EXPECT_TRUE(home.call([] { return true; }));
}

}  // namespace
}  // namespace stormproof::proxy
