#include "harness/verify/retries.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/calls.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using base::format_percent;
using events::Advice;
using events::Exchange;

constexpr std::string_view exhausted_noun = "calls that failed, and so did what repeated them";

bool told_to_wait(const Exchange& call) {
  return call.advice.retry_after != Advice::not_said && call.advice.retry_after > 0;
}

void note(Finding& finding, const Exchange& call, std::string_view what) {
  if (finding.timeline.size() < finding_instants_max) finding.timeline.push_back({call.start, std::string(what)});
}

Check check_attempts(const Attempts& attempts, std::uint64_t at_most, Finding& finding) {
  Check check{.name = "attempts-at-most", .expected = fmt::format("at most {} calls for one request", at_most)};
  Cases cases;
  std::size_t most = 0;
  std::vector<std::size_t> lengths;
  for (const Chain& chain : attempts.chains) {
    const bool over = chain.calls.size() > at_most;
    if (!over && !chain.exhausted()) continue;
    ++cases.of;
    most = std::max(most, chain.calls.size());
    lengths.push_back(chain.calls.size());
    if (!over) continue;
    ++cases.bad;
    show(finding, chain.request->request);
    note(finding, *chain.calls[at_most], "one call too many");
  }
  std::ranges::sort(lengths);
  check.measured = lengths.empty() ? "no call failed for good"
                                   : fmt::format("{} calls where all failed (median), {} at most; {} of {} too many",
                                                 lengths[lengths.size() / 2], most, cases.bad, cases.of);
  if (most > 0) check.estimate = Estimate{"attempts", static_cast<double>(most), static_cast<double>(most)};
  decide_count(check, cases, 0, exhausted_noun);
  return check;
}

struct Amplification {
  double low = 0;
  double middle = 0;
  double high = 0;
};

// By the normal approximation of a mean of hundreds of requests, at 97.5 % on each side.
Amplification amplification_of(const std::vector<double>& calls, double healthy) {
  double sum = 0;
  double squares = 0;
  for (const double count : calls) sum += count;
  const double n = static_cast<double>(calls.size());
  const double mean = sum / n;
  for (const double count : calls) squares += (count - mean) * (count - mean);
  const double reach = 1.96 * std::sqrt(squares / std::max(1.0, n - 1) / n);
  return {(mean - reach) / healthy, mean / healthy, (mean + reach) / healthy};
}

Check check_amplification(const Attempts& attempts, double at_most, Finding& finding) {
  Check check{.name = "amplification-at-most",
              .expected = fmt::format("at most {:.3g} times the calls of the steady state", at_most)};
  std::vector<std::pair<const Exchange*, double>> by_request;
  for (const Chain& chain : attempts.chains)
    by_request.emplace_back(chain.request, static_cast<double>(chain.calls.size()));
  std::ranges::sort(by_request, {}, [](const auto& each) { return each.first->request; });
  std::vector<double> calls;
  const Exchange* last = nullptr;
  for (const auto& [request, count] : by_request) {
    if (request == last) calls.back() += count;
    else calls.push_back(count);
    last = request;
  }
  const auto failed =
      std::ranges::count_if(attempts.chains, [](const Chain& chain) { return call_failed(*chain.calls.front()); });
  check.samples = calls.size();
  if (calls.size() < census_cases_min || failed < std::ssize(attempts.chains) / 200 + 1) {
    check.measured = fmt::format("{} requests called, {} of their calls failed", calls.size(), failed);
    check.missing = failed == 0 ? "no call failed: there was nothing to repeat"
                                : fmt::format("needs at least {} requests that call: a longer phase or more of them",
                                              census_cases_min);
    return check;
  }
  const Amplification seen = amplification_of(calls, attempts.healthy_calls);
  check.measured = fmt::format(
      "{:.3g} times ({} requests that called, {:.0f} % of their first calls failed), interval "
      "{:.3g} to {:.3g}",
      seen.middle, calls.size(), 100 * static_cast<double>(failed) / static_cast<double>(attempts.chains.size()),
      seen.low, seen.high);
  if (seen.high <= at_most * (1 + amplification_slack)) {
    check.verdict = Verdict::holds;
  } else if (seen.low > at_most * (1 + amplification_slack)) {
    check.verdict = Verdict::violated;
    for (const Chain& chain : attempts.chains) {
      if (static_cast<double>(chain.calls.size()) > at_most) show(finding, chain.request->request);
    }
  } else {
    check.missing =
        fmt::format("{} requests are too few to tell: a longer phase or more requests a second", calls.size());
  }
  return check;
}

Check check_writes(const Attempts& attempts, std::uint64_t at_most, Finding& finding) {
  Check check{.name = "repeated-writes-at-most",
              .expected = fmt::format("at most {} calls with POST or PATCH sent again", at_most)};
  Cases cases;
  for (const Chain& chain : attempts.chains) {
    if (!chain.writes) continue;
    for (std::size_t at = 0; at < chain.calls.size(); ++at) {
      if (!call_failed(*chain.calls[at])) continue;
      ++cases.of;
      if (at + 1 == chain.calls.size()) continue;
      ++cases.bad;
      show(finding, chain.request->request);
      note(finding, *chain.calls[at + 1], "a write sent again");
    }
  }
  check.measured = fmt::format("{} of {} writes that failed were sent again", cases.bad, cases.of);
  decide_count(check, cases, at_most, "writes that failed");
  return check;
}

