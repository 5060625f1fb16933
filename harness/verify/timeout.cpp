#include "harness/verify/timeout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/callers.h"
#include "harness/verify/calls.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using events::Exchange;
using events::Outcome;

constexpr std::string_view no_trace = "calls carry no known trace id: send traceparent with each call";

enum class Stage : std::uint8_t { any, head, trickle, idle };
constexpr Stage stages[] = {Stage::head, Stage::trickle, Stage::idle};

std::string_view named(Stage stage) {
  switch (stage) {
    case Stage::head: return "before the head";
    case Stage::trickle: return "while the body trickles";
    case Stage::idle: return "while the body stands still";
    case Stage::any: break;
  }
  return "";
}

// A call that a fault held.
struct Held {
  const Exchange* call = nullptr;
  const Exchange* request = nullptr;  // that made it, where that is known
  bool given_up = false;              // by the service
  Stage stage = Stage::head;          // what had come of the answer
  Nanoseconds lasted() const { return call->end - call->start; }
  bool outlives() const { return request != nullptr && call->end > request->end + leak_slack; }
};

struct Seen {
  FaultWindow window = {};
  bool traced = false;
  std::vector<Held> held = {};   // by start
  std::uint64_t background = 0;  // healthy calls that outlive their request
  std::uint64_t healthy = 0;
};

// The harness left the request first: what the service did then is no timeout.
bool left_by_us(const Held& held) {
  return held.request != nullptr && held.request->outcome != Outcome::answered &&
         held.request->end <= held.call->end + sight;
}

// A fault that sends little by little keeps the bytes coming; others hold all of them back.
Stage stage_of(const View& view, const PhaseWindow& phase, const Exchange& call) {
  if (call.first_byte == Time{}) return Stage::head;
  const auto rule = std::ranges::find(phase.plan->faults, view.log().names.name_of(call.fault), &scenarios::Fault::id);
  if (rule == phase.plan->faults.end() || !rule->message.slow) return Stage::idle;
  return call.end - call.first_byte < rule->message.slow->head ? Stage::head : Stage::trickle;
}

Seen look(const View& view, const PhaseWindow& phase, const FaultWindow& window, std::string_view dependency) {
  Seen seen{.window = window, .traced = correlated(view, dependency)};
  const Exchanges calls = view.egress_of(dependency);
  const auto callers = view.callers_of(dependency);
  for (std::size_t at = 0; at < calls.size(); ++at) {
    const Exchange* const request = callers[at] == View::nobody ? nullptr : view.ingress()[callers[at]];
    const Held held{.call = calls[at],
                    .request = request,
                    .given_up = calls[at]->outcome == Outcome::cancelled,
                    .stage = stage_of(view, phase, *calls[at])};
    if (calls[at]->start >= view.healthy_begin() && calls[at]->end < view.healthy_end()) {
      ++seen.healthy;
      seen.background += held.outlives() ? 1 : 0;
    }
    const bool within = calls[at]->start >= window.from && calls[at]->start < window.to;
    if (within && calls[at]->fault != 0) seen.held.push_back(held);
  }
  return seen;
}

struct Waits {
  Cases late = {};
  std::uint64_t endless = 0;
  std::vector<Nanoseconds> given_up = {};  // sorted
  Nanoseconds longest{0};                  // of all that were held
};

Waits waits_of(const Seen& seen, Nanoseconds limit, Stage stage, Finding* finding) {
  Waits waits;
  for (const Held& held : seen.held) {
    if (stage != Stage::any && held.stage != stage) continue;
    const Nanoseconds lasted = held.lasted();
    waits.longest = std::max(waits.longest, lasted);
    const bool late = lasted > limit + lateness(limit);
    if (!late && (!held.given_up || left_by_us(held))) continue;
    ++waits.late.of;
    waits.late.bad += late ? 1 : 0;
    waits.endless += lasted > endless(limit) ? 1 : 0;
    if (held.given_up) waits.given_up.push_back(lasted);
    if (!late || finding == nullptr || held.request == nullptr) continue;
    show(*finding, held.request->request);
    if (finding->timeline.size() < finding_instants_max)
      finding->timeline.push_back({held.call->start, "call that hung too long"});
  }
  std::ranges::sort(waits.given_up);
  return waits;
}

