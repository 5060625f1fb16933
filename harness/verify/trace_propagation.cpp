#include "harness/verify/trace_propagation.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/units.h"
#include "harness/verify/calls.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

struct Carried {
  Cases lost = {};
  std::uint64_t without = 0;  // of the lost: no trace id at all
  std::uint64_t strange = 0;  // of no request, or of one that was over
};

Carried carried_in(const View& view, const PhaseWindow& phase, std::string_view dependency, Finding& finding) {
  Carried carried;
  const Exchanges calls = view.egress_of(dependency);
  const auto callers = view.callers_of(dependency);
  for (std::size_t at = 0; at < calls.size(); ++at) {
    const events::Exchange& call = *calls[at];
    if (call.start < phase.begin || call.start >= phase.end) continue;
    ++carried.lost.of;
    if (callers[at] != View::nobody) {
      const events::Exchange& request = *view.ingress()[callers[at]];
      if (request.start <= call.start + sight && call.start <= request.end + stale_after) continue;
    }
    ++carried.lost.bad;
    (call.trace.none() ? carried.without : carried.strange) += 1;
    if (finding.timeline.size() < finding_instants_max)
      finding.timeline.push_back(
          {call.start, call.trace.none() ? "call without a trace" : "call with a strange trace"});
  }
  return carried;
}

}  // namespace

Finding judge_trace_propagation(const View& view, const PhaseWindow& phase,
                                const scenarios::TraceExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("trace-propagation on {}", expectation.on);
  Check check{.name = "share-at-least",
              .expected = fmt::format("at least {} of the calls carry the trace of their request",
                                      base::format_percent(expectation.share_at_least))};
  const bool traced = std::ranges::any_of(view.ingress(), [](const auto* request) { return !request->trace.none(); });
  const Carried carried = carried_in(view, phase, expectation.on, finding);
  check.samples = carried.lost.of;
  check.measured = fmt::format("{} of {} calls do, {} carry none, {} one of no request that was under way",
                               carried.lost.of - carried.lost.bad, carried.lost.of, carried.without, carried.strange);
  if (!traced) check.missing = "the requests that were sent carried no trace id";
  else if (carried.lost.of == 0) check.missing = fmt::format("{} was not called in this phase", expectation.on);
  else if (expectation.share_at_least >= 1) decide_count(check, carried.lost, 0, "calls");
  else decide_share(check, carried.lost, 1 - expectation.share_at_least, "calls");
  finding.checks.push_back(std::move(check));
  conclude(finding, fmt::format("The trace propagation to {}", expectation.on), false);
  if (finding.verdict == Verdict::holds) finding.timeline.clear();
  return finding;
}

}  // namespace stormproof::verify
