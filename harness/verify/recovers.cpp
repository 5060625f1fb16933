#include "harness/verify/recovers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/evidence.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using events::Exchange;

// What the steady state promises.
struct Band {
  std::uint64_t samples = 0;
  double failing = 1;  // upper bound of the share that fails
  double slow = 1;     // upper bound of the share slower than limit
  Nanoseconds limit{0};
};

struct Window {
  Time begin{};
  Time well_from{};  // the first request after which none of it is ill; of an empty one nothing
  std::uint64_t requests = 0;
  std::uint64_t failing = 0;
  std::uint64_t slow = 0;
};

// Two ways to read the same requests. Strict: all that was late counts, against a steady state of which only the
// service's own part counts; what holds so, holds. Lenient is the reverse: what is violated so, is violated.
struct Reading {
  const Attribution& of;
  bool strict;
  bool fails(const Exchange& request) const {
    const Fate fate = of.fate(request);
    return fate == Fate::failed || (strict && fate == Fate::unknown);
  }
  Nanoseconds took(const Exchange& request) const { return strict ? of.most(request) : of.least(request); }
  bool slower(const Exchange& request, Nanoseconds limit) const {
    return took(request) == no_answer || took(request) > limit;
  }
  Reading other() const { return {of, !strict}; }
};

Band band_of(const View& view, const Reading& reading) {
  Band band;
  std::vector<Nanoseconds> latencies = {};
  std::uint64_t failing = 0;
  const Exchanges steady = view.phases().front().requests;
  for (const Exchange* request : steady) {
    failing += reading.fails(*request) ? 1 : 0;
    latencies.push_back(reading.took(*request));
  }
  band.samples = latencies.size();
  if (band.samples < steady_requests_min) return band;
  std::ranges::sort(latencies);
  const auto rank = quantile_ranks(band.samples, 0.99).upper.value_or(band.samples);
  const Nanoseconds p99 = latencies[rank - 1];
  if (p99 == no_answer) band.limit = p99;
  else
    band.limit = std::max(Nanoseconds(static_cast<std::int64_t>(static_cast<double>(p99.count()) * latency_margin)),
                          p99 + latency_margin_least);
  std::uint64_t slow = 0;
  for (const Exchange* request : steady) slow += reading.slower(*request, band.limit) ? 1 : 0;
  band.failing = share_upper(failing, band.samples);
  band.slow = std::max(0.01, share_upper(slow, band.samples));
  return band;
}

bool in_band(const Band& band, const Window& window) {
  return binomial_at_least(window.failing, window.requests, band.failing) >= band_chance &&
         binomial_at_least(window.slow, window.requests, band.slow) >= band_chance;
}

std::vector<Window> cut(Exchanges ingress, Time from, Nanoseconds width, const Band& band, const Reading& reading) {
  std::vector<Window> windows = {};
  std::optional<std::size_t> ill_before;  // the window of the request before, where that was ill
  for (const Exchange* request : ingress) {
    const auto place = static_cast<std::size_t>((request->intended - from) / width);
    while (windows.size() <= place)
      windows.push_back({.begin = from + width * static_cast<std::int64_t>(windows.size())});
    if (ill_before) windows[*ill_before].well_from = request->intended;
    Window& window = windows[place];
    const bool fails = reading.fails(*request);
    const bool slow = reading.slower(*request, band.limit);
    if (window.requests++ == 0) window.well_from = request->intended;
    window.failing += fails ? 1 : 0;
    window.slow += slow ? 1 : 0;
    ill_before = fails || slow ? std::optional(place) : std::nullopt;
  }
  if (!windows.empty()) windows.pop_back();  // the last is not whole
  return windows;
}

// So many windows from `first` on as one.
Window joined(const std::vector<Window>& windows, std::size_t first, std::size_t count) {
  Window all;
  for (std::size_t at = first; at < std::min(first + count, windows.size()); ++at) {
    all.requests += windows[at].requests;
    all.failing += windows[at].failing;
    all.slow += windows[at].slow;
  }
  return all;
}

