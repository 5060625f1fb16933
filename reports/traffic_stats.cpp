#include "reports/traffic_stats.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "harness/verify/timeline.h"

namespace stormproof::reports {
namespace {

using events::Exchange;
using events::MarkKind;
using events::Outcome;
using events::Side;

void count(PartyStats& stats, const Exchange& exchange) {
  if (events::never_sent(exchange)) {
    ++(exchange.outcome == Outcome::shed ? stats.shed : stats.held_off);
    return;
  }
  ++stats.requests;
  if (is_failed(exchange)) ++stats.failed;
  if (exchange.fault != 0) ++stats.faulted;
  if (exchange.status != 0) ++stats.statuses[exchange.status];
  if (!is_answered(exchange)) ++stats.without_answer[exchange.outcome];
  stats.latency.add(exchange);
  if (exchange.side == Side::ingress)
    stats.schedule_error.add(between(exchange.intended, exchange.start - exchange.waited));
}

std::vector<PartyStats> by_name(std::map<std::string, PartyStats> parties) {
  std::vector<PartyStats> stats;
  for (auto& [name, party] : parties) {
    party.party = name;
    stats.push_back(std::move(party));
  }
  return stats;
}

void count(FaultStats& stats, const events::FaultFired& decision, const events::Log& log) {
  if (events::acted(decision)) {
    ++stats.fired;
    stats.delayed.add(decision.delayed);
    stats.sent_bytes += decision.sent;
    stats.cut_bytes += decision.cut;
  } else if (decision.effect == events::Effect::spared) {
    ++stats.spared;
  } else {
    ++stats.without_effect[std::string(log.names.name_of(decision.detail))];
  }
  if (decision.effect != events::Effect::spared) ++stats.effects[decision.effect];
}

std::vector<FaultStats> fault_stats(const RunRecord& record) {
  std::map<std::string, FaultStats> unplanned;
  std::vector<FaultStats> stats;
  std::map<std::string, std::size_t, std::less<>> place_of;
  for (const PlannedFault& rule : record.planned_faults) {
    place_of.emplace(rule.rule, stats.size());
    stats.push_back({rule});
  }
  for (const events::FaultFired& fired : record.log.faults) {
    if (verify::is_beside(record.log.names.name_of(fired.party))) continue;  // the candidate's are what was planned
    const std::string_view rule = record.log.names.name_of(fired.rule);
    if (const auto planned = place_of.find(rule); planned != place_of.end()) {
      count(stats[planned->second], fired, record.log);
      continue;
    }
    FaultStats& other = unplanned[std::string(rule)];
    other.rule.rule = rule;
    other.rule.on = record.log.names.name_of(fired.party);
    count(other, fired, record.log);
  }
  for (auto& [name, other] : unplanned) stats.push_back(std::move(other));
  return stats;
}

void count_in_phases(std::vector<PhaseStats>& phases, const Exchange& exchange) {
  for (PhaseStats& phase : phases) {
    if (exchange.intended < phase.begin || exchange.intended >= phase.end) continue;
    ++phase.requests;
    if (is_failed(exchange)) ++phase.failed;
    phase.latency.add(exchange);
  }
}

}  // namespace

Nanoseconds between(Time from, Time to) {
  const auto ticks = [](Time time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); };
  return Nanoseconds(static_cast<std::int64_t>(ticks(to) - ticks(from)));
}

bool is_answered(const Exchange& exchange) {
  return exchange.outcome == Outcome::answered || (exchange.outcome == Outcome::faulted && exchange.status != 0);
}

bool is_failed(const Exchange& exchange) { return exchange.outcome != Outcome::answered || exchange.status >= 500; }

void Latencies::add(const Exchange& exchange) {
  if (is_answered(exchange)) answered_.add(between(exchange.intended, exchange.end));
  else ++unanswered_;
}

std::optional<Nanoseconds> Latencies::quantile(double q) const {
  const std::uint64_t all = answered_.count() + unanswered_;
  // The slack forgives the last bit of a product such as 0.999 * 1000.
  const double wanted = std::ceil(q * static_cast<double>(all) - 1e-9);
  const double answered = static_cast<double>(answered_.count());
  if (all == 0 || wanted > answered || answered == 0) return std::nullopt;
  return answered_.quantile(wanted / answered);
}

std::optional<Nanoseconds> Latencies::max() const {
  if (answered_.count() == 0) return std::nullopt;
  return answered_.max();
}

const PartyStats* TrafficStats::candidate() const {
  const auto found = std::ranges::find(targets, candidate_party, &PartyStats::party);
  if (found != targets.end()) return &*found;
  return targets.empty() ? nullptr : &targets.front();
}

std::vector<PhaseStats> phases_of(const RunRecord& record) {
  std::vector<PhaseStats> phases;
  bool open = false;
  for (const events::Mark& mark : record.log.marks) {
    switch (mark.kind) {
      case MarkKind::phase_begin:
        if (open) phases.back().end = mark.at;
        phases.emplace_back().name = record.log.names.name_of(mark.name);
        phases.back().begin = phases.back().end = mark.at;
        open = true;
        break;
      case MarkKind::phase_end:
        if (open) phases.back().end = std::max(phases.back().begin, mark.at);
        open = false;
        break;
      case MarkKind::faults_on:
        if (!phases.empty()) phases.back().faults_on = mark.at;
        break;
      case MarkKind::faults_off:
        if (!phases.empty()) phases.back().faults_off = mark.at;
        break;
      default: break;
    }
  }
  // Cut short: it lasted as long as the run did.
  if (open) phases.back().end = std::max(phases.back().begin, record.ended);
  return phases;
}

TrafficStats traffic_stats(const RunRecord& record) {
  TrafficStats stats;
  stats.phases = phases_of(record);
  stats.faults = fault_stats(record);
  std::map<std::string, PartyStats> targets;
  std::map<std::string, PartyStats> dependencies;
  // One look-up a name, not one an exchange.
  std::vector<PartyStats*> target_of(record.log.names.size());
  std::vector<PartyStats*> dependency_of(record.log.names.size());
  for (const Exchange& exchange : record.log.exchanges) {
    const bool ingress = exchange.side == Side::ingress;
    PartyStats*& party = (ingress ? target_of : dependency_of).at(exchange.party);
    if (party == nullptr)
      party = &(ingress ? targets : dependencies)[std::string(record.log.names.name_of(exchange.party))];
    count(*party, exchange);
  }
  stats.targets = by_name(std::move(targets));
  stats.dependencies = by_name(std::move(dependencies));
  for (const PartyStats& target : stats.targets) {
    stats.shed += target.shed;
    stats.held_off += target.held_off;
  }
  const PartyStats* const candidate = stats.candidate();
  const events::NameId judged = candidate == nullptr ? 0 : record.log.names.find(candidate->party);
  for (const Exchange& exchange : record.log.exchanges) {
    if (exchange.side != Side::ingress || exchange.party != judged || events::never_sent(exchange)) continue;
    count_in_phases(stats.phases, exchange);
  }
  return stats;
}

}  // namespace stormproof::reports
