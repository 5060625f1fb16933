// Clock: the one time of a run.
//
// A Time counts nanoseconds since the Unix epoch, but advances with the monotonic clock: the wall clock is
// read once, at construction, so a clock that is set during a run moves no recorded instant.
// Time is always an argument: only main and tests make clocks.
#pragma once

#include <chrono>

namespace stormproof::base {

using Nanoseconds = std::chrono::nanoseconds;
using Time = std::chrono::sys_time<Nanoseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// Safe to use from any thread.
class SystemClock final : public Clock {
 public:
  SystemClock();
  Time now() const override;

  // The monotonic instant at which now() will return `time`: for timers.
  std::chrono::steady_clock::time_point to_steady(Time time) const;

 private:
  std::chrono::steady_clock::time_point steady_anchor_;
  Time wall_anchor_;
};

// Stands still until it is moved. For tests and simulation; one thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{}) : now_(start) {}
  Time now() const override { return now_; }
  void advance(Nanoseconds by) { now_ += by; }

 private:
  Time now_;
};

}  // namespace stormproof::base