bool stable_at(const std::vector<Window>& windows, const Band& band, std::size_t first, std::size_t count) {
  for (std::size_t at = first; at < first + count; ++at) {
    // An empty window proves nothing, but under open-loop traffic it is chance, not failure.
    if (!in_band(band, windows[at])) return false;
  }
  const Window all = joined(windows, first, count);
  return all.requests >= stable_requests_min && in_band(band, all);
}

// Ill for so long, and not in a few windows only: a hiccup is no relapse.
bool relapsed_at(const std::vector<Window>& windows, const Band& band, std::size_t first, std::size_t count) {
  if (in_band(band, joined(windows, first, count))) return false;
  std::size_t ill = 0;
  for (std::size_t at = first; at < first + count; ++at) {
    const double usual = static_cast<double>(windows[at].requests);
    ill += static_cast<double>(windows[at].failing) > std::ceil(band.failing * usual) ||
                   static_cast<double>(windows[at].slow) > std::ceil(band.slow * usual)
               ? 1
               : 0;
  }
  return 2 * ill >= count;
}

struct Stable {
  std::optional<std::size_t> first = {};
  bool relapsed = false;  // after an earlier stretch that looked stable
};

// The first stretch after which the service did not fall ill again for as long as that.
Stable stable_for_good(const std::vector<Window>& windows, const Band& band, std::size_t count) {
  Stable found;
  const std::size_t relapse = std::max(count, relapse_windows_min);
  for (std::size_t at = 0; at < windows.size(); ++at) {
    if (found.first && at + relapse <= windows.size() && relapsed_at(windows, band, at, relapse)) {
      found = {.relapsed = true};
      // From its end on it may be well.
      at += relapse - 1;
    } else if (!found.first && at + count <= windows.size() && stable_at(windows, band, at, count)) {
      found.first = at;
    }
  }
  return found;
}

struct Recovery {
  Time heal{};
  Time observed_to{};
  Nanoseconds width{0};
  std::optional<Time> first_good = {};
  std::optional<Time> stable = {};
  Time well_from{};       // the latest at which it may have become well, where it is stable
  bool relapsed = false;  // it was well for as long as is asked, and fell ill again
  std::vector<Window> windows = {};
  std::size_t stable_windows = 0;  // that are asked for
  std::uint64_t requests = 0;
};

Recovery measure(const View& view, const PhaseWindow& phase, Time heal, const Band& band, const Reading& reading,
                 std::size_t stable_windows) {
  Recovery recovery{.heal = heal, .observed_to = phase.end, .stable_windows = stable_windows};
  if (phase.faults_off && *phase.faults_off == heal)
    recovery.observed_to = view.faults_on_after(heal).value_or(phase.end);
  const Exchanges ingress = view.ingress_between(heal, recovery.observed_to);
  if (ingress.empty()) return recovery;
  recovery.requests = ingress.size();
  const auto span = recovery.observed_to - heal;
  const double share = static_cast<double>(recovery_window_requests) / static_cast<double>(ingress.size());
  const Nanoseconds per_window(std::llround(static_cast<double>(span.count()) * std::min(share, 1.0)));
  recovery.width = std::max<Nanoseconds>(recovery_window_min, per_window);
  recovery.windows = cut(ingress, heal, recovery.width, band, reading);
  for (const Exchange* request : ingress) {
    if (reading.of.fate(*request) != Fate::good) continue;
    if (!recovery.first_good || request->end < *recovery.first_good) recovery.first_good = request->end;
  }
  const Stable found = stable_for_good(recovery.windows, band, stable_windows);
  recovery.relapsed = found.relapsed;
  if (!found.first) return recovery;
  recovery.stable = recovery.windows[*found.first].begin;
  recovery.well_from = std::max(*recovery.stable, recovery.windows[*found.first].well_from);
  // Well from the first request on: the service may have been so all the time.
  if (recovery.well_from == ingress.front()->intended) recovery.well_from = heal;
  return recovery;
}

