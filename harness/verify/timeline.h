// Timeline: a read view over an event log, indexed once for all verdicts.
//
// It holds the phases with their windows, the candidate's ingress in order of schedule, each dependency's egress in
// order of arrival, and the way from a trace id to the request that carried it. The log and the scenario outlive it;
// it copies no exchange. The order of equal instants is by request number, so equal logs give equal views.
// Immutable once built; safe to read from several threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/events/log.h"
#include "harness/verify/attribution.h"
#include "scenarios/model.h"

namespace stormproof::verify {

// The party name of the version that is judged.
inline constexpr std::string_view candidate_party = "candidate";
// And of those that stand beside it, where an expectation compares: they get the same requests.
inline constexpr std::string_view baseline_party = "baseline";
inline constexpr std::string_view second_baseline_party = "second-baseline";

// The party name of a dependency's calls by one of those, where they come through a proxy of their own.
std::string party_beside(std::string_view dependency, std::string_view version);
bool is_beside(std::string_view party);

// A phase as it happened. A request belongs to the phase [begin, end) in which it was to be sent; but one that is under way
// when a later phase's faults come belongs to that phase, as it may feel them; not if it was overdue by then.
struct PhaseWindow {
  const scenarios::Phase* plan = nullptr;
  bool reached = false;
  Time begin{};
  Time end{};
  std::string cut_short = {};          // why it ended before its time; empty: it did not
  std::optional<Time> faults_on = {};  // of this phase's own faults
  std::optional<Time> faults_off = {};
  std::vector<const events::Exchange*> requests = {};  // in order of schedule
};

class View {
 public:
  View(const events::Log& log, const scenarios::Scenario& scenario);

  const events::Log& log() const { return log_; }
  const scenarios::Scenario& scenario() const { return scenario_; }

  // Whose doing the time of a request is.
  const Attribution& attribution() const { return attribution_; }

  // The steady state first, then the scenario's phases, in order.
  const std::vector<PhaseWindow>& phases() const { return phases_; }

  Exchanges ingress() const { return ingress_; }
  // Requests with `from` <= intended < `to`.
  Exchanges ingress_between(Time from, Time to) const;

  // The calls to a dependency, all of the run.
  Exchanges egress_of(std::string_view dependency) const;

  // What another version answered to the request of this number; null: nothing is known. Its calls to dependencies are in no
  // egress, where they came through a proxy of their own or carry a trace id.
  const events::Exchange* beside(std::string_view party, std::uint64_t request) const;
  bool has(std::string_view party) const { return beside_.contains(party); }

  // What comparing the answers to a request found, of one party beside the baseline; empty: they were not compared.
  std::span<const events::AnswerDifference* const> differences(std::string_view party, std::uint64_t request) const;

  // Of each of these calls, the place in ingress() of the request with the same trace id, or `nobody`.
  static constexpr std::uint32_t nobody = 0xFFFFFFFF;
  std::span<const std::uint32_t> callers_of(std::string_view dependency) const;

  // How often the rule acted on calls of the candidate, and on those of the baseline.
  std::uint64_t fired(std::string_view rule) const;
  std::uint64_t fired_beside(std::string_view rule) const;

  // Healthy time: from the start of the steady state to the first fault of the run.
  Time healthy_begin() const { return healthy_begin_; }
  Time healthy_end() const { return healthy_end_; }

  // When the schedule of the traffic began; where no mark says so, the first phase.
  Time traffic_begin() const { return traffic_begin_; }

  // The last faults_off at or before `when`, and the first faults_on after it.
  std::optional<Time> healed_before(Time when) const;
  std::optional<Time> faults_on_after(Time when) const;

  // "" unless the run was aborted.
  std::string_view aborted_because() const { return aborted_because_; }

 private:
  void read_marks(const scenarios::Scenario& scenario);
  void place(const scenarios::Phase& plan, std::size_t& next_mark);
  struct TraceHash {
    std::size_t operator()(const events::TraceId& trace) const;
  };
  void index_exchanges(Time origin);
  using Calls = std::set<std::pair<events::NameId, std::uint64_t>>;  // dependency and number
  void index_beside(Time origin);
  void index_faults(const Calls& calls_beside);
  void share_out_requests();
  void correlate();

  const events::Log& log_;
  const scenarios::Scenario& scenario_;
  std::vector<events::Mark> marks_ = {};  // in order of time
  std::vector<PhaseWindow> phases_ = {};
  std::vector<const events::Exchange*> ingress_;
  Attribution attribution_;
  std::map<events::NameId, std::vector<const events::Exchange*>> egress_;
  std::map<events::NameId, std::vector<std::uint32_t>> callers_;
  std::map<events::NameId, std::uint64_t> fired_;
  std::map<events::NameId, std::uint64_t> fired_beside_;
  std::map<std::string, std::vector<const events::Exchange*>, std::less<>> beside_;  // by number of the request
  std::vector<const events::AnswerDifference*> differences_;                         // in their order
  Time traffic_begin_{};
  Time healthy_begin_{};
  Time healthy_end_{};
  Time last_event_{};
  std::optional<Time> aborted_at_ = {};
  std::string_view aborted_because_;
};

// A request that failed as a user sees it: no answer, or a status of 500 and above.
inline bool failed(const events::Exchange& exchange) {
  return exchange.outcome != events::Outcome::answered || exchange.status >= 500;
}

}  // namespace stormproof::verify
