#include "harness/verify/latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/overdue.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;

constexpr std::string_view late_for_another_reason =
    "the requests were late, but the harness's own delay, or its limit of connections, may explain it: raise the "
    "limit, "
    "or give it more cores";

struct Sample {
  std::vector<Nanoseconds> most;   // sorted, from the intended send time; no_answer at the end
  std::vector<Nanoseconds> least;  // sorted, of which the service is sure to have taken so long
  std::uint64_t unanswered = 0;
  Overdue overdue;
  std::vector<Nanoseconds> least_overdue;  // sorted
};

std::uint64_t above(const std::vector<Nanoseconds>& sorted, Nanoseconds limit) {
  return static_cast<std::uint64_t>(sorted.end() - std::ranges::upper_bound(sorted, limit));
}

// With those that never left, by what was sent in their place.
bool surely_slower(const Sample& sample, double share, Nanoseconds limit) {
  if (sample.overdue.never_left == 0) return false;
  const std::uint64_t known = sample.least.size() - sample.overdue.never_left;
  return share_lower(std::min(known, above(sample.least, limit)), known, above(sample.least_overdue, limit),
                     sample.overdue) > share;
}

Sample sample_of(const View& view, const PhaseWindow& phase) {
  const Exchanges ingress = phase.requests;
  Sample sample;
  sample.most.reserve(ingress.size());
  sample.least.reserve(ingress.size());
  for (const events::Exchange* request : ingress) {
    if (request->outcome == events::Outcome::shed) continue;
    sample.most.push_back(view.attribution().most(*request));
    sample.least.push_back(view.attribution().least(*request));
    sample.unanswered += request->outcome == events::Outcome::answered ? 0 : 1;
  }
  sample.overdue = overdue_in(view, phase);
  for (const events::Exchange* request : sample.overdue.sent)
    sample.least_overdue.push_back(view.attribution().least(*request));
  std::ranges::sort(sample.least_overdue);
  std::ranges::sort(sample.most);
  std::ranges::sort(sample.least);
  return sample;
}

std::string shown(Nanoseconds value) { return value == no_answer ? "no answer" : format_duration(value); }

std::string shown(const std::vector<Nanoseconds>& sorted, std::optional<std::uint64_t> rank) {
  return rank ? shown(sorted[*rank - 1]) : "not known";
}

void decide_maximum(Check& check, const Sample& sample, Nanoseconds limit) {
  const Nanoseconds worst_value = sample.most.back();
  check.measured =
      fmt::format("{} in {} requests ({} without an answer)", shown(worst_value), check.samples, sample.unanswered);
  if (sample.least.back() > limit) check.verdict = Verdict::violated;
  else if (worst_value > limit) check.missing = std::string(late_for_another_reason);
  else if (check.samples >= census_min) check.verdict = Verdict::holds;
  else check.missing = fmt::format("{} requests: a maximum needs at least {}", check.samples, census_min);
}

void decide_quantile(Check& check, const Sample& sample, const scenarios::LatencyExpectation::Limit& limit) {
  const QuantileRanks ranks = quantile_ranks(check.samples, limit.quantile);
  const auto rank = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(limit.quantile * static_cast<double>(check.samples))), 1, check.samples);
  check.measured =
      fmt::format("{} in {} requests ({} without an answer), interval {} to {}", shown(sample.most[rank - 1]),
                  check.samples, sample.unanswered, shown(sample.least, ranks.lower), shown(sample.most, ranks.upper));
  if (ranks.upper && sample.most[*ranks.upper - 1] <= limit.at_most) {
    check.verdict = Verdict::holds;
  } else if ((ranks.lower && sample.least[*ranks.lower - 1] > limit.at_most) ||
             surely_slower(sample, 1 - limit.quantile, limit.at_most)) {
    check.verdict = Verdict::violated;
  } else if (ranks.lower && sample.most[*ranks.lower - 1] > limit.at_most) {
    check.missing = std::string(late_for_another_reason);
  } else {
    const std::uint64_t slow = above(sample.most, limit.at_most);
    const auto enough = samples_to_decide(slow, check.samples, 1 - limit.quantile);
    check.missing =
        fmt::format("{} of {} requests were slower than {}: ", slow, check.samples, format_duration(limit.at_most));
    check.missing += enough ? fmt::format("about {} requests would decide", *enough)
                            : "too near the quantile to decide with any number of requests";
  }
}

Check check_limit(const Sample& sample, const scenarios::LatencyExpectation::Limit& limit) {
  Check check{.name = quantile_name(limit.quantile),
              .expected = fmt::format("at most {} from the intended send time", format_duration(limit.at_most)),
              .samples = sample.most.size()};
  if (check.samples == 0) {
    check.measured = "nothing";
    check.missing = "no request was sent in this phase";
  } else if (limit.quantile >= 1) {
    decide_maximum(check, sample, limit.at_most);
  } else {
    decide_quantile(check, sample, limit);
  }
  return check;
}

std::string summarise(const Finding& finding) {
  std::string text;
  for (const Check& check : finding.checks) {
    if (check.verdict != finding.verdict) continue;
    const std::string_view relation = check.verdict == Verdict::holds      ? "is"
                                      : check.verdict == Verdict::violated ? "is not"
                                                                           : "may or may not be";
    text += fmt::format("{}{} {} {}", text.empty() ? "Latency " : "; ", check.name, relation, check.expected);
  }
  return text + ".";
}

}  // namespace

std::string quantile_name(double quantile) { return quantile >= 1 ? "max" : fmt::format("p{:.6g}", quantile * 100); }

Finding judge_latency(const View& view, const PhaseWindow& phase, const scenarios::LatencyExpectation& expectation) {
  Finding finding;
  finding.expectation = "latency";
  const Exchanges ingress = phase.requests;
  const Sample sample = sample_of(view, phase);
  std::vector<Verdict> verdicts;
  Nanoseconds lowest = Nanoseconds::max();
  for (const auto& limit : expectation.limits) {
    finding.checks.push_back(check_limit(sample, limit));
    verdicts.push_back(finding.checks.back().verdict);
    if (verdicts.back() == Verdict::violated) lowest = std::min(lowest, limit.at_most);
  }
  finding.verdict = worst(verdicts);
  finding.summary = finding.checks.empty() ? "No limit was given." : summarise(finding);
  for (const events::Exchange* request : ingress) {
    if (finding.verdict != Verdict::violated || finding.exchanges.size() == finding_exchanges_max) break;
    if (request->outcome == events::Outcome::shed) continue;
    if (view.attribution().least(*request) > lowest) finding.exchanges.push_back(request->request);
  }
  return finding;
}

}  // namespace stormproof::verify
