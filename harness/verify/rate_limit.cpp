#include "harness/verify/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/limit_headers.h"
#include "harness/verify/limiter_claim.h"
#include "harness/verify/rate_probe.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using base::format_percent;
using What = Decision::What;

std::string rate_claim(const scenarios::RateLimitExpectation& claim) {
  return fmt::format("{} ± {} in the long run", base::format_rate(claim.rate_per_second),
                     format_percent(rate_tolerance));
}

std::string burst_claim(const scenarios::RateLimitExpectation& claim) {
  return fmt::format("at most {} at once, and {} more", *claim.burst, base::format_rate(claim.rate_per_second));
}

std::string refusals_claim(const scenarios::RateLimitExpectation& claim) {
  return fmt::format("at most {} of the refusals while a token was there",
                     format_percent(*claim.wrongly_refused_at_most));
}

struct Seen {
  std::vector<Decisions> phase = {};  // of each caller
  std::vector<Decisions> run = {};    // the same, of the whole run
  Time from{};                        // of the phase
  Time to{};
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;
  std::uint64_t service_unavailable = 0;  // of the unknown: perhaps refusals by another status
  double offered = 0;                     // requests a second, of the caller that sent most
};

double seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

// A probe's first caller, alone; else all that was sent in the phase.
Seen look(const View& view, const PhaseWindow& phase, const scenarios::RateLimitExpectation& claim,
          const ProbeSeen& probe) {
  const bool per_key = !claim.per.empty() && !phase.plan->probe;
  Seen seen{.phase = decisions_of(phase.plan->probe ? Exchanges(probe.own) : Exchanges(phase.requests), claim.status,
                                  per_key),
            .run = decisions_of(view.ingress(), claim.status, per_key),
            .from = phase.begin,
            .to = phase.end};
  if (phase.plan->probe) seen.run = seen.phase;
  for (const Decisions& decisions : seen.phase) {
    for (const Decision& decision : decisions) {
      ++seen.requests;
      seen.refused += decision.what == What::refused ? 1 : 0;
      seen.unknown += decision.what == What::unknown ? 1 : 0;
      seen.service_unavailable += decision.what == What::unknown && decision.request->status == 503 ? 1 : 0;
    }
    const double lasted = std::max(1e-9, seconds(decisions.back().start - decisions.front().start));
    seen.offered = std::max(seen.offered, static_cast<double>(decisions.size() - 1) / lasted);
  }
  return seen;
}

// Why nothing can be said of the limit; empty: it can.
std::string untried(const Seen& seen, const scenarios::RateLimitExpectation& claim) {
  if (seen.requests == 0) {
    return claim.per.empty() ? "no request was sent in this phase"
                             : fmt::format("no request carried the header {}", claim.per);
  }
  if (seen.refused >= refusals_min) return "";
  std::string text = fmt::format(
      "{} of {} requests were refused with {}, at {:.3g}/s: the limit was not reached; send "
      "at least {:.3g}/s, or let a phase probe it (probe: rate-limit)",
      seen.refused, seen.requests, claim.status, seen.offered, 2 * claim.rate_per_second);
  if (seen.service_unavailable >= refusals_min)
    text += fmt::format(", or state status: 503, which {} answers had", seen.service_unavailable);
  return text;
}

std::string too_unsure(const Seen& seen) {
  if (static_cast<double>(seen.unknown) <= unknown_share_max * static_cast<double>(seen.requests)) return "";
  return fmt::format("{} of {} requests failed: whether the limit admitted them is not known", seen.unknown,
                     seen.requests);
}

// "19.98/s to 20.03/s": with so many digits as tell the two apart, or the one where six do not.
std::string rate_interval(double low, double high) {
  const double middle = (low + high) / 2;
  for (int digits = 3; digits <= 6; ++digits) {
    const std::string from = fmt::format("{:#.{}g}", low, digits);
    const std::string to = fmt::format("{:#.{}g}", high, digits);
    if (from != to) return fmt::format("{}/s to {}/s", from, to);
  }
  return base::format_rate(middle);
}

std::string_view shape_of(const Saturation& seen, double per_second) {
  if (seen.admitted < 10) return "";
  if (seen.run < std::max(3.0, per_second / 20)) return ", evenly, as a bucket does";
  return ", in rows, as a window does";
}

// Whether requests came at an even pace, as a machine sends them.
bool evenly(const Decisions& decisions) {
  std::vector<Nanoseconds> gaps;
  for (std::size_t at = 1; at < decisions.size(); ++at) gaps.push_back(decisions[at].start - decisions[at - 1].start);
  if (gaps.empty()) return false;
  const Nanoseconds mean = (decisions.back().start - decisions.front().start) / static_cast<std::int64_t>(gaps.size());
  const auto rank = static_cast<std::ptrdiff_t>(gaps.size() * 9 / 10);
  std::ranges::nth_element(gaps, gaps.begin() + rank);
  return 2 * gaps[static_cast<std::size_t>(rank)] <= 3 * mean;
}

