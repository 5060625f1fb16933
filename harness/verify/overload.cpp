#include "harness/verify/overload.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/base/units.h"
#include "harness/verify/errors.h"
#include "harness/verify/load.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using base::format_percent;
using base::format_rate;
using events::Exchange;

struct Measured {
  Level level;
  double low = 0;  // good answers a second
  double point = 0;
  double high = 0;
  bool here = false;  // in the phase that is judged
};

struct Overload {
  const View& view;
  const scenarios::OverloadExpectation& claim;
  Usefulness use;
  std::vector<Measured> levels = {};  // without faults, by what was offered
  const Measured* peak = nullptr;     // the highest goodput
  std::vector<const Measured*> judged = {};
  bool beyond = false;     // judged at more than was claimed, for want of a level nearer to it
  bool bracketed = false;  // the peak is known to be one
};

// The bounds of the peak hold for all levels together.
void measure(Overload& overload, const PhaseWindow& phase) {
  const std::vector<Level> all = levels_of(overload.view);
  const double each = 1 - (1 - confidence_default) / std::max(1.0, static_cast<double>(all.size()));
  for (const Level& level : all) {
    if (level.faulted || level.from >= phase.end) continue;
    const Goodput goodput = goodput_of(overload.view, level.requests, level.from, level.to, overload.use, each);
    overload.levels.push_back({level, goodput.low * level.offered, goodput.point() * level.offered,
                               goodput.high * level.offered, level.from >= phase.begin && level.to <= phase.end});
  }
  std::ranges::sort(overload.levels, {},
                    [](const Measured& one) { return std::pair(one.level.offered, one.level.from); });
  if (overload.levels.empty()) return;
  overload.peak = &*std::ranges::max_element(overload.levels, {}, &Measured::point);
  const double peak = overload.peak->point;
  const double most = overload.claim.at * (1 + 2 * overload_near) * peak;
  for (const Measured& one : overload.levels) {
    const double offered = one.level.offered;
    overload.bracketed |= offered >= peak_exceeded_least * peak && offered <= peak_exceeded_most * peak;
    if (one.here && offered >= std::min(overload_least, overload.claim.at) * peak && offered <= most)
      overload.judged.push_back(&one);
  }
  const double near = overload.claim.at * (1 - overload_near) * peak;
  if (!overload.judged.empty() && overload.judged.back()->level.offered >= near) return;
  const auto above =
      std::ranges::find_if(overload.levels, [&](const Measured& one) { return one.here && one.level.offered > most; });
  overload.beyond = above != overload.levels.end();
  if (overload.beyond) overload.judged.push_back(&*above);
  else overload.judged.clear();
}

std::string table(const Overload& overload) {
  std::string text;
  for (const Measured& one : overload.levels)
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", format_rate(one.point), format_rate(one.level.offered));
  return text;
}

Check check_goodput(const Overload& overload, Finding& finding) {
  const auto& claim = overload.claim;
  Check check{
      .name = "goodput-at-least",
      .expected = fmt::format("up to {:.3g} times the peak, at least {} of it is answered well within {}", claim.at,
                              format_percent(claim.goodput_at_least), format_duration(claim.good_within))};
  const Measured& peak = *overload.peak;
  check.measured =
      fmt::format("peak {} good answers a second; good of offered: {}", format_rate(peak.point), table(overload));
  bool all_hold = true;
  bool violated = false;
  for (const Measured* one : overload.judged) {
    check.samples += one->level.requests.size();
    all_hold = all_hold && one->low >= claim.goodput_at_least * peak.high;
    // Beyond the claim's load only what holds says something.
    const bool bad = one->high < claim.goodput_at_least * peak.low;
    const bool claimed = !overload.beyond || one != overload.judged.back();
    violated = violated || (bad && claimed);
    if (bad)
      finding.timeline.push_back(
          {one->level.from,
           fmt::format("{} offered: {} answered well", format_rate(one->level.offered), format_rate(one->point))});
  }
  if (violated) check.verdict = Verdict::violated;
  else if (!overload.bracketed)
    check.missing = fmt::format("the peak is not known: no level offered a little more than {}: add a step of {}",
                                format_rate(peak.point), format_rate(1.5 * peak.point));
  else if (all_hold) check.verdict = Verdict::holds;
  else if (overload.beyond)
    check.missing = fmt::format("nothing near {:.3g} times the peak was offered: add a step of {}", claim.at,
                                format_rate(claim.at * peak.point));
  else check.missing = "too near the limit to decide: longer steps";
  return check;
}

