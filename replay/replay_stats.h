// ReplayStats: what a replay reports, gathered as it runs. Constant memory however long it runs.
//
// Latency counts from the intended send time (corrected) and from the actual one (uncorrected); the schedule error is
// the actual minus the intended send time. Requests without an answer have no latency here: they are counted by cause.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "harness/base/histogram.h"
#include "harness/events/event.h"
#include "replay/live_values.h"

namespace stormproof::replay {

struct ReplayTarget {
  std::string capture;
  std::string target;
  std::string pacing;                // "20x", "500/s"
  std::uint64_t writes_refused = 0;  // requests not sent for want of --allow-writes
  std::uint64_t not_replayable = 0;  // not whole in the capture, or asking for an upgrade
  bool interrupted = false;
  const LinkCounts* links = nullptr;  // null: recorded values were sent as they are
};

class ReplayStats final : public events::Sink {
 public:
  // Above this p99 of the schedule error the sender lagged, and the replay proves nothing.
  static constexpr base::Nanoseconds lag_max = std::chrono::milliseconds(5);

  events::NameId name(std::string_view) override { return 0; }
  events::NameId route(std::string_view, std::string_view) override { return 0; }
  void exchange(const events::Exchange& exchange) override;
  void fault(const events::FaultFired&) override {}

  std::uint64_t requests() const { return requests_; }  // with those that were shed
  std::uint64_t sent() const { return schedule_error_.count(); }
  std::uint64_t answered() const { return latency_.count(); }
  bool lagged() const { return schedule_error_.quantile(0.99) > lag_max; }
  bool all_answered() const { return answered() == requests_; }

  std::string to_json(const ReplayTarget& about) const;  // "schema": "stormproof.replay/1"
  std::string to_text(const ReplayTarget& about) const;

 private:
  std::uint64_t requests_ = 0;
  std::map<int, std::uint64_t> statuses_;
  std::map<events::Outcome, std::uint64_t> failures_;
  base::Histogram latency_;
  base::Histogram uncorrected_;
  base::Histogram schedule_error_;
  base::Time first_start_{};
  base::Time last_start_{};
};

}  // namespace stormproof::replay