// Too little was admitted, also where a refusal came so often that a window limit, too, must have been reached all the
// while. A window saves up nothing: what is not asked for in time is lost, and that is much where requests come unevenly.
bool surely_too_slow(const Seen& seen, double rate) {
  std::uint64_t admitted = 0;
  Nanoseconds least{0};
  double tolerance = rate_tolerance;
  for (const Decisions& decisions : seen.phase) {
    if (!evenly(decisions)) tolerance = uneven_tolerance;
    const double burst = burst_of(decisions, rate).low;
    const Nanoseconds calm(std::llround(1e9 * burst / rate / 2));
    const Saturation one = saturation_of(decisions, rate, burst, calm);
    admitted += one.admitted;
    least += one.least;
  }
  return least > Nanoseconds(0) && static_cast<double>(admitted) / seconds(least) < rate * (1 - tolerance);
}

Check check_rate(const Seen& seen, const scenarios::RateLimitExpectation& claim) {
  const double rate = claim.rate_per_second;
  Check check{.name = "rate", .expected = rate_claim(claim)};
  Saturation all;
  double runs = 0;
  for (const Decisions& decisions : seen.phase) {
    // Where answers are held back, as a queue does, only the greatest burst that is possible is that of the limit.
    const double burst = claim.burst ? static_cast<double>(*claim.burst) : burst_of(decisions, rate).high;
    const Saturation one = saturation_of(decisions, rate, burst);
    all.admitted += one.admitted;
    all.least += one.least;
    all.most += one.most;
    all.refused += one.refused;
    all.lasted += one.lasted;
    all.admitted_in += one.admitted_in;
    runs += one.run == 0 ? 0 : static_cast<double>(one.admitted) / one.run;
  }
  all.run = runs == 0 ? 0 : static_cast<double>(all.admitted) / runs;
  check.samples = all.refused;
  const double expected_meanwhile = rate * seconds(all.lasted);
  if (all.admitted == 0 || all.least <= Nanoseconds(0)) {
    check.measured = fmt::format("{} admitted in {} of refusals", all.admitted_in, format_duration(all.lasted));
    // Shut: not even half of what the rate gives, in a time that is long enough.
    if (expected_meanwhile >= 20 && static_cast<double>(all.admitted_in) < expected_meanwhile / 2)
      check.verdict = Verdict::violated;
    else
      check.missing = fmt::format("the limit was never reached for long: send many times {}, for {} at least{}",
                                  base::format_rate(rate), format_duration(Nanoseconds(std::llround(1e11 / rate))),
                                  claim.burst ? "" : ", and state the burst");
    return check;
  }
  const double low = static_cast<double>(all.admitted) / seconds(all.most);
  const double high = static_cast<double>(all.admitted) / seconds(all.least);
  check.measured = fmt::format("{} ({} admitted in {} of refusals{})", rate_interval(low, high), all.admitted,
                               format_duration(all.least), shape_of(all, rate));
  check.estimate = Estimate{"rate", low, high};
  if (low >= rate * (1 - rate_tolerance) && high <= rate * (1 + rate_tolerance)) check.verdict = Verdict::holds;
  else if (low > rate * (1 + rate_tolerance) || (high < rate * (1 - rate_tolerance) && surely_too_slow(seen, rate)))
    check.verdict = Verdict::violated;
  else if (high < rate * (1 - rate_tolerance))
    check.missing =
        fmt::format("at times fewer came than the limit admits: send {} at least, evenly", base::format_rate(3 * rate));
  else
    check.missing = fmt::format("the limit was reached for {}: a longer phase, or more requests a second",
                                format_duration(all.least));
  return check;
}