Check check_retry_after(const Attempts& attempts, Finding& finding) {
  Check check{.name = "honours-retry-after", .expected = "no call before the time that Retry-After gave"};
  Cases cases;
  std::uint64_t repeated = 0;
  Nanoseconds earliest = Nanoseconds::max();
  for (const Chain& chain : attempts.chains) {
    for (std::size_t at = 0; at < chain.calls.size(); ++at) {
      const Exchange& call = *chain.calls[at];
      if (!call_failed(call) || !told_to_wait(call)) continue;
      ++cases.of;
      if (at + 1 == chain.calls.size()) continue;
      ++repeated;
      const Nanoseconds waited = chain.calls[at + 1]->start - call.end;
      if (waited >= std::chrono::seconds(call.advice.retry_after) - early_slack) continue;
      ++cases.bad;
      earliest = std::min(earliest, waited);
      show(finding, chain.request->request);
      note(finding, *chain.calls[at + 1], "called before Retry-After was over");
    }
  }
  check.measured = fmt::format("{} answers said Retry-After, {} were followed by another call, {} of them too early",
                               cases.of, repeated, cases.bad);
  if (cases.bad > 0) check.measured += fmt::format(", after {}", format_duration(earliest));
  if (cases.of == 0) {
    check.missing = "no failed answer said Retry-After: give the abort headers: {Retry-After: \"1\"}";
    return check;
  }
  decide_count(check, cases, 0, "failed answers with Retry-After");
  return check;
}

// Waits before the n-th call of chains, sorted; where Retry-After did not ask for another.
std::vector<Nanoseconds> waits_before(const Attempts& attempts, std::size_t attempt) {
  std::vector<Nanoseconds> waits;
  for (const Chain& chain : attempts.chains) {
    if (chain.calls.size() <= attempt || told_to_wait(*chain.calls[attempt - 1])) continue;
    if (const auto wait = wait_before(chain, attempt)) waits.push_back(*wait);
  }
  std::ranges::sort(waits);
  return waits;
}

// True: there are too few to say anything.
bool too_few(Check& check, std::size_t count) {
  check.samples = count;
  if (count >= waits_min) return false;
  check.measured = fmt::format("{} calls were repeated so often", count);
  check.missing = fmt::format("needs at least {} of them: a longer phase or more requests a second", waits_min);
  return true;
}

Check check_first_wait(const Attempts& attempts, const scenarios::Around& claim) {
  Check check{.name = "first-backoff",
              .expected = fmt::format("{} ± {} before the first repetition", format_duration(claim.value),
                                      format_percent(claim.tolerance))};
  const auto waits = waits_before(attempts, 1);
  if (too_few(check, waits.size())) return check;
  const QuantileRanks ranks = quantile_ranks(waits.size(), 0.5);
  const Span seen{waits[*ranks.lower - 1], waits[*ranks.upper - 1]};
  const auto part = [&](double share) {
    return Nanoseconds(std::llround(static_cast<double>(claim.value.count()) * share));
  };
  const Span band{part(1 - claim.tolerance) - sight, part(1 + claim.tolerance) + sight};
  check.measured =
      fmt::format("{} (median of {}), interval {}; all of them {}", format_duration(waits[waits.size() / 2]),
                  waits.size(), describe(seen), describe({waits.front(), waits.back()}));
  if (seen.low >= band.low && seen.high <= band.high) check.verdict = Verdict::holds;
  else if (seen.high < band.low || seen.low > band.high) check.verdict = Verdict::violated;
  else check.missing = fmt::format("{} waits leave it open: a longer phase or more requests a second", waits.size());
  return check;
}

Check check_factor(const Attempts& attempts, double claim) {
  Check check{
      .name = "backoff-factor",
      .expected = fmt::format("each wait {:.3g} ± {} times the one before", claim, format_percent(factor_tolerance))};
  std::vector<double> ratios;
  Nanoseconds longest{0};
  for (const Chain& chain : attempts.chains) {
    if (chain.calls.size() < 3 || told_to_wait(*chain.calls[0]) || told_to_wait(*chain.calls[1])) continue;
    const auto first = wait_before(chain, 1);
    const auto second = wait_before(chain, 2);
    if (!first || !second) continue;
    longest = std::max({longest, *first, *second});
    ratios.push_back(static_cast<double>(second->count()) / std::max(1.0, static_cast<double>(first->count())));
  }
  if (too_few(check, ratios.size())) return check;
  std::ranges::sort(ratios);
  const QuantileRanks ranks = quantile_ranks(ratios.size(), 0.5);
  const double low = ratios[*ranks.lower - 1];
  const double high = ratios[*ranks.upper - 1];
  check.measured = fmt::format("{:.3g} (median of {}), interval {:.3g} to {:.3g}", ratios[ratios.size() / 2],
                               ratios.size(), low, high);
  const double least = claim * (1 - factor_tolerance);
  const double most = claim * (1 + factor_tolerance);
  if (longest < factor_wait_min)
    check.missing = fmt::format("waits of {} at most are too short to tell a law by", format_duration(longest));
  else if (low >= least && high <= most) check.verdict = Verdict::holds;
  else if (high < least || low > most) check.verdict = Verdict::violated;
  else check.missing = fmt::format("{} chains leave it open: a longer phase or more requests a second", ratios.size());
  return check;
}

