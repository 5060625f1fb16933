// ReplayStats: what a replay reports, gathered as it runs. Constant memory however long it runs.
//
// Latency counts from the intended send time (corrected) and from the actual one (uncorrected); the schedule error is
// the actual minus the intended send time. Requests without an answer have no latency here: they are counted by cause.
//
// Fidelity: a replay whose generator lagged, or could not send what it should, is INCONCLUSIVE: it proves nothing of the target.
#pragma once

#include <array>
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/histogram.h"
#include "harness/events/event.h"
#include "replay/hdr_log.h"
#include "replay/live_values.h"

namespace stormproof::replay {

struct ReplayTarget {
  std::string capture;
  std::string target;
  std::string pacing;                // "20x", "500/s"
  std::uint64_t writes_refused = 0;  // requests not sent for want of --allow-writes
  std::uint64_t not_replayable = 0;  // not whole in the capture, or asking for an upgrade
  bool interrupted = false;
  std::string connections = {};          // "as recorded: 12", "at most 64"
  std::vector<std::string> lacked = {};  // what the machine lacked, for one who lagged
  std::vector<std::string> notes = {};   // sentences that belong to the result
  std::uint64_t connections_made = 0;
  std::uint64_t connections_cut = 0;  // that were as recorded, and had to be made again
  const LinkCounts* links = nullptr;  // null: recorded values were sent as they are
};

class ReplayStats final : public events::Sink {
 public:
  // Above this p99 of the schedule error the sender lagged, and the replay proves nothing.
  static constexpr base::Nanoseconds lag_max_default = std::chrono::milliseconds(5);
  // A request that went out this much after its instant was late.
  static constexpr base::Nanoseconds late_after = std::chrono::milliseconds(1);

  // What was intended before `from` warms the target up: counted, not measured.
  explicit ReplayStats(base::Nanoseconds lag_max = lag_max_default, base::Time from = {}, HdrLog* log = nullptr)
      : lag_max_(lag_max), from_(from), log_(log) {}

  events::NameId name(std::string_view) override { return 0; }
  events::NameId route(std::string_view, std::string_view) override { return 0; }
  void exchange(const events::Exchange& exchange) override;
  void fault(const events::FaultFired&) override {}

  // All that follows is of what was measured.
  std::uint64_t warm_up() const { return warm_up_; }
  std::uint64_t requests() const { return requests_; }  // with those that were shed
  std::uint64_t sent() const { return schedule_error_.count(); }
  std::uint64_t answered() const { return latency_.count(); }
  bool lagged() const { return schedule_error_.quantile(0.99) > lag_max_; }
  // Why nothing can be said of the target; empty: it was the replay that was asked for. One sentence an entry.
  std::vector<std::string> doubts(const ReplayTarget& about) const;
  double late_share() const;
  double intended_per_second() const;
  double sent_per_second() const;
  const base::Histogram& latency() const { return latency_; }
  base::Nanoseconds lag_max() const { return lag_max_; }
  bool all_answered() const { return answered() == requests_; }

  std::string to_json(const ReplayTarget& about) const;  // "schema": "stormproof.replay/1"
  std::string to_text(const ReplayTarget& about) const;

 private:
  boost::json::object fidelity_json(const ReplayTarget& about) const;

  base::Nanoseconds lag_max_;
  base::Time from_;
  HdrLog* log_;
  std::uint64_t warm_up_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t late_ = 0;
  std::map<int, std::uint64_t> statuses_;
  std::map<events::Outcome, std::uint64_t> failures_;
  base::Histogram latency_;
  base::Histogram uncorrected_;
  base::Histogram schedule_error_;
  base::Time first_start_{};
  base::Time last_start_{};
  base::Time first_intended_{};
  base::Time last_intended_{};
};

}  // namespace stormproof::replay