bool admitted(const Overload& overload, const Exchange& request) {
  return request.outcome != events::Outcome::shed && !refused(request, overload.use);
}

Check check_admitted(const Overload& overload, Finding& finding) {
  const Nanoseconds limit = *overload.claim.admitted_p99;
  Check check{
      .name = "admitted-p99",
      .expected = fmt::format("99% of what is admitted under overload is answered within {}", format_duration(limit))};
  std::vector<Nanoseconds> most, least;
  std::vector<const Exchange*> slow;
  for (const Measured* one : overload.judged) {
    for (const Exchange* request : one->level.requests) {
      if (!admitted(overload, *request)) continue;
      const bool bad = overload.view.attribution().fate(*request) == Fate::failed;
      most.push_back(bad ? no_answer : overload.view.attribution().most(*request));
      least.push_back(bad ? no_answer : overload.view.attribution().least(*request));
      if (least.back() > limit) slow.push_back(request);
    }
  }
  decide_slowest(check, std::move(most), std::move(least), 0.99, limit, "requests that were admitted");
  if (check.verdict == Verdict::violated) {
    for (const Exchange* request : slow) show(finding, request->request);
  }
  return check;
}

struct Middle {
  Nanoseconds low{0};
  Nanoseconds point{0};
  Nanoseconds high{0};
};

std::optional<Middle> middle_of(std::vector<Nanoseconds> most, std::vector<Nanoseconds> least) {
  const QuantileRanks ranks = quantile_ranks(most.size(), 0.5);
  if (!ranks.lower || !ranks.upper) return std::nullopt;
  std::ranges::sort(most);
  std::ranges::sort(least);
  return Middle{least[*ranks.lower - 1], most[most.size() / 2], most[*ranks.upper - 1]};
}

Check check_refusals(const Overload& overload) {
  Check check{.name = "refuses-faster", .expected = "half of the refusals are faster than half of the good answers"};
  std::vector<Nanoseconds> refusal_most, refusal_least, good_most, good_least;
  for (const Measured* one : overload.judged) {
    for (const Exchange* request : one->level.requests) {
      const bool no = refused(*request, overload.use);
      if (!no && overload.view.attribution().fate(*request) != Fate::good) continue;
      (no ? refusal_most : good_most).push_back(overload.view.attribution().most(*request));
      (no ? refusal_least : good_least).push_back(overload.view.attribution().least(*request));
    }
  }
  check.samples = refusal_most.size();
  const auto refusals = middle_of(std::move(refusal_most), std::move(refusal_least));
  const auto good = middle_of(std::move(good_most), std::move(good_least));
  check.measured = fmt::format("{} refusals", check.samples);
  if (!refusals || !good) {
    check.missing = check.samples == 0 ? "nothing was refused with one of the statuses of the claim"
                                       : "too few refusals or good answers: longer steps";
    return check;
  }
  check.measured = fmt::format("median {} of {} refusals, {} of the good answers", format_duration(refusals->point),
                               check.samples, format_duration(good->point));
  if (refusals->high <= good->low) check.verdict = Verdict::holds;
  else if (refusals->low > good->high) check.verdict = Verdict::violated;
  else check.missing = "they take about as long: longer steps may tell";
  return check;
}

