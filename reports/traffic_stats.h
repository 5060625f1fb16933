// Traffic stats: what was sent, what came back and how true to its schedule it was sent.
//
// One view for all renderers. A request fails as a user sees it: no answer, or a status of 500 and above. Latency
// counts from the intended send time; a request without an answer stands above every answered one, so a quantile that
// falls on it has no value. What was not sent (shed, held off) is counted apart and is in nothing else. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/histogram.h"
#include "reports/run_record.h"

namespace stormproof::reports {

using base::Nanoseconds;
using base::Time;

// The party name of the version that is judged.
inline constexpr std::string_view candidate_party = "candidate";

// to - from; instants that no 64-bit difference can tell apart wrap around instead of being undefined.
Nanoseconds between(Time from, Time to);

bool is_answered(const events::Exchange& exchange);
bool is_failed(const events::Exchange& exchange);

// Latencies of some requests, answered or not.
class Latencies {
 public:
  void add(const events::Exchange& exchange);

  std::uint64_t answered() const { return answered_.count(); }
  std::uint64_t unanswered() const { return unanswered_; }
  // Nothing: there is no request, or the quantile falls on one without an answer.
  std::optional<Nanoseconds> quantile(double q) const;
  // Of the answered ones.
  std::optional<Nanoseconds> max() const;

 private:
  base::Histogram answered_;
  std::uint64_t unanswered_ = 0;
};

struct PartyStats {
  std::string party;           // "candidate", "payments"
  std::uint64_t requests = 0;  // sent
  std::uint64_t failed = 0;
  std::uint64_t shed = 0;                                   // not sent, for want of something on this machine
  std::uint64_t held_off = 0;                               // not sent, as the target held every connection
  std::uint64_t faulted = 0;                                // a fault of the harness acted on it
  std::map<std::uint16_t, std::uint64_t> statuses;          // of those that have one
  std::map<events::Outcome, std::uint64_t> without_answer;  // by cause
  Latencies latency;
  base::Histogram schedule_error;  // start - waited - intended, of the harness's own requests
};

struct PhaseStats {
  std::string name;
  Time begin{};
  Time end{};
  std::optional<Time> faults_on;
  std::optional<Time> faults_off;
  std::uint64_t requests = 0;  // to the candidate, by intended send time
  std::uint64_t failed = 0;
  Latencies latency;
};

struct FaultStats {
  PlannedFault rule;  // what is known of it: a rule that was not planned has no effect in words
  std::uint64_t fired = 0;
  std::uint64_t spared = 0;                                  // matched, and let go by the draw or a count
  std::map<std::string, std::uint64_t> without_effect = {};  // was to act and could not, by why
  std::map<events::Effect, std::uint64_t> effects = {};      // of those not spared
  base::Histogram delayed = {};                              // of those that fired
  std::uint64_t sent_bytes = 0;
  std::uint64_t cut_bytes = 0;
};

struct TrafficStats {
  std::vector<PartyStats> targets;       // by name
  std::vector<PartyStats> dependencies;  // by name
  std::vector<PhaseStats> phases;        // that were reached, in order of time
  std::vector<FaultStats> faults;        // planned ones first, in their order; then others by name
  std::uint64_t shed = 0;
  std::uint64_t held_off = 0;

  // The version that is judged; where there is none, the first target. Null: nothing was sent.
  const PartyStats* candidate() const;
};

// The phases that were reached, without their traffic.
std::vector<PhaseStats> phases_of(const RunRecord& record);

TrafficStats traffic_stats(const RunRecord& record);

}  // namespace stormproof::reports