// The service's own timeout: timers fire late by little, and its clock began just before the proxy saw the call.
Span timeout_of(const std::vector<Nanoseconds>& sorted) {
  const QuantileRanks ranks = quantile_ranks(sorted.size(), 0.5);
  const Nanoseconds high = ranks.upper ? sorted[*ranks.upper - 1] : sorted.back();
  return {std::max(Nanoseconds(0), sorted.front() - sight), high + sight};
}

std::string measured(const Waits& waits) {
  std::string text = waits.given_up.empty() ? fmt::format("no call was given up; {} lasted longer", waits.late.bad)
                                            : fmt::format("given up after {} (median of {} calls), interval {}",
                                                          format_duration(waits.given_up[waits.given_up.size() / 2]),
                                                          waits.given_up.size(), describe(timeout_of(waits.given_up)));
  text += fmt::format("; {} of {} too late", waits.late.bad, waits.late.of);
  if (waits.endless > 0) text += fmt::format(", {} for up to {}", waits.endless, format_duration(waits.longest));
  return text;
}

Check check_stage(const Waits& waits, Nanoseconds limit, std::string name) {
  Check check{.name = std::move(name),
              .expected = fmt::format("19 of 20 calls that hang are given up within {}, and none lasts for {}",
                                      format_duration(limit), format_duration(endless(limit)))};
  check.samples = waits.late.of;
  if (waits.late.of == 0) {
    check.measured = "no call hung";
    check.missing = waits.longest == Nanoseconds(0)
                        ? "no call met the fault"
                        : fmt::format("calls were held for {} at most: the fault must hold them for longer than {}",
                                      format_duration(waits.longest), format_duration(limit + lateness(limit)));
    return check;
  }
  check.measured = measured(waits);
  if (!waits.given_up.empty()) {
    const Span timeout = timeout_of(waits.given_up);
    check.estimate = Estimate{"timeout", static_cast<double>(timeout.low.count()) / 1e9,
                              static_cast<double>(timeout.high.count()) / 1e9};
  }
  if (waits.endless > 0) check.verdict = Verdict::violated;
  else decide_share(check, waits.late, late_share_max, "calls that hang");
  return check;
}

// Stages apart where each has enough calls of its own: a service may give up on the one and not on the other.
void check_gives_up(Finding& finding, const Seen& seen, Nanoseconds limit) {
  const std::uint64_t enough = samples_for_quantile(1 - late_share_max);
  std::vector<std::pair<Stage, Waits>> met;
  std::ptrdiff_t telling = 0;
  for (const Stage stage : stages) {
    Waits waits = waits_of(seen, limit, stage, nullptr);
    if (waits.late.of == 0) continue;
    telling += waits.late.of >= enough || waits.endless > 0 ? 1 : 0;
    met.emplace_back(stage, std::move(waits));
  }
  const std::size_t first = finding.checks.size();
  if (telling > 1) {
    for (const auto& [stage, waits] : met)
      finding.checks.push_back(check_stage(waits, limit, fmt::format("gives-up-within, {}", named(stage))));
  } else {
    finding.checks.push_back(check_stage(waits_of(seen, limit, Stage::any, nullptr), limit, "gives-up-within"));
    if (met.size() == 1) finding.checks.back().measured += fmt::format(" (hung {})", named(met.front().first));
  }
  const bool violated =
      std::ranges::any_of(finding.checks.begin() + static_cast<std::ptrdiff_t>(first), finding.checks.end(),
                          [](const Check& check) { return check.verdict == Verdict::violated; });
  if (violated) waits_of(seen, limit, Stage::any, &finding);
}

// No call came, as of services that hang while they connect: those requests tell, that always call while all is well and
// took so long now that they must have waited for something. What they took, the service waited at most.
Check check_connecting(const View& view, const FaultWindow& window, const scenarios::TimeoutExpectation& claim,
                       Finding& finding) {
  const Nanoseconds limit = *claim.gives_up_within;
  Check check{.name = "gives-up-within, while connecting",
              .expected = fmt::format("19 of 20 requests that cannot connect go on within {}", format_duration(limit))};
  const std::vector<Tie> ties = ties_to(view, claim.on);
  Cases late;
  Cases never_ending = {};
  for (const Exchange* request : view.ingress_between(window.from, window.to)) {
    if (events::never_sent(*request) || request->route >= ties.size() || ties[request->route] != Tie::always) continue;
    const Nanoseconds most = view.attribution().most(*request);
    if (most < connecting_least) continue;
    const bool endlessly = view.attribution().least(*request) > endless(limit);
    ++late.of, ++never_ending.of;
    late.bad += most > limit + lateness(limit) ? 1 : 0;
    never_ending.bad += endlessly ? 1 : 0;
    if (endlessly) show(finding, request->request);
  }
  check.samples = late.of;
  check.measured = fmt::format("no call came; {} requests waited, {} of them for longer, {} for more than {}", late.of,
                               late.bad, never_ending.bad, format_duration(endless(limit)));
  if (late.of == 0) {
    check.missing = "no call met the fault";
    return check;
  }
  decide_share(check, late, late_share_max, "requests that waited");
  if (check.verdict != Verdict::violated || share_lower(never_ending.bad, never_ending.of) > late_share_max)
    return check;
  check.verdict = Verdict::inconclusive;
  check.missing = "the requests took longer, but may have tried to connect several times: claim answers-within";
  return check;
}

