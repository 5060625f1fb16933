#include "harness/verify/fail_fast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;

// Those that were suppressed while the breaker was surely open.
std::vector<const Opportunity*> suppressed_while_open(const Outage& outage) {
  std::vector<const Opportunity*> found;
  const Openness& seen = outage.reading.seen;
  const Calls& calls = *outage.calls;
  if (!seen.opened) return found;
  for (const OpenRun& run : seen.runs) {
    for (std::size_t at = run.first; at <= run.last; ++at) {
      if (calls.opportunities[at].start > seen.opened->high) found.push_back(&calls.opportunities[at]);
    }
    const Time from = std::max(seen.opened->high, calls.opportunities[run.first].start);
    const Time to = calls.opportunities[run.last].start;
    auto hung = std::ranges::upper_bound(calls.unanswered, from, {}, &Opportunity::start);
    for (; hung != calls.unanswered.end() && hung->start <= to; ++hung) found.push_back(&*hung);
  }
  return found;
}

std::vector<Nanoseconds> sorted(const std::vector<const Opportunity*>& requests, Nanoseconds Opportunity::* bound) {
  std::vector<Nanoseconds> values;
  for (const Opportunity* request : requests) values.push_back(request->*bound);
  std::ranges::sort(values);
  return values;
}

std::string shown(Nanoseconds value) { return value == no_answer ? "no answer" : format_duration(value); }

std::string shown(const std::vector<Nanoseconds>& values, std::optional<std::uint64_t> rank) {
  return rank ? shown(values[*rank - 1]) : "not known";
}

}  // namespace

Check check_fails_fast(const Outage& outage, Nanoseconds within) {
  Check check{.name = "fails-fast-within",
              .expected = fmt::format("99% of the requests answered within {} while open", format_duration(within))};
  const auto requests = suppressed_while_open(outage);
  check.samples = requests.size();
  check.measured = fmt::format("{} suppressed requests", requests.size());
  if (!outage.calls->correlated) {
    check.missing =
        "calls carry no known trace id, so requests that do not call cannot be told from those that never would: send "
        "traceparent with each call";
    return check;
  }
  if (requests.empty()) {
    check.missing = outage.reading.seen.opened ? "no request was suppressed after the opening"
                                               : "the breaker never opened: there is nothing that could fail fast";
    return check;
  }
  const auto most = sorted(requests, &Opportunity::most);
  const auto least = sorted(requests, &Opportunity::least);
  const QuantileRanks ranks = quantile_ranks(requests.size(), fail_fast_quantile);
  const auto rank = static_cast<std::size_t>(std::ceil(fail_fast_quantile * static_cast<double>(requests.size())));
  check.measured = fmt::format("p99 {} in {} suppressed requests, interval {} to {}", shown(most[rank - 1]),
                               requests.size(), shown(least, ranks.lower), shown(most, ranks.upper));
  if (ranks.upper && most[*ranks.upper - 1] <= within) {
    check.verdict = Verdict::holds;
  } else if (ranks.lower && least[*ranks.lower - 1] > within) {
    check.verdict = Verdict::violated;
  } else if (const auto needed = samples_for_quantile(fail_fast_quantile); requests.size() < needed) {
    check.missing =
        fmt::format("{} requests met the open breaker: needs at least {}: a longer phase or more requests a second",
                    requests.size(), needed);
  } else {
    check.missing = "too near the limit to decide: a longer phase or more requests a second";
  }
  return check;
}

std::vector<std::uint64_t> slow_while_open(const Outage& outage, Nanoseconds within) {
  std::vector<std::uint64_t> slow;
  for (const Opportunity* request : suppressed_while_open(outage)) {
    if (request->least > within && slow.size() < finding_exchanges_max) slow.push_back(request->request);
  }
  return slow;
}

}  // namespace stormproof::verify
