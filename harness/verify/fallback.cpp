#include "harness/verify/fallback.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "harness/base/units.h"
#include "harness/verify/attempts.h"
#include "harness/verify/calls.h"
#include "harness/verify/errors.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using events::Content;
using events::Exchange;

constexpr std::string_view noun = "requests that could not have it";

// What answers of a route are in the steady state.
struct Usual {
  std::uint64_t answers = 0;
  std::uint64_t empty = 0;
  std::vector<std::uint32_t> shapes = {};
  bool is_empty() const { return answers > 0 && empty == answers; }
};

struct Fallbacks {
  std::vector<const Exchange*> requests = {};
  std::vector<Usual> usual = {};  // by route
};

bool to_head(const View& view, const Exchange& request) {
  return view.log().names.name_of(request.route).starts_with("HEAD ");
}

// Of requests that got what they need: what others are answered is a fallback in the steady state, too.
void take_usual(const View& view, const std::vector<bool>& had_it, Fallbacks& found) {
  found.usual.resize(view.log().names.size());
  const Exchanges ingress = view.ingress();
  for (std::size_t at = 0; at < ingress.size(); ++at) {
    const Exchange& request = *ingress[at];
    const bool steady = request.intended >= view.healthy_begin() && request.end < view.healthy_end();
    if (!steady || !had_it[at] || failed(request) || request.route >= found.usual.size()) continue;
    if (request.content.kind == Content::Kind::not_seen) continue;
    Usual& usual = found.usual[request.route];
    ++usual.answers;
    usual.empty += request.content.kind == Content::Kind::empty ? 1 : 0;
    const std::uint32_t shape = request.content.shape;
    if (shape != 0 && std::ranges::find(usual.shapes, shape) == usual.shapes.end()) usual.shapes.push_back(shape);
  }
}

Fallbacks fallbacks_of(const View& view, const FaultWindow& window, std::string_view dependency) {
  Fallbacks found;
  const std::vector<Tie> ties = ties_to(view, dependency);
  std::vector<bool> had_it(view.ingress().size());
  const Exchanges calls = view.egress_of(dependency);
  const auto callers = view.callers_of(dependency);
  for (std::size_t at = 0; at < calls.size(); ++at) {
    // A late good answer may or may not have been waited for.
    if (callers[at] != View::nobody && !call_failed(*calls[at])) had_it[callers[at]] = true;
  }
  take_usual(view, had_it, found);
  const Exchanges ingress = view.ingress();
  for (std::size_t at = 0; at < ingress.size(); ++at) {
    const Exchange& request = *ingress[at];
    if (events::never_sent(request) || request.start < window.from + sight || request.start >= window.to) continue;
    if (request.route >= ties.size() || ties[request.route] != Tie::always || had_it[at]) continue;
    if (request.end > window.to && request.outcome != events::Outcome::answered) continue;  // cut with the run
    found.requests.push_back(&request);
  }
  return found;
}

Check check_share(const Fallbacks& found, std::string name, std::string expected, std::string_view said,
                  const std::function<bool(const Exchange&)>& right, Finding& finding) {
  Check check{.name = std::move(name), .expected = std::move(expected)};
  Cases cases;
  for (const Exchange* request : found.requests) {
    ++cases.of;
    if (right(*request)) continue;
    ++cases.bad;
    show(finding, request->request);
    if (finding.timeline.size() < finding_instants_max)
      finding.timeline.push_back({request->end, fmt::format("answer without {}", said)});
  }
  check.measured = fmt::format("{} of {} {} were answered without {}", cases.bad, cases.of, noun, said);
  decide_share(check, cases, fallback_bad_max, noun);
  return check;
}