// Requests, each once, that made a call that hung.
std::vector<const Exchange*> requests_of(const Seen& seen, Nanoseconds limit) {
  std::vector<const Exchange*> requests;
  for (const Held& held : seen.held) {
    const bool hung = held.given_up || held.outlives() || held.lasted() > limit;
    if (held.request != nullptr && hung) requests.push_back(held.request);
  }
  std::ranges::sort(requests, {}, &Exchange::request);
  requests.erase(std::ranges::unique(requests).begin(), requests.end());
  return requests;
}

struct Answers {
  std::uint64_t surely_late = 0;
  std::uint64_t perhaps_late = 0;
  std::vector<Nanoseconds> took = {};  // sorted; no_answer at the end
};

Answers answers_of(const View& view, Exchanges requests, Nanoseconds limit, Finding& finding) {
  Answers answers;
  for (const Exchange* request : requests) {
    if (events::never_sent(*request)) continue;
    const Nanoseconds most = view.attribution().most(*request);
    const bool sure = view.attribution().least(*request) > limit + lateness(limit);
    answers.took.push_back(most);
    answers.perhaps_late += most > limit + lateness(limit) ? 1 : 0;
    answers.surely_late += sure ? 1 : 0;
    if (sure) show(finding, request->request);
  }
  std::ranges::sort(answers.took);
  return answers;
}

Check check_answers(const View& view, const Seen& seen, Nanoseconds limit, Finding& finding) {
  Check check{
      .name = "answers-within",
      .expected = fmt::format("19 of 20 requests whose call hangs are answered within {}", format_duration(limit))};
  // Without trace ids any late request may be one of those whose call hung.
  std::vector<const Exchange*> requests = requests_of(seen, limit);
  std::uint64_t hung = requests.size();
  if (!seen.traced) {
    const Exchanges all = view.ingress_between(seen.window.from, seen.window.to);
    requests.assign(all.begin(), all.end());
    hung = static_cast<std::uint64_t>(
        std::ranges::count_if(seen.held, [&](const Held& held) { return held.given_up || held.lasted() > limit; }));
  }
  const Answers answers = answers_of(view, requests, limit, finding);
  check.samples = hung;
  if (hung == 0 || answers.took.empty()) {
    check.measured = "no call hung";
    check.missing = seen.held.empty() ? "no call met the fault" : "no call was held for long enough";
    return check;
  }
  const std::size_t rank = answers.took.size() - 1 - answers.took.size() / 20;
  check.measured = fmt::format("p95 {} in {} requests, {} of them too late",
                               answers.took[rank] == no_answer ? "no answer" : format_duration(answers.took[rank]),
                               answers.took.size(), answers.perhaps_late);
  const std::uint64_t at_worst = std::min(answers.perhaps_late, hung);
  if (share_upper(at_worst, hung) <= late_share_max) check.verdict = Verdict::holds;
  else if (share_lower(answers.surely_late, answers.took.size()) > late_share_max) check.verdict = Verdict::violated;
  else if (!seen.traced) check.missing = no_trace;
  else if (answers.surely_late < answers.perhaps_late) check.missing = "the harness's own delay may explain it";
  else decide_share(check, {answers.surely_late, hung}, late_share_max, "requests whose call hangs");
  return check;
}

// Without trace ids: the call outlives every request that had begun before it.
bool surely_leaks(const Held& held, const std::vector<Time>& starts, const std::vector<Time>& latest_ends) {
  const auto after = std::ranges::upper_bound(starts, held.call->start + nesting_slack) - starts.begin();
  return after > 0 && held.call->end > latest_ends[static_cast<std::size_t>(after - 1)] + leak_slack;
}

