#include "reports/timeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace stormproof::reports {
namespace {

using namespace std::chrono_literals;
using events::Exchange;
using events::Side;

constexpr std::array<Nanoseconds, 16> round_widths = {10ms, 20ms, 50ms, 100ms, 200ms, 250ms, 500ms, 1s,
                                                      2s,   5s,   10s,  15s,   30s,   60s,   5min,  15min};

// Zero is "never" in an exchange; nonsense far in the future would press the run into one bin.
bool is_instant(Time time) { return time > Time{} && time < Time{} + std::chrono::hours(24) * 365 * 200; }

struct Reach {
  Time first = Time::max();
  Time last = Time::min();
  void take(Time time) {
    if (!is_instant(time)) return;
    first = std::min(first, time);
    last = std::max(last, time);
  }
};

Reach reach_of(const RunRecord& record, const std::vector<PhaseStats>& phases) {
  Reach reach;
  for (const PhaseStats& phase : phases) {
    reach.take(phase.begin);
    reach.take(phase.end);
  }
  for (const Exchange& exchange : record.log.exchanges) {
    reach.take(exchange.side == Side::ingress ? exchange.intended : exchange.start);
  }
  return reach;
}

// What stands out from the phases by less than half a bin is drawn in the first or the last bin, so that bins and
// phases begin together.
void snap(Reach& reach, const std::vector<PhaseStats>& phases, Nanoseconds width) {
  if (phases.empty() || !is_instant(phases.front().begin) || !is_instant(phases.back().end)) return;
  if (phases.front().begin - reach.first < width / 2) reach.first = phases.front().begin;
  if (reach.last - phases.back().end < width / 2) reach.last = std::max(reach.first, phases.back().end);
}

Nanoseconds width_for(Nanoseconds span) {
  constexpr auto bins_max = static_cast<std::int64_t>(timeline_bins_max);
  for (const Nanoseconds width : round_widths) {
    if ((span + width / 2) / width <= bins_max) return width;
  }
  return span / bins_max + 1ns;
}

// The p99 as the whole report counts it: requests without an answer stand above all others.
std::optional<Nanoseconds> p99_of(std::vector<Nanoseconds>& answered, std::uint64_t unanswered) {
  const double wanted = std::ceil(0.99 * static_cast<double>(answered.size() + unanswered) - 1e-9);
  if (answered.empty() || wanted > static_cast<double>(answered.size())) return std::nullopt;
  const auto place = answered.begin() + static_cast<std::ptrdiff_t>(wanted) - 1;
  std::ranges::nth_element(answered, place);
  return *place;
}

class Binning {
 public:
  Binning(const RunRecord& record, Timeline& line)
      : log_(record.log), line_(line), latencies_(line.bins.size()), unanswered_(line.bins.size()) {
    dependency_of_.resize(log_.names.size());
    for (std::size_t i = 0; i < line.dependencies.size(); ++i)
      dependency_of_[log_.names.find(line.dependencies[i])] = i;
    for (TimelineBin& bin : line.bins) bin.calls.resize(line.dependencies.size());
  }

  void request(const Exchange& exchange) {
    const auto bin = bin_of(exchange.intended);
    if (!bin) return;
    ++(is_failed(exchange) ? line_.bins[*bin].failed : line_.bins[*bin].good);
    if (is_answered(exchange)) latencies_[*bin].push_back(std::max(0ns, between(exchange.intended, exchange.end)));
    else ++unanswered_[*bin];
  }

  void call(const Exchange& exchange) {
    const auto bin = bin_of(exchange.start);
    const auto dependency = dependency_of_[exchange.party];
    if (bin && dependency) ++line_.bins[*bin].calls[*dependency];
  }

  void finish() {
    for (std::size_t i = 0; i < line_.bins.size(); ++i) line_.bins[i].p99 = p99_of(latencies_[i], unanswered_[i]);
  }

 private:
  std::optional<std::size_t> bin_of(Time time) const {
    if (!is_instant(time)) return std::nullopt;
    const auto bin = static_cast<std::size_t>(std::max<Nanoseconds>(0ns, time - line_.begin) / line_.bin_width);
    return std::min(bin, line_.bins.size() - 1);
  }

