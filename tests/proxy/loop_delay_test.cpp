#include "harness/proxy/loop_delay.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

namespace stormproof::proxy {
namespace {

using std::chrono::milliseconds;

TEST(DelayWindow, SaysNothingWhileItKnowsLittle) {
  DelayWindow window;
  for (std::size_t i = 1; i < DelayWindow::judged_from; ++i) window.add(milliseconds(9));
  EXPECT_FALSE(window.p99().has_value());
  window.add(milliseconds(9));
  EXPECT_EQ(window.p99(), milliseconds(9));
}

TEST(DelayWindow, P99IsWhatOneInAHundredExceeds) {
  DelayWindow window;
  for (int i = 1; i <= 1000; ++i) window.add(std::chrono::microseconds((i * 7919) % 1000 + 1));  // 1 … 1000, shuffled
  EXPECT_EQ(window.p99(), std::chrono::microseconds(990));
}

TEST(DelayWindow, ForgetsWhatIsOlderThanTheWindow) {
  DelayWindow window;
  for (std::size_t i = 0; i < DelayWindow::size; ++i) window.add(milliseconds(50));
  for (std::size_t i = 0; i < DelayWindow::size - 11; ++i) window.add(milliseconds(1));
  EXPECT_EQ(window.p99(), milliseconds(50)) << "eleven of a thousand are left";
  window.add(milliseconds(1));
  EXPECT_EQ(window.p99(), milliseconds(1));
}

TEST(DelayWindow, ANegativeDelayIsNone) {
  DelayWindow window;
  for (std::size_t i = 0; i < DelayWindow::judged_from; ++i) window.add(milliseconds(-3));
  EXPECT_EQ(window.p99(), milliseconds(0));
}

TEST(LoopDelay, ALoopThatIsStuckIsLateForEveryTickThatItMissed) {
  wire::IoContext io(wire::one_thread);
  LoopDelay delay(io);
  wire::asio::post(io, [] {
    wire::IoContext other(wire::one_thread);
    wire::Timer(other, milliseconds(1050)).wait();  // stuck, in a blocking call
  });
  while (!delay.p99()) io.run_one();
  EXPECT_GE(*delay.p99(), milliseconds(900)) << "a hundred ticks were missed, the first by a second";
}

TEST(LoopDelay, MayGoWhileItsTickIsQueued) {
  wire::IoContext io(wire::one_thread);
  {
    const LoopDelay delay(io);
  }
  EXPECT_GE(io.run(), 1u);
}

}  // namespace
}  // namespace stormproof::proxy
