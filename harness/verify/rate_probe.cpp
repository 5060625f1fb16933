#include "harness/verify/rate_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"

namespace stormproof::verify {
namespace {

using scenarios::ProbeStep;
using scenarios::ProbeVariant;
using Kind = ProbeStep::Kind;
using What = Decision::What;

double seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

std::string attribute_of(const ProbeVariant& variant) {
  switch (variant.attribute) {
    case ProbeVariant::Attribute::header: return fmt::format("header {}", variant.name);
    case ProbeVariant::Attribute::path: return fmt::format("path {}", variant.value);
    case ProbeVariant::Attribute::method: return fmt::format("method {}", variant.value);
    case ProbeVariant::Attribute::source: return fmt::format("source {}", variant.value);
    case ProbeVariant::Attribute::instance: return fmt::format("instance {}", variant.value);
  }
  return "";
}

// What was asked in a step by one caller.
Decisions asked(const ProbeSeen& seen, const ProbeStep& step, std::uint32_t variant, int status) {
  std::vector<const events::Exchange*> requests;
  for (std::size_t at = step.first_shot; at < step.first_shot + step.shots; ++at) {
    if (seen.schedule.shots[at].variant == variant && seen.shots[at] != nullptr) requests.push_back(seen.shots[at]);
  }
  std::vector<Decisions> all = decisions_of(requests, status, false);
  return all.empty() ? Decisions() : std::move(all.front());
}

std::uint64_t count(const Decisions& decisions, What what) {
  return static_cast<std::uint64_t>(std::ranges::count(decisions, what, &Decision::what));
}

// Whether its quota was spent: the last that it asked were refused.
bool spent(const Decisions& decisions) { return !decisions.empty() && decisions.back().what == What::refused; }

// When the last of the others was decided on, where that takes no longer than a refusal does.
Time decided_until(const Decisions& first, const Decisions& others) {
  Decisions all = first;
  all.insert(all.end(), others.begin(), others.end());
  all = narrowed(std::move(all));
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(first.size()));
  return std::ranges::max(all, {}, &Decision::end).end;
}

Check check_variation(const ProbeSeen& seen, std::uint32_t which, const ProbeVariant& variant,
                      const scenarios::RateLimitExpectation& claim, Finding& finding) {
  Check check{.name = attribute_of(variant),
              .expected = variant.own_quota ? "another one has a quota of its own" : "another one shares the quota"};
  std::uint64_t asks = 0, admitted = 0, unknown = 0, rounds = 0;
  double refilled = 0;  // that may have come back meanwhile
  for (const ProbeStep& step : seen.schedule.steps) {
    if (step.kind != Kind::variation || step.variant != which) continue;
    const Decisions first = asked(seen, step, 0, claim.status);
    const Decisions other = asked(seen, step, which, claim.status);
    if (other.empty() || !spent(first)) continue;
    ++rounds;
    asks += other.size();
    admitted += count(other, What::admitted);
    unknown += count(other, What::unknown);
    refilled += 1.1 * claim.rate_per_second * seconds(decided_until(first, other) - first.back().start);
    refilled += 1;  // what was left was less than one
    for (const Decision& one : other) show(finding, one.request->request);
  }
  check.samples = asks;
  check.measured = rounds == 0
                       ? "not seen: the first one's quota was never spent"
                       : fmt::format("{} of {} were admitted when the first one's quota was spent", admitted, asks);
  const double room = static_cast<double>(asks) - refilled;  // so many more, if the quota is its own
  const bool own = admitted == asks;
  const bool shared = static_cast<double>(admitted) <= refilled;
  if (rounds == 0) {
    check.missing = "the quota of the first one was not spent: is the claimed burst too small?";
  } else if (unknown > 0) {
    check.missing = fmt::format("{} of {} failed: whether the limit admitted them is not known", unknown, asks);
  } else if (room < 1) {
    check.missing = fmt::format("the answers took so long that {:.0f} requests may have come back meanwhile", refilled);
  } else if (own == shared) {
    check.missing = fmt::format("{} of {} admitted is neither a quota of its own nor a shared one", admitted, asks);
  } else {
    check.verdict = own == variant.own_quota ? Verdict::holds : Verdict::violated;
    check.measured += own ? ": a quota of its own, or none" : ": it shares the quota";
  }
  return check;
}

Check check_isolated(const ProbeSeen& seen, const scenarios::RateLimitExpectation& claim, Finding& finding) {
  Check check{.name = "isolated",
              .expected = fmt::format("none is refused of who sends {}, while another sends {}",
                                      base::format_rate(scenarios::probe_moderate * claim.rate_per_second),
                                      base::format_rate(scenarios::probe_flood * claim.rate_per_second)),
              .measured = "not seen"};
  for (const ProbeStep& step : seen.schedule.steps) {
    if (step.kind != Kind::isolation) continue;
    const Decisions flood = asked(seen, step, 0, claim.status);
    const Decisions moderate = asked(seen, step, step.variant, claim.status);
    const std::uint64_t refused = count(moderate, What::refused);
    check.measured = fmt::format("{} of {} refused, while {} of {} of the other were", refused, moderate.size(),
                                 count(flood, What::refused), flood.size());
    if (count(flood, What::refused) * 2 < flood.size()) {
      check.missing = "the one that sends too much was hardly refused: nothing was there to be isolated from";
      return check;
    }
    for (const Decision& one : moderate) {
      if (one.what == What::refused) show(finding, one.request->request);
    }
    decide_count(check, {refused, moderate.size()}, 0, "requests of the one that keeps within the limit");
    return check;
  }
  check.missing = "the probe has no second caller";
  return check;
}

struct Pace {
  double admitted_per_second = 0;
  Nanoseconds latency{0};  // the median of who was admitted
  std::uint64_t admitted = 0;
};

// Of the last three quarters of the step: then it has settled.
Pace pace_of(const ProbeSeen& seen, Kind kind, int status) {
  Pace pace;
  for (const ProbeStep& step : seen.schedule.steps) {
    if (step.kind != kind) continue;
    Decisions decisions = asked(seen, step, 0, status);
    decisions.erase(decisions.begin(), decisions.begin() + static_cast<std::ptrdiff_t>(decisions.size() / 4));
    if (decisions.size() < 2) continue;
    std::vector<Nanoseconds> took;
    for (const Decision& one : decisions) {
      if (one.what == What::admitted) took.push_back(one.end - one.start);
    }
    if (took.empty()) continue;
    pace.admitted = took.size();
    pace.admitted_per_second =
        static_cast<double>(took.size()) / seconds(decisions.back().start - decisions.front().start);
    std::ranges::nth_element(took, took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2));
    pace.latency = took[took.size() / 2];
  }
  return pace;
}