Check check_burst(const Seen& seen, const scenarios::RateLimitExpectation& claim, Finding& finding) {
  const double burst = static_cast<double>(*claim.burst);
  const double rate = claim.rate_per_second * (1 + envelope_slack);
  Check check{.name = "burst", .expected = burst_claim(claim)};
  Burst most;
  const Decisions* of = nullptr;
  for (const Decisions& decisions : seen.phase) {
    const Burst one = burst_of(decisions, rate);
    check.samples += decisions.size();
    if (of != nullptr && one.low <= most.low) continue;
    most = one;
    of = &decisions;
  }
  // Where the limit was spent before the phase began, only the whole run shows how much it held.
  Burst ever = most;
  for (const Decisions& decisions : seen.run) {
    const Burst one = burst_of(decisions, rate);
    if (one.low > ever.low && one.from < seen.to) ever = one;
  }
  const bool before = most.low <= burst + 1e-6 && ever.low > burst + 1e-6;
  if (before && ever.to > seen.from) most = ever;
  const double above = std::max(0.0, most.low);
  check.measured =
      fmt::format("between {:.1f} and {:.1f} above the rate ({} admitted in {}, from {} after the phase began)", above,
                  most.high, most.admitted, format_duration(most.to - most.from),
                  format_duration(std::max(Nanoseconds(0), most.from - seen.from)));
  check.estimate = Estimate{"burst", most.low, most.high};
  if (most.low > burst + 1e-6) {
    check.verdict = Verdict::violated;
    finding.timeline.push_back({most.from, "too many are admitted from here"});
    finding.timeline.push_back({most.to, "to here"});
    for (const Decision& decision : *of) {
      if (decision.start >= most.from && decision.end <= most.to && decision.what == What::admitted)
        show(finding, decision.request->request);
    }
  } else if (before) {
    check.missing = fmt::format(
        "before this phase {} were admitted in {}, {:.1f} above the rate, and what is left of the burst says nothing: "
        "let "
        "the limit rest for {} before the phase",
        ever.admitted, format_duration(ever.to - ever.from), ever.low,
        format_duration(Nanoseconds(std::llround(1e9 * burst / claim.rate_per_second))));
  } else if (most.high > burst + 1) {
    check.missing = "the answers come too late to tell when they were decided on: lower the latency of the service";
  } else if (std::max(burst_of(narrowed(*of), rate).low, ever.low) < burst - 2) {
    check.missing = fmt::format(
        "the burst was never spent: let the limit rest for {} before the phase, then send "
        "{} at once",
        format_duration(Nanoseconds(std::llround(1e9 * burst / claim.rate_per_second))), *claim.burst + 1);
  } else {
    check.verdict = Verdict::holds;
  }
  return check;
}

// Nothing was refused, and so much was admitted that no burst explains it.
void check_unlimited(const Seen& seen, const scenarios::RateLimitExpectation& claim, Finding& finding) {
  for (const Decisions& decisions : seen.phase) {
    const Burst burst = burst_of(decisions, claim.rate_per_second);
    if (claim.burst || burst.low <= burst_seconds_max * claim.rate_per_second) continue;
    Check& check = finding.checks.front();
    check.verdict = Verdict::violated;
    check.missing.clear();
    check.samples = burst.admitted;
    check.measured = fmt::format("{} admitted in {}, and {} refused", burst.admitted,
                                 format_duration(burst.to - burst.from), seen.refused);
  }
}

Check check_refusals(const Seen& seen, const scenarios::RateLimitExpectation& claim, Finding& finding) {
  Check check{.name = "wrongly-refused-at-most", .expected = refusals_claim(claim)};
  Cases cases;
  for (const Decisions& decisions : seen.run) {
    const Refusals refusals = replay_bucket(decisions, claim.rate_per_second * (1 - refill_slack),
                                            static_cast<double>(*claim.burst), seen.from, seen.to);
    cases.of += refusals.all;
    cases.bad += refusals.wrong.size();
    for (const Decision* decision : refusals.wrong) {
      show(finding, decision->request->request);
      if (finding.timeline.size() < finding_instants_max)
        finding.timeline.push_back({decision->start, "refused while a token was there"});
    }
  }
  check.measured = fmt::format("{} of {} refusals", cases.bad, cases.of);
  if (*claim.wrongly_refused_at_most <= 0) decide_count(check, cases, 0, "refusals");
  else decide_share(check, cases, *claim.wrongly_refused_at_most, "refusals");
  return check;
}

// What is claimed, each with its name, before anything is known of it.
std::vector<Check> claimed(const scenarios::RateLimitExpectation& claim, const scenarios::Phase& phase) {
  std::vector<Check> checks = {{.name = "rate", .expected = rate_claim(claim)}};
  if (claim.burst) checks.push_back({.name = "burst", .expected = burst_claim(claim)});
  if (claim.wrongly_refused_at_most)
    checks.push_back({.name = "wrongly-refused-at-most", .expected = refusals_claim(claim)});
  if (claim.truthful_retry_after)
    checks.push_back({.name = "truthful-retry-after", .expected = std::string(retry_after_claim)});
  if (claim.truthful_headers)
    checks.push_back({.name = "truthful-headers", .expected = "RateLimit headers tell the truth"});
  if (!claim.algorithm.empty()) checks.push_back({.name = "algorithm", .expected = algorithm_claim(claim)});
  for (std::string& name : probe_checks(phase, claim)) {
    std::string expected = fmt::format("what the probe tells of {}", name);
    checks.push_back({.name = std::move(name), .expected = std::move(expected)});
  }
  return checks;
}

