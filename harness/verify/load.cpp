#include "harness/verify/load.h"

#include <algorithm>
#include <cmath>

#include "harness/verify/batches.h"

namespace stormproof::verify {
namespace {

using events::Exchange;
using events::Outcome;

std::vector<Time> cuts_of(const View& view) {
  const scenarios::Traffic& traffic = view.scenario().traffic;
  std::vector<Time> cuts;
  Time at = view.traffic_begin();
  for (const scenarios::RateStep& step : traffic.steps) cuts.push_back(at += step.lasting.value_or(Nanoseconds(0)));
  const bool even = !traffic.steps.empty() || traffic.rate_per_second || traffic.poisson_per_second;
  for (const PhaseWindow& phase : view.phases()) {
    if (!phase.reached) continue;
    cuts.push_back(phase.begin);
    cuts.push_back(phase.end);
    if (phase.faults_on) cuts.push_back(*phase.faults_on);
    if (phase.faults_off) cuts.push_back(*phase.faults_off);
    for (Time next = phase.begin + level_length; !even && next < phase.end; next += level_length) cuts.push_back(next);
  }
  std::ranges::sort(cuts);
  cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
  return cuts;
}

bool faulted(const View& view, Time from, Time to) {
  return std::ranges::any_of(view.phases(), [&](const PhaseWindow& phase) {
    return phase.faults_on && *phase.faults_on < to && from < phase.faults_off.value_or(phase.end);
  });
}

}  // namespace

std::vector<Level> levels_of(const View& view) {
  std::vector<Level> levels;
  const std::vector<Time> cuts = cuts_of(view);
  for (std::size_t at = 0; at + 1 < cuts.size(); ++at) {
    Level level{.from = cuts[at], .to = cuts[at + 1]};
    const bool within = std::ranges::any_of(view.phases(), [&](const PhaseWindow& phase) {
      return phase.reached && phase.begin <= level.from && level.to <= phase.end;
    });
    if (!within || level.to - level.from < level_length_min) continue;
    level.requests = view.ingress_between(level.from, level.to);
    if (level.requests.size() < level_requests_min) continue;
    level.offered = static_cast<double>(level.requests.size()) / level.seconds();
    level.faulted = faulted(view, level.from, level.to);
    levels.push_back(level);
  }
  return levels;
}

bool refused(const Exchange& request, const Usefulness& use) {
  return request.outcome == Outcome::answered &&
         std::ranges::find(use.refusals, static_cast<int>(request.status)) != use.refusals.end();
}

bool surely_good(const View& view, const Exchange& request, const Usefulness& use) {
  return view.attribution().fate(request) == Fate::good && !refused(request, use) &&
         view.attribution().most(request) <= use.within;
}

bool perhaps_good(const View& view, const Exchange& request, const Usefulness& use) {
  const Fate fate = view.attribution().fate(request);
  if (fate == Fate::failed || refused(request, use)) return false;
  return view.attribution().least(request) <= use.within;
}

Goodput goodput_of(const View& view, Exchanges requests, Time from, Time to, const Usefulness& use, double confidence) {
  Goodput goodput{.offered = requests.size()};
  if (requests.empty()) return goodput;
  std::uint64_t perhaps = 0;
  const std::size_t batches = std::max<std::size_t>(1, batches_for(requests.size()));
  std::vector<double> sure(batches), possible(batches), offered(batches);
  const Nanoseconds length = std::max(Nanoseconds(1), to - from);
  for (const Exchange* request : requests) {
    const double place = static_cast<double>((request->intended - from).count()) / static_cast<double>(length.count());
    const auto batch =
        std::min(batches - 1, static_cast<std::size_t>(std::max(0.0, place) * static_cast<double>(batches)));
    const bool good = surely_good(view, *request, use);
    const bool possibly = good || perhaps_good(view, *request, use);
    goodput.good += good ? 1 : 0;
    perhaps += possibly ? 1 : 0;
    sure[batch] += good ? 1 : 0;
    possible[batch] += possibly ? 1 : 0;
    offered[batch] += 1;
  }
  goodput.low = share_lower(goodput.good, goodput.offered, confidence);
  goodput.high = share_upper(perhaps, goodput.offered, confidence);
  const auto bounded = [&](std::vector<double> good, bool by_offered) {
    const double usual = static_cast<double>(requests.size()) / static_cast<double>(batches);
    for (std::size_t batch = 0; batch < batches; ++batch)
      good[batch] /= by_offered ? std::max(1.0, offered[batch]) : usual;
    return mean_bounds(good, confidence);
  };
  // A service with room answers a share of what is offered, one at its capacity so many a second, whatever is offered.
  const auto by_share = bounded(sure, true);
  const auto by_rate = bounded(sure, false);
  if (!by_share) return goodput;
  const bool even = by_rate->high - by_rate->low < by_share->high - by_share->low;
  const MeanBounds low = even ? *by_rate : *by_share;
  const MeanBounds high = *bounded(possible, !even);
  if (low.low < low.high) goodput.low = std::max(0.0, low.low);
  if (high.low < high.high) goodput.high = std::min(1.0, high.high);
  return goodput;
}

}  // namespace stormproof::verify
