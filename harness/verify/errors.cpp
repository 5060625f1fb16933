#include "harness/verify/errors.h"

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_percent;

void decide_census(Check& check, std::uint64_t failures) {
  if (failures > 0) check.verdict = Verdict::violated;
  else if (check.samples >= census_min) check.verdict = Verdict::holds;
  else check.missing = fmt::format("{} requests: needs at least {} without a failure", check.samples, census_min);
}

void decide_share(Check& check, std::uint64_t failures, double limit) {
  const double upper = share_upper(failures, check.samples);
  const double lower = share_lower(failures, check.samples);
  if (upper <= limit) check.verdict = Verdict::holds;
  else if (lower > limit) check.verdict = Verdict::violated;
  else if (const auto enough = samples_to_decide(failures, check.samples, limit)) {
    check.missing = fmt::format("{} requests leave {} to {} possible: about {} requests would decide", check.samples,
                                format_percent(lower), format_percent(upper), *enough);
  } else {
    check.missing = fmt::format("the share lies too near the limit of {} to decide with any number of requests",
                                format_percent(limit));
  }
}

}  // namespace

Finding judge_errors(const PhaseWindow& phase, const scenarios::ErrorsExpectation& expectation) {
  Finding finding;
  finding.expectation = "errors";
  Check check{.name = "errors",
              .expected = fmt::format("at most {} of the requests fail", format_percent(expectation.at_most))};
  std::uint64_t failures = 0;
  std::uint64_t unanswered = 0;
  for (const events::Exchange* request : phase.requests) {
    if (request->outcome == events::Outcome::shed) continue;
    ++check.samples;
    if (!failed(*request)) continue;
    ++failures;
    unanswered += request->outcome == events::Outcome::answered ? 0 : 1;
    if (finding.exchanges.size() < finding_exchanges_max) finding.exchanges.push_back(request->request);
  }
  if (check.samples == 0) check.missing = "no request was sent in this phase";
  else if (expectation.at_most <= 0) decide_census(check, failures);
  else decide_share(check, failures, expectation.at_most);
  const double share = check.samples == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(check.samples);
  check.measured =
      fmt::format("{} ({} of {} requests failed, {} without an answer), 95 % bounds {} and {}", format_percent(share),
                  failures, check.samples, unanswered, format_percent(share_lower(failures, check.samples)),
                  format_percent(share_upper(failures, check.samples)));
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