  const events::Log& log_;
  Timeline& line_;
  std::vector<std::vector<Nanoseconds>> latencies_;
  std::vector<std::uint64_t> unanswered_;
  std::vector<std::optional<std::size_t>> dependency_of_;
};

std::vector<TimelineWindow> fault_windows(const RunRecord& record, const std::vector<PhaseStats>& phases) {
  std::vector<TimelineWindow> windows;
  for (const PhaseStats& phase : phases) {
    if (!phase.faults_on) continue;
    std::string what;
    for (const PlannedFault& fault : record.planned_faults) {
      if (fault.phase == phase.name) what += (what.empty() ? "" : "; ") + fault.on + ": " + fault.effect;
    }
    const Time healed = phase.faults_off.value_or(phase.end);
    windows.push_back({*phase.faults_on, std::max(*phase.faults_on, healed), what.empty() ? "faults on" : what});
  }
  return windows;
}

// Faults have their own windows in the drawing.
bool is_of_faults(std::string_view what) { return what == "faults on" || what == "healed"; }

std::vector<TimelineLane> lanes_of(const RunRecord& record) {
  std::vector<TimelineLane> lanes;
  for (const verify::Finding& finding : record.findings) {
    const auto own = [](const verify::Instant& instant) { return !is_of_faults(instant.what); };
    if (std::ranges::none_of(finding.timeline, own)) continue;
    auto lane = std::ranges::find(lanes, finding.expectation, &TimelineLane::what);
    if (lane == lanes.end()) {
      if (lanes.size() == timeline_lanes_max) continue;
      lane = lanes.insert(lanes.end(), {finding.expectation, {}});
    }
    for (const verify::Instant& instant : finding.timeline) {
      if (own(instant)) lane->moments.push_back({instant.at, kind_of_moment(instant.what), instant.what});
    }
  }
  // Findings of several phases may tell of the same instant.
  for (TimelineLane& lane : lanes) {
    const auto place = [](const TimelineMoment& moment) { return std::tie(moment.at, moment.kind, moment.what); };
    std::ranges::sort(lane.moments, {}, place);
    const auto again = std::ranges::unique(lane.moments, {}, place);
    lane.moments.erase(again.begin(), again.end());
  }
  return lanes;
}

}  // namespace

MomentKind kind_of_moment(std::string_view what) {
  if (what.starts_with("leak")) return MomentKind::leak;
  if (what.starts_with("open")) return MomentKind::opened;
  if (what.starts_with("reopen")) return MomentKind::reopened;
  if (what.starts_with("close")) return MomentKind::closed;
  if (what.starts_with("probe")) return MomentKind::probe;
  return MomentKind::other;
}

Timeline timeline(const RunRecord& record) {
  Timeline line;
  const std::vector<PhaseStats> phases = phases_of(record);
  Reach reach = reach_of(record, phases);
  if (reach.first > reach.last) return line;
  const TrafficStats stats = traffic_stats(record);
  snap(reach, phases, width_for(reach.last - reach.first));
  const Nanoseconds span = std::max<Nanoseconds>(1ms, reach.last - reach.first);
  line.begin = reach.first;
  line.end = reach.first + span;
  line.bin_width = width_for(span);
  line.bins.resize(std::max<std::size_t>(1, static_cast<std::size_t>((span + line.bin_width / 2) / line.bin_width)));
  for (const PartyStats& dependency : stats.dependencies) {
    if (line.dependencies.size() < timeline_dependencies_max) line.dependencies.push_back(dependency.party);
  }
  for (const PhaseStats& phase : phases) line.phases.push_back({phase.begin, phase.end, phase.name});
  line.faults = fault_windows(record, phases);
  line.lanes = lanes_of(record);

  const PartyStats* const candidate = stats.candidate();
  const events::NameId judged = candidate == nullptr ? 0 : record.log.names.find(candidate->party);
  Binning binning(record, line);
  for (const Exchange& exchange : record.log.exchanges) {
    if (events::never_sent(exchange)) continue;
    if (exchange.side == Side::egress) binning.call(exchange);
    else if (exchange.party == judged) binning.request(exchange);
  }
  binning.finish();
  return line;
}

}  // namespace stormproof::reports