// Nothing can be said, but that too much was admitted where it was.
void judge_untried(const Seen& seen, const scenarios::RateLimitExpectation& claim, const scenarios::Phase& phase,
                   const std::string& why_not, Finding& finding) {
  finding.checks = claimed(claim, phase);
  for (Check& check : finding.checks) {
    check.measured = fmt::format("{} of {} requests refused", seen.refused, seen.requests);
    check.samples = seen.requests;
    check.missing = why_not;
  }
  check_unlimited(seen, claim, finding);
  // More than it may is too much also where it never refuses.
  if (!claim.burst || seen.requests == 0) return;
  Check burst = check_burst(seen, claim, finding);
  if (burst.verdict == Verdict::violated) finding.checks[1] = std::move(burst);
}

// A probe tells the rate while it sends three times as much; who is admitted may be served late, and is decided on at once.
Seen sustained(const Seen& seen, const ProbeSeen& probe, const scenarios::RateLimitExpectation& claim) {
  Seen some = seen;
  some.phase = decisions_of(probe.sustained, claim.status, false);
  for (Decisions& decisions : some.phase) decisions = narrowed(std::move(decisions));
  return some;
}

// A window that explains every decision says how much is admitted in it. What came out of it in the long run may be a few per
// cent less: a sliding counter weighs the window before as if that had been even.
void take_window(Check& rate, const Classification& found, const scenarios::RateLimitExpectation& claim) {
  if (rate.verdict != Verdict::inconclusive || !found.what) return;
  const Fit& fit = found.fits.front();
  const bool slides = fit.what == LimiterClass::sliding_counter || fit.what == LimiterClass::sliding_log;
  if (fit.what != *found.what || !slides || fit.contradictions > 0) return;
  const double per_second = fit.at_once / seconds(fit.window);
  if (std::abs(per_second - claim.rate_per_second) > claim.rate_per_second * rate_tolerance) return;
  rate.verdict = Verdict::holds;
  rate.missing.clear();
  rate.measured += fmt::format("; {} explains all {} decisions", describe(fit), found.decisions);
  rate.estimate = Estimate{"rate", std::min(per_second, rate.estimate ? rate.estimate->low : per_second),
                           std::max(per_second, rate.estimate ? rate.estimate->high : per_second)};
}

void judge_tried(const Seen& seen, const scenarios::RateLimitExpectation& claim, const PhaseWindow& phase,
                 const ProbeSeen& probe, Finding& finding) {
  finding.checks.push_back(check_rate(phase.plan->probe ? sustained(seen, probe, claim) : seen, claim));
  if (claim.burst) finding.checks.push_back(check_burst(seen, claim, finding));
  if (claim.wrongly_refused_at_most) finding.checks.push_back(check_refusals(seen, claim, finding));
  if (claim.truthful_retry_after) finding.checks.push_back(check_retry_after(seen.phase, finding));
  if (claim.truthful_headers) finding.checks.push_back(check_headers(seen.phase, claim.rate_per_second, finding));
  if (!claim.algorithm.empty() || phase.plan->probe) {
    const Classification found = classified(seen.phase, claim, phase.plan->probe.has_value());
    if (seen.phase.size() == 1) take_window(finding.checks.front(), found, claim);
    if (!claim.algorithm.empty()) finding.checks.push_back(check_algorithm(found, claim));
    else finding.checks.front().measured += found.what ? "; " + found.evidence : "; its algorithm cannot be told";
  }
  if (!phase.plan->probe) return;
  for (Check& check : check_probe(probe, *phase.plan, claim, finding)) finding.checks.push_back(std::move(check));
}

}  // namespace

Finding judge_rate_limit(const View& view, const PhaseWindow& phase,
                         const scenarios::RateLimitExpectation& expectation) {
  Finding finding;
  finding.expectation = "rate-limit";
  const ProbeSeen probe = phase.plan->probe ? probe_seen(view, phase) : ProbeSeen();
  const Seen seen = look(view, phase, expectation, probe);
  const std::string why_not = probe.why_not.empty() ? untried(seen, expectation) : probe.why_not;
  const std::string unsure = too_unsure(seen);
  if (!why_not.empty()) {
    judge_untried(seen, expectation, *phase.plan, why_not, finding);
  } else {
    judge_tried(seen, expectation, phase, probe, finding);
    if (!unsure.empty()) {
      for (Check& check : finding.checks) {
        if (check.verdict == Verdict::violated && check.name != "rate") continue;
        check.verdict = Verdict::inconclusive;
        check.missing = unsure;
      }
    }
  }
  conclude(finding, "The rate limit", false);
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
