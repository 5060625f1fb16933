#include "harness/verify/failover.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/base/units.h"
#include "harness/verify/attempts.h"
#include "harness/verify/batches.h"
#include "harness/verify/errors.h"
#include "harness/verify/statistics.h"

namespace stormproof::verify {
namespace {

using base::format_duration;
using base::format_percent;
using events::Exchange;

struct ReplicaCall {
  const Exchange* call = nullptr;
  const Exchange* request = nullptr;  // that made it, where that is known
  bool to_hurt = false;
};

struct Share {
  std::uint64_t hurt = 0;
  std::uint64_t all = 0;
  double point() const { return all == 0 ? 0 : static_cast<double>(hurt) / static_cast<double>(all); }
};

class Replicas {
 public:
  Replicas(const View& view, const scenarios::FailoverExpectation& expectation) {
    add(view, expectation.on, true);
    for (const std::string& other : expectation.others) add(view, other, false);
    leave_out_checks(view);
    std::ranges::sort(calls_, [](const ReplicaCall& a, const ReplicaCall& b) {
      return std::tie(a.call->start, a.to_hurt, a.call->request) < std::tie(b.call->start, b.to_hurt, b.call->request);
    });
  }

  std::span<const ReplicaCall> between(Time from, Time to) const {
    const auto start = [](const ReplicaCall& each) { return each.call->start; };
    const auto first = std::ranges::lower_bound(calls_, from, {}, start);
    const auto last = std::ranges::lower_bound(calls_, std::max(from, to), {}, start);
    return {first, last};
  }

  Share share(Time from, Time to) const {
    Share share;
    for (const ReplicaCall& each : between(from, to)) ++share.all, share.hurt += each.to_hurt ? 1 : 0;
    return share;
  }

 private:
  void add(const View& view, std::string_view replica, bool hurt) {
    const Exchanges calls = view.egress_of(replica);
    const auto callers = view.callers_of(replica);
    for (std::size_t at = 0; at < calls.size(); ++at)
      calls_.push_back({calls[at], callers[at] == View::nobody ? nullptr : view.ingress()[callers[at]], hurt});
  }

  // Where calls carry the traces of requests, those that do not are a balancer's health checks.
  void leave_out_checks(const View& view) {
    const bool traced = std::ranges::any_of(calls_, [&](const ReplicaCall& each) {
      return each.request != nullptr && each.call->start >= view.healthy_begin() && each.call->end < view.healthy_end();
    });
    if (traced) std::erase_if(calls_, [](const ReplicaCall& each) { return each.request == nullptr; });
  }