// Since the heal: it was ill in the window before the first that is well.
Nanoseconds earliest_of(const Recovery& recovery) {
  return std::max(Nanoseconds(0), *recovery.stable - recovery.heal - recovery.width);
}

void decide(Check& check, const Recovery& recovery, Nanoseconds within) {
  const Nanoseconds observed = recovery.observed_to - recovery.heal;
  const auto needed = within + recovery.width * static_cast<std::int64_t>(recovery.stable_windows + 1);
  if (recovery.requests < stable_requests_min) {
    check.missing =
        fmt::format("{} requests after the heal: needs at least {}: a longer phase or more requests a second",
                    recovery.requests, stable_requests_min);
  } else if (recovery.stable) {
    const Nanoseconds latest = recovery.well_from - recovery.heal;
    const Nanoseconds earliest = earliest_of(recovery);
    if (latest <= within) check.verdict = Verdict::holds;
    else if (earliest > within) check.verdict = Verdict::violated;
    else
      check.missing = fmt::format(
          "recovered within {} of the limit, which is as fine as this traffic shows: send more requests a second",
          format_duration(recovery.width));
  } else if (observed >= needed) {
    check.verdict = Verdict::violated;
  } else {
    check.missing = fmt::format("no stable stretch in {}: the phase needs {} after the heal", format_duration(observed),
                                format_duration(needed));
  }
}

// Any good answer counts that was asked for after the heal; what never left the harness says nothing.
Check check_first(const Recovery& recovery, const View& view, Nanoseconds within) {
  Check check{.name = "first-success-within",
              .expected = fmt::format("a good answer within {} of the heal", format_duration(within)),
              .samples = recovery.requests};
  check.measured = recovery.first_good ? fmt::format("first good answer {} after the heal",
                                                     format_duration(*recovery.first_good - recovery.heal))
                                       : "no good answer after the heal";
  // Those that could have been answered in time.
  const Exchanges asked = view.ingress_between(recovery.heal, recovery.heal + within);
  const bool sent = std::ranges::any_of(asked, [](const Exchange* request) { return !events::never_sent(*request); });
  if (recovery.first_good && *recovery.first_good - recovery.heal <= within) check.verdict = Verdict::holds;
  else if (!sent || asked.size() < first_requests_min)
    check.missing = fmt::format("{} requests in this time: needs at least {}: more requests a second", asked.size(),
                                first_requests_min);
  else if (recovery.observed_to - recovery.heal < within) check.missing = "the phase ended before the limit";
  else check.verdict = Verdict::violated;
  return check;
}

// After the limit the first requests were all ill, in a row that the steady state hardly ever has: however wide the windows are
// that this traffic fills, it was not well by then.
bool surely_ill_at(const View& view, const Recovery& recovery, Time limit, const Band& band, const Reading& reading) {
  double chance = 1;
  for (const Exchange* request : view.ingress_between(limit, recovery.observed_to)) {
    if (!reading.fails(*request) && !reading.slower(*request, band.limit)) return false;
    chance *= std::min(1.0, band.failing + band.slow);
    if (chance <= band_chance) return true;
  }
  return false;
}

void decide_both(Check& check, const Recovery& recovery, const Recovery& at_best, Nanoseconds within, bool surely_ill) {
  decide(check, recovery, within);
  if (surely_ill) {
    check.verdict = Verdict::violated;
    check.missing = "";
    return;
  }
  if (check.verdict != Verdict::violated) return;
  Check best = {};
  decide(best, at_best, within);
  if (best.verdict == Verdict::violated) return;
  check.verdict = Verdict::inconclusive;
  check.missing =
      "the requests were late, but the harness's own delay, or its limit of connections, may explain it: raise the "
      "limit, "
      "or give it more cores";
}