std::string statuses_of(const Fallbacks& found) {
  std::map<int, std::uint64_t> counts;
  for (const Exchange* request : found.requests)
    ++counts[request->outcome == events::Outcome::answered ? request->status : 0];
  std::string text;
  for (const auto& [status, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count,
                        status == 0 ? "without an answer" : fmt::format("with {}", status));
  return text;
}

Check check_status(const Fallbacks& found, int status, Finding& finding) {
  const std::string named = fmt::format("a status of {}xx", status / 100);
  Check check = check_share(
      found, "status", fmt::format("99% of the {} get {}", noun, named), named,
      [&](const Exchange& request) {
        return request.outcome == events::Outcome::answered && request.status / 100 == status / 100;
      },
      finding);
  check.measured += fmt::format(" ({})", statuses_of(found));
  return check;
}

bool body_is_right(const View& view, const Fallbacks& found, std::string_view claim, const Exchange& request) {
  if (request.outcome != events::Outcome::answered) return false;
  const Usual& usual = found.usual[request.route];
  if (to_head(view, request) || usual.is_empty()) return true;
  const Content& content = request.content;
  if (content.kind == Content::Kind::empty || content.kind == Content::Kind::broken_json) return false;
  if (claim == "json") return content.kind == Content::Kind::json;
  if (claim != "as-usual") return true;
  return std::ranges::find(usual.shapes, content.shape) != usual.shapes.end();
}

Check check_body(const View& view, const Fallbacks& found, std::string_view claim, Finding& finding) {
  const std::string_view said = claim == "json"       ? "a body that is JSON"
                                : claim == "as-usual" ? "a body of the usual shape"
                                                      : "a body";
  std::string expected = fmt::format("99% of the {} get {}", noun, said);
  const bool seen = std::ranges::any_of(
      found.requests, [](const Exchange* request) { return request->content.kind != Content::Kind::not_seen; });
  const bool shaped = std::ranges::all_of(found.requests, [&](const Exchange* request) {
    const Usual& usual = found.usual[request->route];
    return usual.is_empty() || !usual.shapes.empty() || to_head(view, *request);
  });
  if (!found.requests.empty() && !seen && std::ranges::any_of(found.requests, [](const Exchange* request) {
        return request->outcome == events::Outcome::answered;
      }))
    return {.name = "body",
            .expected = std::move(expected),
            .measured = "nothing",
            .missing = "the run did not look into answers: run the scenario again with this expectation in it"};
  if (claim == "as-usual" && !shaped)
    return {.name = "body",
            .expected = std::move(expected),
            .measured = "nothing",
            .missing = "answers are no JSON while all is well, so that they have no shape to compare: claim not-empty"};
  return check_share(
      found, "body", std::move(expected), said,
      [&](const Exchange& request) { return body_is_right(view, found, claim, request); }, finding);
}

Check check_fresh(const Fallbacks& found, Nanoseconds within, Finding& finding) {
  const auto says = [](const Exchange& request) { return request.content.age != events::Advice::not_said; };
  const bool any = std::ranges::any_of(found.requests, [&](const Exchange* request) { return says(*request); });
  std::string expected = fmt::format("99% of the {} get what is {} old at most", noun, format_duration(within));
  if (!any && !found.requests.empty())
    return {.name = "fresh-within",
            .expected = std::move(expected),
            .measured = "no answer had a header Age",
            .missing = "nothing tells how old these answers are: send Age with what comes from a cache"};
  return check_share(
      found, "fresh-within", std::move(expected), "an Age within that",
      [&](const Exchange& request) { return says(request) && std::chrono::seconds(request.content.age) <= within; },
      finding);
}

Check check_time(const View& view, const Fallbacks& found, Nanoseconds within, Finding& finding) {
  Check check{.name = "within",
              .expected = fmt::format("99% of the {} are answered within {}", noun, format_duration(within))};
  std::vector<Nanoseconds> most, least;
  for (const Exchange* request : found.requests) {
    most.push_back(view.attribution().most(*request));
    least.push_back(view.attribution().least(*request));
  }
  const std::vector<Nanoseconds> took = least;
  decide_slowest(check, std::move(most), std::move(least), 0.99, within, noun);
  for (std::size_t at = 0; at < took.size() && check.verdict == Verdict::violated; ++at) {
    if (took[at] > within) show(finding, found.requests[at]->request);
  }
  return check;
}

std::vector<std::string> names_of(const scenarios::FallbackExpectation& claim) {
  std::vector<std::string> names = {"status", "body"};
  if (claim.within) names.emplace_back("within");
  if (claim.fresh_within) names.emplace_back("fresh-within");
  return names;
}

}  // namespace

Finding judge_fallback(const View& view, const PhaseWindow& phase, const scenarios::FallbackExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("fallback on {}", expectation.on);
  const auto window = fault_window(phase, expectation.on);
  if (!window) {
    cannot(finding, names_of(expectation), fmt::format("no fault on {} was on in this phase", expectation.on));
  } else if (!correlated(view, expectation.on)) {
    cannot(
        finding, names_of(expectation),
        "calls carry no known trace id, so that nobody knows which requests could not have it: send traceparent with "
        "each call");
  } else if (const Fallbacks found = fallbacks_of(view, *window, expectation.on); found.requests.empty()) {
    cannot(finding, names_of(expectation),
           fmt::format("each request got what it needs of {}, or no route calls it in 99% of cases while all is well",
                       expectation.on));
  } else {
    finding.timeline.push_back({window->from, "faults on"});
    finding.checks.push_back(check_status(found, expectation.status, finding));
    finding.checks.push_back(check_body(view, found, expectation.body, finding));
    if (expectation.within) finding.checks.push_back(check_time(view, found, *expectation.within, finding));
    if (expectation.fresh_within) finding.checks.push_back(check_fresh(found, *expectation.fresh_within, finding));
  }
  conclude(finding, fmt::format("The fallback for {}", expectation.on), false);
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