Check check_slowed(const ProbeSeen& seen, const scenarios::RateProbe& probe,
                   const scenarios::RateLimitExpectation& claim) {
  const bool concurrency = claim.algorithm == "concurrency";
  Check check{.name = "rate-or-concurrency",
              .expected = concurrency ? "fewer are admitted where each takes longer"
                                      : "as many are admitted where each takes longer"};
  const Pace before = pace_of(seen, Kind::sustained, claim.status);
  const Pace slowed = pace_of(seen, Kind::slowed, claim.status);
  check.samples = before.admitted + slowed.admitted;
  check.measured =
      fmt::format("{} at {}, and {} at {}, with {} slower by {}", base::format_rate(before.admitted_per_second),
                  base::format_duration(before.latency), base::format_rate(slowed.admitted_per_second),
                  base::format_duration(slowed.latency), probe.slow_on, base::format_duration(probe.slow_by));
  if (before.admitted < 20 || slowed.admitted == 0) {
    check.missing = fmt::format("{} and {} were admitted: too few to compare", before.admitted, slowed.admitted);
    return check;
  }
  if (seconds(slowed.latency - before.latency) < slowed_share_min * seconds(probe.slow_by)) {
    check.missing = fmt::format("the answers are no slower with {}: the requests do not depend on it", probe.slow_on);
    return check;
  }
  const double ratio = slowed.admitted_per_second / before.admitted_per_second;
  if (std::abs(ratio - 1) <= same_rate_tolerance) check.verdict = concurrency ? Verdict::violated : Verdict::holds;
  else if (ratio <= halved_most) check.verdict = concurrency ? Verdict::holds : Verdict::violated;
  else
    check.missing = fmt::format("{:.2f} times the rate is neither the same nor clearly less: slow it by more", ratio);
  return check;
}

}  // namespace

ProbeSeen probe_seen(const View& view, const PhaseWindow& phase) {
  ProbeSeen seen;
  const scenarios::RateLimitExpectation* const claim = scenarios::probed_claim(*phase.plan);
  if (!phase.plan->probe || claim == nullptr) {
    seen.why_not = "the phase has no probe";
    return seen;
  }
  seen.schedule = scenarios::probe_schedule(*phase.plan->probe, *claim);
  seen.shots.resize(seen.schedule.shots.size());
  const auto index = static_cast<std::size_t>(&phase - view.phases().data()) - 1;
  const std::uint64_t first = scenarios::first_probe_request(index);
  for (const events::Exchange* request : view.ingress()) {
    if (request->request < first || request->request >= first + scenarios::probe_numbers) continue;
    if (request->request - first >= seen.shots.size()) {
      seen.why_not = "the probe's requests are not those of this schedule: was it another version of stormproof?";
      return seen;
    }
    seen.shots[request->request - first] = request;
  }
  for (const ProbeStep& step : seen.schedule.steps) {
    if (step.kind == Kind::variation || step.kind == Kind::isolation || step.kind == Kind::slowed) continue;
    for (std::size_t at = step.first_shot; at < step.first_shot + step.shots; ++at) {
      if (seen.shots[at] == nullptr) continue;
      seen.own.push_back(seen.shots[at]);
      if (step.kind == Kind::sustained) seen.sustained.push_back(seen.shots[at]);
    }
  }
  return seen;
}

std::vector<std::string> probe_checks(const scenarios::Phase& phase, const scenarios::RateLimitExpectation& claim) {
  std::vector<std::string> names;
  if (!phase.probe) return names;
  for (const ProbeVariant& variant : phase.probe->vary) names.push_back(attribute_of(variant));
  if (claim.isolated) names.emplace_back("isolated");
  if (!phase.probe->slow_on.empty()) names.emplace_back("rate-or-concurrency");
  return names;
}

std::vector<Check> check_probe(const ProbeSeen& seen, const scenarios::Phase& phase,
                               const scenarios::RateLimitExpectation& claim, Finding& finding) {
  std::vector<Check> checks;
  std::uint32_t which = 0;
  for (const ProbeVariant& variant : phase.probe->vary)
    checks.push_back(check_variation(seen, ++which, variant, claim, finding));
  if (claim.isolated) checks.push_back(check_isolated(seen, claim, finding));
  if (!phase.probe->slow_on.empty()) checks.push_back(check_slowed(seen, *phase.probe, claim));
  return checks;
}

}  // namespace stormproof::verify
