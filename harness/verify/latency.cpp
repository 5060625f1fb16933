#include "harness/verify/latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;

struct Sample {
  std::vector<Nanoseconds> sorted;  // a request without an answer stands at the end, as Nanoseconds::max()
  std::uint64_t unanswered = 0;
};

Sample sample_of(Exchanges ingress) {
  Sample sample;
  sample.sorted.reserve(ingress.size());
  for (const events::Exchange* request : ingress) {
    if (request->outcome == events::Outcome::shed) continue;
    const bool answered = request->outcome == events::Outcome::answered;
    sample.sorted.push_back(answered ? request->end - request->intended : Nanoseconds::max());
    sample.unanswered += answered ? 0 : 1;
  }
  std::ranges::sort(sample.sorted);
  return sample;
}

std::string shown(Nanoseconds value) { return value == Nanoseconds::max() ? "no answer" : format_duration(value); }

std::string shown(const Sample& sample, std::optional<std::uint64_t> rank) {
  return rank ? shown(sample.sorted[*rank - 1]) : "not known";
}

void decide_maximum(Check& check, const Sample& sample, Nanoseconds limit) {
  const Nanoseconds worst_value = sample.sorted.back();
  check.measured =
      fmt::format("{} in {} requests ({} without an answer)", shown(worst_value), check.samples, sample.unanswered);
  if (worst_value > limit) check.verdict = Verdict::violated;
  else if (check.samples >= census_min) check.verdict = Verdict::holds;
  else check.missing = fmt::format("{} requests: a maximum needs at least {}", check.samples, census_min);
}

void decide_quantile(Check& check, const Sample& sample, const scenarios::LatencyExpectation::Limit& limit) {
  const QuantileRanks ranks = quantile_ranks(check.samples, limit.quantile);
  const auto rank = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(limit.quantile * static_cast<double>(check.samples))), 1, check.samples);
  check.measured =
      fmt::format("{} in {} requests ({} without an answer), interval {} to {}", shown(sample.sorted[rank - 1]),
                  check.samples, sample.unanswered, shown(sample, ranks.lower), shown(sample, ranks.upper));
  if (ranks.upper && sample.sorted[*ranks.upper - 1] <= limit.at_most) {
    check.verdict = Verdict::holds;
  } else if (ranks.lower && sample.sorted[*ranks.lower - 1] > limit.at_most) {
    check.verdict = Verdict::violated;
  } else {
    const auto slow =
        static_cast<std::uint64_t>(sample.sorted.end() - std::ranges::upper_bound(sample.sorted, limit.at_most));
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
              .samples = sample.sorted.size()};
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

Finding judge_latency(const PhaseWindow& phase, const scenarios::LatencyExpectation& expectation) {
  Finding finding;
  finding.expectation = "latency";
  const Exchanges ingress = phase.requests;
  const Sample sample = sample_of(ingress);
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
    const bool slow = request->outcome != events::Outcome::answered || request->end - request->intended > lowest;
    if (slow) finding.exchanges.push_back(request->request);
  }
  return finding;
}

}  // namespace stormproof::verify
