#include "harness/verify/errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/units.h"
#include "harness/verify/overdue.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_percent;

struct Count {
  std::uint64_t failed = 0;
  std::uint64_t unanswered = 0;  // of them
  std::uint64_t unknown = 0;
  double lower = 0;  // bounds of the share that failed
  double upper = 1;
};

void decide_census(Check& check, const Count& count) {
  if (count.failed > 0) check.verdict = Verdict::violated;
  else if (count.unknown > 0) check.missing = fmt::format("{} requests never left", count.unknown);
  else if (check.samples >= census_min) check.verdict = Verdict::holds;
  else check.missing = fmt::format("{} requests: needs at least {} without a failure", check.samples, census_min);
}

void decide_share(Check& check, const Count& count, double limit) {
  const double upper = count.upper;
  const double lower = count.lower;
  if (upper <= limit) check.verdict = Verdict::holds;
  else if (lower > limit) check.verdict = Verdict::violated;
  else if (const auto enough = samples_to_decide(count.failed, check.samples, limit)) {
    check.missing = fmt::format("{} requests leave {} to {} possible: about {} requests would decide", check.samples,
                                format_percent(lower), format_percent(upper), *enough);
  } else {
    check.missing = fmt::format("the share lies too near the limit of {} to decide with any number of requests",
                                format_percent(limit));
  }
}

}  // namespace

Finding judge_errors(const View& view, const PhaseWindow& phase, const scenarios::ErrorsExpectation& expectation) {
  Finding finding;
  finding.expectation = "errors";
  Check check{.name = "errors",
              .expected = fmt::format("at most {} of the requests fail", format_percent(expectation.at_most))};
  Count count;
  for (const events::Exchange* request : phase.requests) {
    if (request->outcome == events::Outcome::shed) continue;
    ++check.samples;
    const Fate fate = view.attribution().fate(*request);
    count.unknown += fate == Fate::unknown ? 1 : 0;
    if (fate != Fate::failed) continue;
    ++count.failed;
    count.unanswered += request->outcome == events::Outcome::answered ? 0 : 1;
    if (finding.exchanges.size() < finding_exchanges_max) finding.exchanges.push_back(request->request);
  }
  const Overdue overdue = overdue_in(view, phase);
  const auto failed_sent = std::ranges::count_if(
      overdue.sent, [&](const events::Exchange* request) { return view.attribution().fate(*request) == Fate::failed; });
  count.lower =
      share_lower(count.failed, check.samples - count.unknown, static_cast<std::uint64_t>(failed_sent), overdue);
  count.upper = share_upper(count.failed + count.unknown, check.samples);
  if (check.samples == 0) check.missing = "no request was sent in this phase";
  else if (expectation.at_most <= 0) decide_census(check, count);
  else decide_share(check, count, expectation.at_most);
  const std::uint64_t failures = count.failed;
  const double share = check.samples == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(check.samples);
  check.measured =
      fmt::format("{} ({} of {} requests failed, {} without an answer), 95 % bounds {} and {}", format_percent(share),
                  failures, check.samples, count.unanswered, format_percent(count.lower), format_percent(count.upper));
  finding.verdict = check.verdict;
  const std::string_view relation = check.verdict == Verdict::holds      ? "within"
                                    : check.verdict == Verdict::violated ? "above"
                                                                         : "not clearly within or above";
  finding.summary = fmt::format("{} of {} requests failed ({}), {} the limit of {}.", failures, check.samples,
                                format_percent(share), relation, format_percent(expectation.at_most));
  if (check.verdict == Verdict::holds) finding.exchanges.clear();
  finding.checks.push_back(std::move(check));
  return finding;
}

}  // namespace stormproof::verify
