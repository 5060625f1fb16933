#include "harness/base/stop.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace stormproof::base {
namespace {

class Hook final : public StopHook {
 public:
  Hook(Stop& stop, std::function<void()> then) : StopHook(stop), then_(std::move(then)) {}

 private:
  void on_stop() override { then_(); }
  std::function<void()> then_;
};

TEST(Stop, IsNotRequestedUntilItIs) {
  Stop stop;
  EXPECT_FALSE(stop.requested());
  stop.request();
  EXPECT_TRUE(stop.requested());
}

TEST(Stop, CallsEachHookOnceAndSeesItselfRequested) {
  Stop stop;
  int calls = 0;
  bool seen = true;
  const auto count = [&] {
    ++calls;
    seen = seen && stop.requested();
  };
  Hook a(stop, count);
  Hook b(stop, count);
  Hook c(stop, count);
  stop.request();
  EXPECT_EQ(calls, 3);
  EXPECT_TRUE(seen);
  stop.request();
  EXPECT_EQ(calls, 3) << "a hook is called once, however often a stop is requested";
}

TEST(Stop, ForgetsAHookThatIsGone) {
  Stop stop;
  std::vector<std::string> called;
  Hook first(stop, [&] { called.emplace_back("first"); });
  auto middle = std::make_unique<Hook>(stop, [&] { called.emplace_back("middle"); });
  auto last = std::make_unique<Hook>(stop, [&] { called.emplace_back("last"); });
  middle.reset();
  last.reset();
  stop.request();
  EXPECT_EQ(called, std::vector<std::string>{"first"});
}

TEST(Stop, AHookMayDestroyItself) {
  Stop stop;
  int calls = 0;
  std::unique_ptr<Hook> hook;
  hook = std::make_unique<Hook>(stop, [&] {
    ++calls;
    const auto doomed = std::move(hook);
  });
  Hook other(stop, [&] { ++calls; });
  stop.request();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(hook, nullptr);
}

TEST(Stop, AHookMayDestroyTheNextAndThePrevious) {
  Stop stop;
  std::vector<std::string> called;
  auto oldest = std::make_unique<Hook>(stop, [&] { called.emplace_back("oldest"); });
  std::unique_ptr<Hook> newest;
  Hook middle(stop, [&] {
    called.emplace_back("middle");
    oldest.reset();
    newest.reset();
  });
  newest = std::make_unique<Hook>(stop, [&] { called.emplace_back("newest"); });
  stop.request();
  EXPECT_EQ(called, (std::vector<std::string>{"newest", "middle"}));
}

TEST(Stop, AHookThatComesInsideACallIsCalledToo) {
  Stop stop;
  int late_calls = 0;
  std::unique_ptr<Hook> late;
  Hook first(stop, [&] { late = std::make_unique<Hook>(stop, [&] { ++late_calls; }); });
  stop.request();
  EXPECT_EQ(late_calls, 1);
}

TEST(Stop, ACalledHookMayOutliveTheRequestAndGoInAnyOrder) {
  Stop stop;
  int calls = 0;
  auto a = std::make_unique<Hook>(stop, [&] { ++calls; });
  auto b = std::make_unique<Hook>(stop, [&] { ++calls; });
  stop.request();
  auto after = std::make_unique<Hook>(stop, [&] { ++calls; });
  a.reset();
  after.reset();
  b.reset();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace stormproof::base