// Half the range from the 5th to the 95th percentile, in comparison with its middle; an even draw from ± j gives j.
double spread(Nanoseconds low, Nanoseconds high, Nanoseconds slack) {
  constexpr double covered = 0.9;
  const double middle = static_cast<double>((low + high).count());
  const double range = static_cast<double>(std::max(Nanoseconds(0), high - low - slack).count());
  return middle <= 0 ? 0 : range / middle / covered;
}

Check check_jitter(const Attempts& attempts, double at_least) {
  Check check{.name = "jitter-at-least",
              .expected = fmt::format("waits vary by at least ± {}", format_percent(at_least))};
  const auto waits = waits_before(attempts, 1);
  if (too_few(check, waits.size())) return check;
  const QuantileRanks low = quantile_ranks(waits.size(), 0.05);
  const QuantileRanks high = quantile_ranks(waits.size(), 0.95);
  const auto outer_low = low.lower ? waits[*low.lower - 1] : Nanoseconds(0);
  const double least = low.upper && high.lower ? spread(waits[*low.upper - 1], waits[*high.lower - 1], 2 * sight) : 0;
  // Beyond what was seen may lie anything; but not more than chance allows.
  const double most = low.lower && high.upper ? spread(outer_low, waits[*high.upper - 1], Nanoseconds(0)) : 1;
  check.measured = fmt::format("± {} to ± {} around {} ({} waits)", format_percent(least), format_percent(most),
                               format_duration(waits[waits.size() / 2]), waits.size());
  if (least >= at_least) check.verdict = Verdict::holds;
  else if (most < at_least) check.verdict = Verdict::violated;
  else check.missing = fmt::format("{} waits leave it open: a longer phase or more requests a second", waits.size());
  return check;
}

std::vector<std::string> names_of(const scenarios::RetriesExpectation& expectation) {
  std::vector<std::string> names;
  if (expectation.attempts_at_most) names.emplace_back("attempts-at-most");
  if (expectation.amplification_at_most) names.emplace_back("amplification-at-most");
  if (expectation.repeated_writes_at_most) names.emplace_back("repeated-writes-at-most");
  if (expectation.honours_retry_after) names.emplace_back("honours-retry-after");
  if (expectation.first_backoff) names.emplace_back("first-backoff");
  if (expectation.backoff_factor) names.emplace_back("backoff-factor");
  if (expectation.jitter_at_least) names.emplace_back("jitter-at-least");
  return names;
}

void check_all(Finding& finding, const Attempts& attempts, const scenarios::RetriesExpectation& expectation) {
  auto& checks = finding.checks;
  if (const auto most = expectation.attempts_at_most) checks.push_back(check_attempts(attempts, *most, finding));
  if (const auto most = expectation.amplification_at_most)
    checks.push_back(check_amplification(attempts, *most, finding));
  if (const auto most = expectation.repeated_writes_at_most) checks.push_back(check_writes(attempts, *most, finding));
  if (expectation.honours_retry_after) checks.push_back(check_retry_after(attempts, finding));
  if (const auto& claim = expectation.first_backoff) checks.push_back(check_first_wait(attempts, *claim));
  if (const auto claim = expectation.backoff_factor) checks.push_back(check_factor(attempts, *claim));
  if (const auto claim = expectation.jitter_at_least) checks.push_back(check_jitter(attempts, *claim));
}

}  // namespace

Finding judge_retries(const View& view, const PhaseWindow& phase, const scenarios::RetriesExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("retries on {}", expectation.on);
  const auto window = fault_window(phase, expectation.on);
  if (!window) {
    cannot(finding, names_of(expectation), fmt::format("no fault on {} was on in this phase", expectation.on));
  } else {
    const Attempts attempts = attempts_of(view, expectation.on, *window);
    finding.timeline.push_back({window->from, "faults on"});
    if (!attempts.traced) {
      cannot(finding, names_of(expectation),
             "calls carry no known trace id, so that a repetition cannot be told from another call: send traceparent "
             "with each call");
    } else if (attempts.chains.empty() && attempts.left_out > 0) {
      cannot(finding, names_of(expectation),
             fmt::format("each request calls {} several times when it is well, too: a repetition cannot be told from "
                         "another call",
                         expectation.on));
    } else {
      check_all(finding, attempts, expectation);
    }
  }
  conclude(finding, fmt::format("The retries on {}", expectation.on), true);
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
