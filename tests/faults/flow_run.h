// FlowRun: a flow under simulated time: what goes in when, and what comes out when.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "faults/flow.h"
#include "faults/stream_fault.h"

namespace stormproof::faults {

class FlowRun {
 public:
  struct Out {
    std::chrono::nanoseconds at{};  // since the start
    std::string bytes;
    auto operator<=>(const Out&) const = default;
  };

  Flow flow;

  // With this fault on it, as a connection of this number meets it.
  void set(const std::string& name, const StreamFaultKind& kind, std::uint64_t connection = 1, std::uint64_t seed = 1);
  void put(std::string bytes) { flow.put(std::move(bytes), now()); }
  void end() { flow.end({End::Kind::in_order, now()}); }

  // Lets time pass up to `at` since the start, as a loop would: the flow is run when it asks for it, and its output taken.
  void until(std::chrono::nanoseconds at);
  void forward(std::chrono::nanoseconds by) { until(at_ + by); }

  Instant now() const { return start_ + at_; }
  std::string bytes() const;
  const std::vector<Out>& out() const { return out_; }
  // The end that has come out, and when.
  std::optional<End::Kind> ended;
  std::chrono::nanoseconds ended_at{};

 private:
  void take();

  Instant start_{std::chrono::hours(1)};
  std::chrono::nanoseconds at_{0};
  std::vector<Out> out_;
};

}  // namespace stormproof::faults
