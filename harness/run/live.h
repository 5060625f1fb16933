// Live: counts of a run under way, for progress and for cutting it short. Written by the threads that see the traffic, read
// by the one that directs; each count is exact, together they are a moment's picture.
#pragma once

#include <atomic>
#include <cstdint>

#include "harness/events/event.h"

namespace stormproof::run {

struct LiveCounts {
  std::atomic<std::uint64_t> sent{0};      // requests to the service, ended
  std::atomic<std::uint64_t> answered{0};  // of them: whatever the status
  std::atomic<std::uint64_t> failed{0};    // of them: no answer, or a status of 500 and above
  std::atomic<std::uint64_t> calls{0};     // to dependencies
  std::atomic<std::uint64_t> faults{0};    // fired
};

// No answer, or an answer that says that the server failed.
inline bool is_failure(const events::Exchange& exchange) {
  return exchange.outcome != events::Outcome::answered || exchange.status >= 500;
}

// Counts what passes on its way to another sink.
class CountingSink final : public events::Sink {
 public:
  CountingSink(events::Sink& next, LiveCounts& counts) : next_(next), counts_(counts) {}

  events::NameId name(std::string_view text) override { return next_.name(text); }
  events::NameId route(std::string_view method, std::string_view target) override {
    return next_.route(method, target);
  }
  void exchange(const events::Exchange& exchange) override;
  void fault(const events::FaultFired& fault) override;

 private:
  events::Sink& next_;
  LiveCounts& counts_;
};

}  // namespace stormproof::run
