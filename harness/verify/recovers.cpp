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
  for (const Exchange* request : ingress) {
    const auto place = static_cast<std::size_t>((request->intended - from) / width);
    while (windows.size() <= place)
      windows.push_back({.begin = from + width * static_cast<std::int64_t>(windows.size())});
    Window& window = windows[place];
    ++window.requests;
    window.failing += reading.fails(*request) ? 1 : 0;
    window.slow += reading.slower(*request, band.limit) ? 1 : 0;
  }
  if (!windows.empty()) windows.pop_back();  // the last is not whole
  return windows;
}

std::optional<std::size_t> first_stable(const std::vector<Window>& windows, const Band& band,
                                        std::size_t stable_windows) {
  for (std::size_t first = 0; first + stable_windows <= windows.size(); ++first) {
    Window all;
    bool good = true;
    for (std::size_t at = first; at < first + stable_windows && good; ++at) {
      // An empty window proves nothing, but under open-loop traffic it is chance, not failure.
      good = in_band(band, windows[at]);
      all.requests += windows[at].requests;
      all.failing += windows[at].failing;
      all.slow += windows[at].slow;
    }
    if (good && all.requests >= stable_requests_min && in_band(band, all)) return first;
  }
  return std::nullopt;
}

struct Recovery {
  Time heal{};
  Time observed_to{};
  Nanoseconds width{0};
  std::optional<Time> first_good = {};
  std::optional<Time> stable = {};
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
  if (const auto first = first_stable(recovery.windows, band, stable_windows))
    recovery.stable = recovery.windows[*first].begin;
  return recovery;
}

void decide(Check& check, const Recovery& recovery, Nanoseconds within) {
  const Nanoseconds observed = recovery.observed_to - recovery.heal;
  const auto needed = within + recovery.width * static_cast<std::int64_t>(recovery.stable_windows + 1);
  if (recovery.requests < stable_requests_min) {
    check.missing =
        fmt::format("{} requests after the heal: needs at least {}: a longer phase or more requests a second",
                    recovery.requests, stable_requests_min);
  } else if (recovery.stable) {
    const Nanoseconds latest = *recovery.stable - recovery.heal;
    const Nanoseconds earliest = latest == Nanoseconds(0) ? latest : latest - recovery.width;
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

void decide_both(Check& check, const Recovery& recovery, const Recovery& at_best, Nanoseconds within) {
  decide(check, recovery, within);
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
    finding.timeline.push_back({*heal, "healed"});
    if (recovery.first_good) finding.timeline.push_back({*recovery.first_good, "first good answer"});
    if (recovery.stable) finding.timeline.push_back({*recovery.stable, "stable"});
    std::ranges::sort(finding.timeline, {}, [](const Instant& instant) { return std::tie(instant.at, instant.what); });
    if (recovery.requests == 0) check.missing = "no request was sent after the heal";
    else decide_both(check, recovery, at_best, expectation.within);
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
