#include "harness/verify/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/base/units.h"
#include "harness/verify/calls.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {

void decide_share(Check& check, Cases cases, double limit, std::string_view noun) {
  check.samples = cases.of;
  if (cases.of > 0 && share_upper(cases.bad, cases.of) <= limit) {
    check.verdict = Verdict::holds;
  } else if (cases.of > 0 && share_lower(cases.bad, cases.of) > limit) {
    check.verdict = Verdict::violated;
  } else if (const auto enough = samples_to_decide(cases.bad, std::max<std::uint64_t>(cases.of, 1), limit)) {
    check.missing =
        fmt::format("{} {}: about {} would decide: a longer phase or more requests a second", cases.of, noun, *enough);
  } else {
    check.missing = fmt::format("{} of {} {} lie too near the limit of {} to decide with any number", cases.bad,
                                cases.of, noun, base::format_percent(limit));
  }
}

void decide_count(Check& check, Cases cases, std::uint64_t at_most, std::string_view noun) {
  check.samples = cases.of;
  if (cases.bad > at_most) {
    check.verdict = Verdict::violated;
  } else if (cases.of >= census_cases_min) {
    check.verdict = Verdict::holds;
  } else {
    check.missing = fmt::format("{} {}: needs at least {}: a longer phase or more requests a second", cases.of, noun,
                                census_cases_min);
  }
}

namespace {

std::string shown(const std::vector<Nanoseconds>& sorted, std::optional<std::uint64_t> rank) {
  if (!rank) return "not known";
  return sorted[*rank - 1] == no_answer ? "no answer" : base::format_duration(sorted[*rank - 1]);
}

}  // namespace

void decide_slowest(Check& check, std::vector<Nanoseconds> most, std::vector<Nanoseconds> least, double quantile,
                    Nanoseconds limit, std::string_view noun) {
  std::ranges::sort(most);
  std::ranges::sort(least);
  const std::uint64_t n = check.samples = most.size();
  check.measured = fmt::format("{} {}", n, noun);
  if (n == 0) {
    check.missing = fmt::format("there were no {}", noun);
    return;
  }
  const QuantileRanks ranks = quantile_ranks(n, quantile);
  const auto rank = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(n)));
  check.measured = fmt::format("p{:.3g} {} in {} {}, interval {} to {}", 100 * quantile,
                               shown(most, std::clamp<std::uint64_t>(rank, 1, n)), n, noun, shown(least, ranks.lower),
                               shown(most, ranks.upper));
  const std::uint64_t enough = samples_for_quantile(quantile);
  if (ranks.upper && most[*ranks.upper - 1] <= limit) check.verdict = Verdict::holds;
  else if (ranks.lower && least[*ranks.lower - 1] > limit) check.verdict = Verdict::violated;
  else if (n < enough)
    check.missing = fmt::format("{} {}: needs at least {}: a longer phase or more requests a second", n, noun, enough);
  else check.missing = "too near the limit to decide: a longer phase or more requests a second";
}

std::vector<Tie> ties_to(const View& view, std::string_view dependency) {
  struct Route {
    std::uint64_t requests = 0;
    std::uint64_t calling = 0;
  };
  std::vector<Route> routes(view.log().names.size());
  std::vector<Tie> ties(routes.size(), Tie::unknown);
  if (!correlated(view, dependency)) return ties;
  std::vector<bool> calls(view.ingress().size());
  for (const std::uint32_t caller : view.callers_of(dependency)) {
    if (caller != View::nobody) calls[caller] = true;
  }
  for (std::size_t at = 0; at < calls.size(); ++at) {
    const events::Exchange& request = *view.ingress()[at];
    const bool healthy = request.start >= view.healthy_begin() && request.end < view.healthy_end();
    if (!healthy || request.outcome != events::Outcome::answered || request.route >= routes.size()) continue;
    ++routes[request.route].requests;
    routes[request.route].calling += calls[at] ? 1 : 0;
  }
  for (std::size_t route = 0; route < routes.size(); ++route) {
    const auto& [requests, calling] = routes[route];
    if (requests < class_requests_min) continue;
    if (calling == 0) ties[route] = Tie::never;
    else if (static_cast<double>(calling) >= calling_share_min * static_cast<double>(requests))
      ties[route] = Tie::always;
  }
  return ties;
}

std::string describe(const Span& span) {
  return fmt::format("{} to {}", base::format_duration(span.low), base::format_duration(span.high));
}

void show(Finding& finding, std::uint64_t request) {
  if (request != 0 && finding.exchanges.size() < finding_exchanges_max &&
      std::ranges::find(finding.exchanges, request) == finding.exchanges.end()) {
    finding.exchanges.push_back(request);
  }
}

void conclude(Finding& finding, std::string_view subject, bool several) {
  std::vector<Verdict> verdicts;
  for (const Check& check : finding.checks) verdicts.push_back(check.verdict);
  finding.verdict = worst(verdicts);
  std::ranges::sort(finding.timeline, {}, [](const Instant& instant) { return std::tie(instant.at, instant.what); });
  if (finding.timeline.size() > finding_instants_max) finding.timeline.resize(finding_instants_max);
  std::string text;
  for (const Check& check : finding.checks) {
    if (check.verdict != finding.verdict) continue;
    if (!text.empty()) text += "; ";
    text += check.name + ": " + (check.verdict == Verdict::inconclusive ? check.missing : check.measured);
  }
  switch (finding.verdict) {
    case Verdict::holds:
      finding.summary = fmt::format("{} {} as claimed: {}.", subject, several ? "work" : "works", text);
      return;
    case Verdict::violated:
      finding.summary = fmt::format("{} {} not work as claimed: {}.", subject, several ? "do" : "does", text);
      return;
    case Verdict::inconclusive: break;
  }
  finding.summary = fmt::format("No verdict. {} may or may not work as claimed: {}.", subject, text);
}

std::optional<FaultWindow> fault_window(const PhaseWindow& phase, std::string_view dependency) {
  const bool hurt = phase.faults_on && std::ranges::find(phase.plan->faults, dependency, &scenarios::Fault::on) !=
                                           phase.plan->faults.end();
  if (!hurt) return std::nullopt;
  return FaultWindow{*phase.faults_on, std::max(*phase.faults_on, phase.faults_off.value_or(phase.end))};
}

void cannot(Finding& finding, const std::vector<std::string>& names, const std::string& reason) {
  for (const std::string& name : names)
    finding.checks.push_back(
        {.name = name, .expected = std::string(as_written), .measured = std::string(not_measured), .missing = reason});
}

bool correlated(const View& view, std::string_view dependency) {
  const Exchanges calls = view.egress_of(dependency);
  const auto callers = view.callers_of(dependency);
  std::uint64_t healthy = 0;
  std::uint64_t known = 0;
  for (std::size_t at = 0; at < calls.size(); ++at) {
    if (calls[at]->start < view.healthy_begin() || calls[at]->end >= view.healthy_end()) continue;
    ++healthy;
    known += callers[at] != View::nobody ? 1 : 0;
  }
  return healthy > 0 && static_cast<double>(known) >= correlated_share_min * static_cast<double>(healthy);
}

}  // namespace stormproof::verify