  std::vector<ReplicaCall> calls_;  // by start
};

struct Case {
  const View& view;
  const PhaseWindow& phase;
  const scenarios::FailoverExpectation& claim;
  Replicas replicas;
  Share former;  // in the steady state
};

// Why no share can be told; "": it can.
std::string unusable(const Case& at) {
  const std::string& on = at.claim.on;
  if (at.former.all < replica_calls_min) {
    return fmt::format(
        "the replicas got {} calls while all was well: needs at least {}: a longer steady state or more "
        "requests a second",
        at.former.all, replica_calls_min);
  }
  const double least = std::max(former_share_min, 2 * at.claim.share_at_most);
  if (share_lower(at.former.hurt, at.former.all) >= least) return "";
  return fmt::format("{} got {} of {} calls while all was well: with less than {} its leaving would not show", on,
                     at.former.hurt, at.former.all, format_percent(least));
}

bool gave_reason(const ReplicaCall& each) {
  const Exchange& call = *each.call;
  return each.to_hurt && (call_failed(call) || (call.fault != 0 && call.end - call.start >= hung_call_min));
}

constexpr std::uint64_t rest_calls_min = 50;  // fewer say nothing of a share

// Since when, after the fault, the rest of the calls is within the limit.
std::optional<Nanoseconds> left_after(const Case& at, const FaultWindow& window) {
  const auto calls = at.replicas.between(window.from, window.to);
  std::optional<Nanoseconds> left;
  Share rest;
  for (std::size_t place = calls.size(); place-- > 0;) {
    ++rest.all;
    rest.hurt += calls[place].to_hurt ? 1 : 0;
    if (rest.all >= rest_calls_min && rest.point() <= at.claim.share_at_most)
      left = calls[place].call->start - window.from;
  }
  return left;
}

Check check_leaves(const Case& at, const FaultWindow& window, Finding& finding) {
  const Nanoseconds within = *at.claim.leaves_within;
  Check check{.name = "leaves-within",
              .expected = fmt::format("from {} after the fault on, at most {} of the calls go to {}",
                                      format_duration(within), format_percent(at.claim.share_at_most), at.claim.on)};
  const Share share = at.replicas.share(window.from + within, window.to);
  const auto left = left_after(at, window);
  const auto all = at.replicas.between(window.from, window.to);
  const auto reasons = std::ranges::count_if(all, gave_reason);
  check.measured = fmt::format("{} of {} calls ({}; {} before the fault)", share.hurt, share.all,
                               format_percent(share.point()), format_percent(at.former.point()));
  if (left) check.measured += fmt::format(", within the limit from {} on", format_duration(*left));
  check.samples = share.all;
  if (share.all == 0) {
    check.missing = "no replica was called any more: the service stopped calling, or the phase was over";
    return check;
  }
  if (at.claim.share_at_most <= 0) decide_count(check, {share.hurt, share.all}, 0, "calls to all replicas");
  else decide_share(check, {share.hurt, share.all}, at.claim.share_at_most, "calls to all replicas");
  if (check.verdict != Verdict::violated) return check;
  if (reasons == 0) {
    check.verdict = Verdict::inconclusive;
    check.missing = fmt::format("no call to {} failed or hung: there was no reason to leave it", at.claim.on);
    return check;
  }
  for (const ReplicaCall& each : at.replicas.between(window.from + within, window.to)) {
    if (!each.to_hurt) continue;
    if (each.request != nullptr) show(finding, each.request->request);
    if (finding.timeline.size() < finding_instants_max)
      finding.timeline.push_back({each.call->start, "call to the hurt replica"});
  }
  return check;
}

// Good calls a request, in batches; `others_only`: to those that are not hurt.
std::optional<MeanBounds> calls_a_request(const Case& at, Time from, Time to, bool others_only) {
  const Exchanges requests = at.view.ingress_between(from, to);
  const std::size_t batches = batches_for(requests.size());
  if (batches == 0) return std::nullopt;
  const Nanoseconds width = (to - from) / static_cast<std::int64_t>(batches);
  std::vector<double> values;
  for (std::size_t place = 0; place < batches; ++place) {
    const Time begin = from + width * static_cast<std::int64_t>(place);
    const std::size_t sent = at.view.ingress_between(begin, begin + width).size();
    if (sent == 0) continue;
    const auto good = std::ranges::count_if(at.replicas.between(begin, begin + width), [&](const ReplicaCall& each) {
      return !call_failed(*each.call) && !(others_only && each.to_hurt);
    });
    values.push_back(static_cast<double>(good) / static_cast<double>(sent));
  }
  return mean_bounds(values);
}

Check check_take_over(const Case& at, const FaultWindow& window) {
  const Time from = window.from + at.claim.leaves_within.value_or(Nanoseconds(0));
  Check check{.name = "others-take-over",
              .expected = fmt::format("the others answer at least {} of the calls that all answered before",
                                      format_percent(1 - take_over_slack)),
              .measured = "nothing",
              .samples = at.view.ingress_between(from, window.to).size()};
  const auto before = calls_a_request(at, at.view.healthy_begin(), at.view.healthy_end(), false);
  const auto now = calls_a_request(at, from, window.to, true);
  if (!before || !now) {
    check.missing = fmt::format(
        "{} requests: needs at least {} here and in the steady state: a longer phase or more "
        "requests a second",
        check.samples, batches_min * batch_requests_min);
    return check;
  }
  check.measured = fmt::format(
      "{:.3g} good calls a request to the others, interval {:.3g} to {:.3g}; {:.3g} to all "
      "before the fault",
      now->mean, now->low, now->high, before->mean);
  if (now->low >= (1 - take_over_slack) * before->high) check.verdict = Verdict::holds;
  else if (now->high < (1 - take_over_slack) * before->low) check.verdict = Verdict::violated;
  else check.missing = "too near the limit to decide: a longer phase or more requests a second";
  return check;
}

Check check_returns(const Case& at, Finding& finding) {
  const Nanoseconds within = *at.claim.returns_within;
  Check check{.name = "returns-within",
              .expected = fmt::format("from {} after its recovery on, {} gets at least half of the share that it had",
                                      format_duration(within), at.claim.on),
              .measured = "nothing"};
  const auto heal = at.view.healed_before(at.phase.begin + hung_call_min);
  if (fault_window(at.phase, at.claim.on)) {
    check.missing =
        fmt::format("the fault on {} lasts as long as the phase: put this into the one after it", at.claim.on);
    return check;
  }
  if (!heal) {
    check.missing = "no fault was healed before this phase: there is nothing to return from";
    return check;
  }
  Time hurt_from = at.view.healthy_end();
  for (const PhaseWindow& earlier : at.view.phases()) {
    if (const auto window = fault_window(earlier, at.claim.on); window && window->from < *heal)
      hurt_from = window->from;
  }
  finding.timeline.push_back({*heal, "healed"});
  const Share gone = at.replicas.share(hurt_from + (*heal - hurt_from) / 2, *heal);
  const Share share = at.replicas.share(*heal + within, at.phase.end);
  for (const ReplicaCall& each : at.replicas.between(*heal, at.phase.end)) {
    if (!each.to_hurt) continue;
    finding.timeline.push_back({each.call->start, "first call to it again"});
    check.measured = fmt::format("first call after {}, then ", format_duration(each.call->start - *heal));
    break;
  }
  if (check.measured == "nothing") check.measured = "";
  check.measured += fmt::format("{} of {} calls ({}; {} before the fault)", share.hurt, share.all,
                                format_percent(share.point()), format_percent(at.former.point()));
  check.samples = share.all;
  const double low = returned_share * share_lower(at.former.hurt, at.former.all);
  const double high = returned_share * share_upper(at.former.hurt, at.former.all);
  if (gone.all == 0 || gone.point() > returned_share * at.former.point()) {
    check.missing = fmt::format("traffic had not left {} ({} of {} calls in the second half of the fault)", at.claim.on,
                                gone.hurt, gone.all);
  } else if (share.all > 0 && share_lower(share.hurt, share.all) >= high) {
    check.verdict = Verdict::holds;
  } else if (share.all > 0 && share_upper(share.hurt, share.all) < low) {
    check.verdict = Verdict::violated;
  } else {
    check.missing = fmt::format("{} calls leave it open: a longer phase or more requests a second", share.all);
  }
  return check;
}

std::vector<std::string> names_of(const scenarios::FailoverExpectation& claim) {
  std::vector<std::string> names;
  if (claim.leaves_within) names.emplace_back("leaves-within");
  if (claim.others_take_over) names.emplace_back("others-take-over");
  if (claim.returns_within) names.emplace_back("returns-within");
  return names;
}

}  // namespace

Finding judge_failover(const View& view, const PhaseWindow& phase, const scenarios::FailoverExpectation& expectation) {
  Finding finding;
  finding.expectation = fmt::format("failover on {}", expectation.on);
  Case at{view, phase, expectation, Replicas(view, expectation), {}};
  at.former = at.replicas.share(view.healthy_begin(), view.healthy_end());
  const auto window = fault_window(phase, expectation.on);
  if (const std::string why = unusable(at); !why.empty()) {
    cannot(finding, names_of(expectation), why);
  } else {
    const auto no_fault = [&](std::string name) {
      cannot(finding, {std::move(name)}, fmt::format("no fault on {} was on in this phase", expectation.on));
    };
    if (window) finding.timeline.push_back({window->from, "faults on"});
    if (expectation.leaves_within && window) finding.checks.push_back(check_leaves(at, *window, finding));
    else if (expectation.leaves_within) no_fault("leaves-within");
    if (expectation.others_take_over && window) finding.checks.push_back(check_take_over(at, *window));
    else if (expectation.others_take_over) no_fault("others-take-over");
    if (expectation.returns_within) finding.checks.push_back(check_returns(at, finding));
  }
  conclude(finding, fmt::format("The failover from {}", expectation.on), false);
  if (finding.verdict == Verdict::holds) finding.exchanges.clear();
  return finding;
}

}  // namespace stormproof::verify
