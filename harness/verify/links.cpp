#include "harness/verify/links.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/units.h"
#include "harness/verify/attempts.h"

namespace stormproof::verify {
namespace {

using scenarios::BreakerExpectation;
using scenarios::RetriesExpectation;
using scenarios::TimeoutExpectation;

const Check* violated_check(const Finding& finding, std::string_view name) {
  const auto found = std::ranges::find_if(
      finding.checks, [name](const Check& check) { return check.name == name && check.verdict == Verdict::violated; });
  return found == finding.checks.end() ? nullptr : &*found;
}

struct Repeated {
  std::uint64_t failed = 0;    // first calls
  std::uint64_t repeated = 0;  // of them
  std::uint64_t saved = 0;     // of these: the last call was good
  std::uint64_t calls = 0;
};

Repeated repeated_in(const View& view, const PhaseWindow& phase, std::string_view dependency) {
  Repeated found;
  const auto window = fault_window(phase, dependency);
  if (!window) return found;
  for (const Chain& chain : attempts_of(view, dependency, *window).chains) {
    if (!call_failed(*chain.calls.front())) continue;
    ++found.failed;
    found.calls += chain.calls.size();
    if (chain.calls.size() < 2) continue;
    ++found.repeated;
    found.saved += chain.exhausted() ? 0 : 1;
  }
  return found;
}

void explain_breaker(Finding& finding, const Subject& subject, const View& view, const BreakerExpectation& breaker) {
  if (violated_check(finding, "opens-within") == nullptr) return;
  const Repeated found = repeated_in(view, *subject.phase, breaker.on);
  const bool often = static_cast<double>(found.repeated) >= linked_share_min * static_cast<double>(found.failed);
  if (found.repeated < linked_calls_min || !often) return;
  const double times = static_cast<double>(found.calls) / static_cast<double>(found.failed);
  if (2 * found.saved >= found.repeated) {
    finding.summary += fmt::format(
        " The breaker is dead because of the retries: {} of {} failed calls were repeated until one was good ({:.2g} "
        "calls for each), so that what counts failures sees none.",
        found.repeated, found.failed, times);
  } else {
    finding.summary += fmt::format(
        " Retries go around it: {} of {} failed calls were repeated for the same request, {:.2g} calls for each.",
        found.repeated, found.failed, times);
  }
}

void explain_timeout(Finding& finding) {
  if (violated_check(finding, "leaks-at-most") == nullptr) return;
  finding.summary +=
      " The calls go on although nobody waits for them: their own timeout is longer than that of their caller, or they "
      "are not cancelled with it.";
}

// The other finding on the same dependency in the same phase, where it is violated, too.
void mention(Finding& finding, const Finding& other, std::string_view what) {
  if (other.verdict == Verdict::violated)
    finding.summary += fmt::format(" See {} (line {}): {}.", other.expectation, other.line, what);
}

}  // namespace

void link(std::vector<Finding>& findings, const std::vector<Subject>& subjects, const View& view) {
  for (std::size_t at = 0; at < findings.size(); ++at) {
    Finding& finding = findings[at];
    if (finding.verdict != Verdict::violated) continue;
    const auto& what = subjects[at].expectation->what;
    if (std::holds_alternative<TimeoutExpectation>(what)) explain_timeout(finding);
    const auto* const breaker = std::get_if<BreakerExpectation>(&what);
    if (breaker == nullptr) continue;
    explain_breaker(finding, subjects[at], view, *breaker);
    for (std::size_t other = 0; other < findings.size(); ++other) {
      const auto* const retries = std::get_if<RetriesExpectation>(&subjects[other].expectation->what);
      if (retries != nullptr && retries->on == breaker->on && subjects[other].phase == subjects[at].phase)
        mention(finding, findings[other], "each retry is a call that the breaker should have kept back");
    }
  }
}

}  // namespace stormproof::verify