Check check_important(const Overload& overload, Finding& finding) {
  const auto& names = overload.view.log().names;
  Check check{.name = "important",
              .expected = fmt::format("at most {} of the important requests is refused or fails under overload",
                                      format_percent(important_refused_max))};
  Cases important;
  Cases others;
  double offered = 0;
  for (const Measured* one : overload.judged) {
    std::uint64_t count = 0;
    for (const Exchange* request : one->level.requests) {
      const bool one_of_them =
          std::ranges::find(overload.claim.important, names.name_of(request->route)) != overload.claim.important.end();
      const bool bad = refused(*request, overload.use) || overload.view.attribution().fate(*request) == Fate::failed;
      Cases& cases = one_of_them ? important : others;
      ++cases.of;
      cases.bad += bad ? 1 : 0;
      count += one_of_them ? 1 : 0;
      if (one_of_them && bad) show(finding, request->request);
    }
    offered = std::max(offered, static_cast<double>(count) / one->level.seconds());
  }
  check.samples = important.of;
  check.measured = fmt::format("{} of {} important requests were refused or failed, {} of {} others", important.bad,
                               important.of, others.bad, others.of);
  if (important.of == 0)
    check.missing = "no request of these routes was sent under overload: are they as reports name them?";
  else if (offered > overload.peak->low)
    check.missing =
        fmt::format("{} of them were offered: more than the service can serve at all", format_rate(offered));
  else if (others.bad == 0 && important.bad == 0) check.missing = "nothing was refused";
  else decide_share(check, important, important_refused_max, "important requests");
  return check;
}

// What went badly at more than was claimed breaks no claim.
void excuse_beyond(const Overload& overload, Finding& finding) {
  if (!overload.beyond) return;
  for (Check& check : finding.checks) {
    if (check.verdict != Verdict::violated || check.name == "goodput-at-least") continue;
    check.verdict = Verdict::inconclusive;
    check.missing = fmt::format("this was at {:.2g} times the peak, the claim is for {:.3g}: add a step of {}",
                                overload.judged.back()->level.offered / overload.peak->point, overload.claim.at,
                                format_rate(overload.claim.at * overload.peak->point));
  }
}

std::vector<std::string> names_of(const scenarios::OverloadExpectation& claim) {
  std::vector<std::string> names = {"goodput-at-least"};
  if (claim.admitted_p99) names.emplace_back("admitted-p99");
  if (claim.refuses_faster) names.emplace_back("refuses-faster");
  if (!claim.important.empty()) names.emplace_back("important");
  return names;
}

// Why nothing can be told; "": it can.
std::string unusable(const Overload& overload) {
  if (overload.view.scenario().traffic.affinity != scenarios::Affinity::none)
    return "requests waited for the ones before them on their connections, so that the load fell as the service got "
           "slow: leave "
           "traffic.connections out";
  if (overload.peak == nullptr)
    return "no stretch of the run without a fault had enough requests: longer steps, or higher rates";
  if (overload.peak->point <= 0) return "no request was answered well in any level";
  if (!overload.judged.empty()) return "";
  double most = 0;
  for (const Measured& one : overload.levels) most = std::max(most, one.here ? one.level.offered : 0);
  return fmt::format("{} were offered at most in this phase, the peak is {}: add a step of {}", format_rate(most),
                     format_rate(overload.peak->point), format_rate(overload.claim.at * overload.peak->point));
}

}  // namespace

Finding judge_overload(const View& view, const PhaseWindow& phase, const scenarios::OverloadExpectation& expectation) {
  Finding finding;
  finding.expectation = "overload";
  Overload overload{view, expectation, {expectation.good_within, expectation.status}};
  measure(overload, phase);
  if (const std::string why = unusable(overload); !why.empty()) {
    cannot(finding, names_of(expectation), why);
  } else {
    for (const Measured* one : overload.judged)
      finding.timeline.push_back(
          {one->level.from, fmt::format("{:.2g} times the peak", one->level.offered / overload.peak->point)});
    finding.checks.push_back(check_goodput(overload, finding));
    if (expectation.admitted_p99) finding.checks.push_back(check_admitted(overload, finding));
    if (expectation.refuses_faster) finding.checks.push_back(check_refusals(overload));
    if (!expectation.important.empty()) finding.checks.push_back(check_important(overload, finding));
    excuse_beyond(overload, finding);
  }
  conclude(finding, "The load shedding", false);
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