Cases leaks_by_time(const View& view, const Seen& seen) {
  std::vector<const Exchange*> requests;
  for (const Exchange* request : view.ingress()) {
    if (!events::never_sent(*request)) requests.push_back(request);
  }
  std::ranges::sort(requests, {}, &Exchange::start);
  std::vector<Time> starts;
  std::vector<Time> latest_ends;
  for (const Exchange* request : requests) {
    starts.push_back(request->start);
    latest_ends.push_back(latest_ends.empty() ? request->end : std::max(latest_ends.back(), request->end));
  }
  Cases cases{.of = seen.held.size()};
  for (const Held& held : seen.held) cases.bad += surely_leaks(held, starts, latest_ends) ? 1 : 0;
  return cases;
}

Cases leaks_by_trace(const Seen& seen, Nanoseconds& longest, Finding& finding) {
  Cases cases;
  for (const Held& held : seen.held) {
    if (held.request == nullptr || held.request->outcome != Outcome::answered) continue;
    const bool leaks = held.outlives();
    if (!leaks && !held.given_up) continue;
    ++cases.of;
    if (!leaks) continue;
    ++cases.bad;
    longest = std::max(longest, held.call->end - held.request->end);
    show(finding, held.request->request);
    if (finding.timeline.size() < finding_instants_max)
      finding.timeline.push_back({held.request->end, "answered, and its call goes on"});
  }
  return cases;
}

Check check_leaks(const View& view, const Seen& seen, std::uint64_t at_most, Finding& finding) {
  Check check{.name = "leaks-at-most",
              .expected = fmt::format("at most {} calls go on after their request was answered", at_most)};
  Nanoseconds longest{0};
  const Cases cases = seen.traced ? leaks_by_trace(seen, longest, finding) : leaks_by_time(view, seen);
  check.samples = cases.of;
  check.measured =
      fmt::format("{} of {} calls that hung went on after their request was answered", cases.bad, cases.of);
  if (longest > Nanoseconds(0)) check.measured += fmt::format(", for up to {}", format_duration(longest));
  if (seen.traced && static_cast<double>(seen.background) > background_share_max * static_cast<double>(seen.healthy)) {
    check.missing = fmt::format(
        "{} of {} healthy calls go on after their request was answered, too: the service calls in the background",
        seen.background, seen.healthy);
  } else if (seen.traced) {
    decide_count(check, cases, at_most, "calls that hang, of requests that were answered");
  } else if (cases.bad > at_most) {
    check.verdict = Verdict::violated;
  } else {
    check.missing = std::string(no_trace);
  }
  return check;
}

}  // namespace

Nanoseconds lateness(Nanoseconds limit) {
  const auto share = std::llround(lateness_share * static_cast<double>(limit.count()));
  return std::max(lateness_least, Nanoseconds(share));
}

Nanoseconds endless(Nanoseconds limit) { return 2 * limit + std::chrono::seconds(1); }

Finding judge_timeout(const View& view, const PhaseWindow& phase, const scenarios::TimeoutExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("timeout on {}", expectation.on);
  const auto window = fault_window(phase, expectation.on);
  if (!window) {
    std::vector<std::string> names;
    if (expectation.gives_up_within) names.emplace_back("gives-up-within");
    if (expectation.answers_within) names.emplace_back("answers-within");
    if (expectation.leaks_at_most) names.emplace_back("leaks-at-most");
    cannot(finding, names, fmt::format("no fault on {} was on in this phase", expectation.on));
  } else {
    const Seen seen = look(view, phase, *window, expectation.on);
    finding.timeline.push_back({window->from, "faults on"});
    if (expectation.gives_up_within && seen.held.empty() && seen.traced)
      finding.checks.push_back(check_connecting(view, *window, expectation, finding));
    else if (expectation.gives_up_within) check_gives_up(finding, seen, *expectation.gives_up_within);
    if (expectation.leaks_at_most)
      finding.checks.push_back(check_leaks(view, seen, *expectation.leaks_at_most, finding));
    if (expectation.answers_within)
      finding.checks.push_back(check_answers(view, seen, *expectation.answers_within, finding));
  }
  conclude(finding, fmt::format("The timeouts on {}", expectation.on), true);
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
