// LoopDelay: by how much a loop comes late to what is due, the delay that it adds to everything it carries.
//
// A tick is due every 10 ms; how late each one comes is kept for the last 10 s, and p99() says what one in a hundred
// exceeds. A loop that was stuck for 200 ms was late for twenty ticks, not for one: those that were missed count too.
// A tick costs a store; p99() looks at a thousand numbers. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "harness/base/clock.h"
#include "harness/wire/net.h"

namespace stormproof::proxy {

// What is asked about a delay; tests answer as they like.
class DelayMeter {
 public:
  virtual ~DelayMeter() = default;
  // Nothing while too little is known.
  virtual std::optional<base::Nanoseconds> p99() = 0;
};

// The last so many delays, and their 99th percentile (nearest rank).
class DelayWindow {
 public:
  static constexpr std::size_t size = 1000;
  static constexpr std::size_t judged_from = 100;

  void add(base::Nanoseconds delay);  // a negative one counts as 0
  std::optional<base::Nanoseconds> p99();

 private:
  std::vector<std::int64_t> delays_ = std::vector<std::int64_t>(size);
  std::vector<std::int64_t> sorted_ = std::vector<std::int64_t>(size);
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

class LoopDelay final : public DelayMeter {
 public:
  static constexpr std::chrono::milliseconds tick{10};
  static constexpr std::chrono::nanoseconds window = tick * DelayWindow::size;

  explicit LoopDelay(wire::IoContext& io);
  LoopDelay(const LoopDelay&) = delete;
  LoopDelay& operator=(const LoopDelay&) = delete;
  ~LoopDelay() override;

  std::optional<base::Nanoseconds> p99() override { return window_.p99(); }

 private:
  void wait();
  void on_tick();

  wire::Timer timer_;
  std::chrono::steady_clock::time_point due_;
  DelayWindow window_;
  std::shared_ptr<LoopDelay*> self_;  // what a tick that is already queued finds null when this is gone
};

}  // namespace stormproof::proxy
