#include "harness/verify/trace_propagation.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "harness/base/units.h"
#include "harness/verify/calls.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

struct Carried {
  Cases lost = {};
  std::uint64_t without = 0;  // of the lost: no trace id at all, in one of the headers
  std::uint64_t strange = 0;  // of no request, or of one that was over for too long
  std::uint64_t late = 0;  // not among the lost: of one that had been answered, and nothing says how late is too late
  Cases old_parent = {};   // of those with the right trace
};

std::uint8_t bit_of(std::string_view header) {
  return header == "b3" ? events::in_b3 : header == "x-b3" ? events::in_x_b3 : events::in_traceparent;
}

// Before version 5 of the log every trace stood in a traceparent.
std::uint8_t carriers_of(const events::Exchange& call) {
  return call.carriers == 0 && !call.trace.none() ? std::uint8_t{events::in_traceparent} : call.carriers;
}

Carried carried_in(const View& view, const PhaseWindow& phase, const scenarios::TraceExpectation& claim,
                   std::string_view header, Finding& finding) {
  Carried carried;
  const Nanoseconds after = claim.background_within ? *claim.background_within + sight : stale_after;
  const Exchanges calls = view.egress_of(claim.on);
  const auto callers = view.callers_of(claim.on);
  std::unordered_map<std::uint32_t, std::uint32_t>
      parents;  // and the request that it was first seen with; only asked for single ids
  for (std::size_t at = 0; at < calls.size(); ++at) {
    const events::Exchange& call = *calls[at];
    if (call.start < phase.begin || call.start >= phase.end) continue;
    ++carried.lost.of;
    const bool there = (carriers_of(call) & bit_of(header)) != 0;
    if (there && callers[at] != View::nobody) {
      const events::Exchange& request = *view.ingress()[callers[at]];
      if (request.start <= call.start + sight && call.start <= request.end + after) {
        carried.late += !claim.background_within && call.start > request.end + sight ? 1 : 0;
        const auto [first, is_new] = parents.emplace(call.parent, callers[at]);
        const bool old = call.parent == static_cast<std::uint32_t>(request.request) || first->second != callers[at];
        ++carried.old_parent.of;
        carried.old_parent.bad += old ? 1 : 0;
        continue;
      }
    }
    ++carried.lost.bad;
    (there ? carried.strange : carried.without) += 1;
    if (finding.timeline.size() < finding_instants_max)
      finding.timeline.push_back({call.start, there ? "call with a strange trace" : "call without a trace"});
  }
  return carried;
}

void decide_lost(Check& check, Cases cases, double at_least) {
  if (at_least >= 1) decide_count(check, cases, 0, "calls");
  else decide_share(check, cases, 1 - at_least, "calls");
}

// Work in the background is one thing, the trace of another request another, and nobody can tell them apart.
void doubt_late(Check& check, const Carried& carried, double at_least) {
  if (check.verdict == Verdict::violated || carried.late == 0) return;
  Check worst;
  decide_lost(worst, {carried.lost.bad + carried.late, carried.lost.of}, at_least);
  if (worst.verdict == Verdict::holds) return;
  check.verdict = Verdict::inconclusive;
  check.missing = fmt::format(
      "{} calls began after the request of their trace had been answered: work in the background, or the trace of "
      "another one; state background-within",
      carried.late);
}

Check check_share(const View& view, const Carried& carried, const scenarios::TraceExpectation& claim,
                  std::string_view header) {
  const bool alone = claim.headers.size() == 1 && header == "traceparent";
  Check check{.name = alone ? "share-at-least" : fmt::format("share-at-least, {}", header),
              .expected = fmt::format("at least {} of the calls carry the trace of their request in {}",
                                      base::format_percent(claim.share_at_least), header)};
  const bool traced = std::ranges::any_of(view.ingress(), [](const auto* request) { return !request->trace.none(); });
  check.samples = carried.lost.of;
  check.measured = fmt::format("{} of {} calls do, {} carry none, {} one of no request that was under way",
                               carried.lost.of - carried.lost.bad, carried.lost.of, carried.without, carried.strange);
  if (!traced) check.missing = "the requests that were sent carried no trace id";
  else if (carried.lost.of == 0) check.missing = fmt::format("{} was not called in this phase", claim.on);
  else decide_lost(check, carried.lost, claim.share_at_least);
  doubt_late(check, carried, claim.share_at_least);
  return check;
}

Check check_parent(const View& view, const Carried& carried, const scenarios::TraceExpectation& claim) {
  Check check{.name = "new-parent",
              .expected = fmt::format("at least {} of the calls have a parent id of their own",
                                      base::format_percent(claim.share_at_least))};
  check.samples = carried.old_parent.of;
  check.measured = fmt::format("{} of {} calls have that of their request, or of a call for another one",
                               carried.old_parent.bad, carried.old_parent.of);
  const bool known =
      std::ranges::any_of(view.egress_of(claim.on), [](const auto* call) { return call->carriers != 0; });
  if (carried.old_parent.of == 0) check.missing = "no call carried the trace of its request";
  else if (!known) check.missing = "this run is too old: it did not keep the parent ids of calls";
  else decide_lost(check, carried.old_parent, claim.share_at_least);
  return check;
}

}  // namespace

Finding judge_trace_propagation(const View& view, const PhaseWindow& phase,
                                const scenarios::TraceExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("trace-propagation on {}", expectation.on);
  Carried first;
  for (const std::string& header : expectation.headers) {
    const Carried carried = carried_in(view, phase, expectation, header, finding);
    finding.checks.push_back(check_share(view, carried, expectation, header));
    if (&header == &expectation.headers.front()) first = carried;
  }
  if (expectation.new_parent) finding.checks.push_back(check_parent(view, first, expectation));
  conclude(finding, fmt::format("The trace propagation to {}", expectation.on), false);
  if (finding.verdict == Verdict::holds) finding.timeline.clear();
  return finding;
}

}  // namespace stormproof::verify