std::string measured(const Recovery& recovery, const Band& band) {
  std::string text = recovery.first_good ? fmt::format("first good answer {} after the heal",
                                                       format_duration(*recovery.first_good - recovery.heal))
                                         : "no good answer after the heal";
  if (recovery.stable) {
    const Nanoseconds latest = *recovery.stable - recovery.heal;
    text += fmt::format(", stable from {} on (known to {})", format_duration(latest), format_duration(recovery.width));
  } else {
    text += ", never stable";
  }
  if (recovery.relapsed) text += ", after it had looked well and fallen ill again";
  return text + fmt::format("; band: at most {} failing, p99 up to {}", base::format_percent(band.failing),
                            format_duration(band.limit));
}

void show_failing(Finding& finding, const View& view, const Recovery& recovery, Nanoseconds within, const Band& band,
                  const Reading& reading) {
  for (const Exchange* request : view.ingress_between(recovery.heal + within, recovery.observed_to)) {
    if (finding.exchanges.size() == finding_exchanges_max) return;
    if (reading.fails(*request) || reading.slower(*request, band.limit)) finding.exchanges.push_back(request->request);
  }
}

}  // namespace

Finding judge_recovers(const View& view, const PhaseWindow& phase, const scenarios::RecoversExpectation& expectation) {
  Finding finding;
  finding.expectation = "recovers";
  Check check{.name = "within",
              .expected = fmt::format("as good as the steady state within {} of the heal",
                                      format_duration(expectation.within))};
  const Reading strict{view.attribution(), true};
  const Reading lenient = strict.other();
  const Band band = band_of(view, lenient);  // of the other: a narrow one for what must hold
  const Band wide = band_of(view, strict);
  const auto heal = phase.faults_off ? phase.faults_off : view.healed_before(phase.end);
  if (!heal) {
    check.missing = "no fault was healed before the end of this phase: there is nothing to recover from";
  } else if (band.samples < steady_requests_min) {
    check.missing =
        fmt::format("{} requests in the steady state: a band needs at least {}", band.samples, steady_requests_min);
  } else {
    const Recovery recovery = measure(view, phase, *heal, band, strict, expectation.windows);
    const Recovery at_best = measure(view, phase, *heal, wide, lenient, expectation.windows);
    for (const Window& window : recovery.windows) check.samples += window.requests;
    check.measured = measured(recovery, band);
    if (recovery.stable) {
      const auto in_seconds = [](Nanoseconds time) { return static_cast<double>(time.count()) / 1e9; };
      check.estimate =
          Estimate{"recovery", in_seconds(earliest_of(recovery)), in_seconds(recovery.well_from - recovery.heal)};
    }
    finding.timeline.push_back({*heal, "healed"});
    if (recovery.first_good) finding.timeline.push_back({*recovery.first_good, "first good answer"});
    if (recovery.stable) finding.timeline.push_back({*recovery.stable, "stable"});
    std::ranges::sort(finding.timeline, {}, [](const Instant& instant) { return std::tie(instant.at, instant.what); });
    if (recovery.requests == 0) check.missing = "no request was sent after the heal";
    else
      decide_both(check, recovery, at_best, expectation.within,
                  surely_ill_at(view, at_best, *heal + expectation.within, wide, lenient));
    if (check.verdict == Verdict::violated) show_failing(finding, view, at_best, expectation.within, wide, lenient);
    if (expectation.first_success_within)
      finding.checks.push_back(check_first(recovery, view, *expectation.first_success_within));
  }
  if (expectation.first_success_within && finding.checks.empty())
    cannot(finding, {"first-success-within"}, check.missing);
  finding.verdict = check.verdict;
  if (!finding.checks.empty()) finding.verdict = worst({check.verdict, finding.checks.front().verdict});
  switch (finding.verdict) {
    case Verdict::holds: finding.summary = fmt::format("The service recovered: {}.", check.measured); break;
    case Verdict::violated:
      finding.summary = fmt::format("The service did not recover in time: {}.", check.measured);
      break;
    case Verdict::inconclusive: {
      const bool first = check.verdict != Verdict::inconclusive;
      finding.summary =
          fmt::format("No verdict on the recovery: {}.", first ? finding.checks.front().missing : check.missing);
      break;
    }
  }
  finding.checks.insert(finding.checks.begin(), std::move(check));
  return finding;
}

}  // namespace stormproof::verify
