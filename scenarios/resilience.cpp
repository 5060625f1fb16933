#include "scenarios/resilience.h"

#include <algorithm>

#include "scenarios/reading.h"

namespace stormproof::scenarios {
namespace {

const Record& failover_record() {
  static const Record record = {
      "failover expectation",
      "What happens to the traffic over replicas when one is hurt. Each replica is a dependency with a proxy of its "
      "own.",
      {{"on", a(Form::line), required, "The replica that is hurt, by its name in topology.dependencies.", "payments-a"},
       {"others", list_of(a(Form::line)), required, "All other replicas, by their names.", "[payments-b]"},
       {"leaves-within", a(Form::duration), optional,
        "From this time after the fault on, the hurt replica gets no more than its share.", "3s"},
       {"share-at-most", a(Form::percent), optional,
        "The share of the calls to all replicas that the hurt one may still get. Default: 1%.", "1%"},
       {"others-take-over", a(Form::flag), optional,
        "From then on the others answer as many calls a request as all did before, less 10% at most.", "true"},
       {"returns-within", a(Form::duration), optional,
        "From this time after the replica's recovery, it gets at least half of its former share.", "15s"}},
      Choice{false, {"leaves-within", "others-take-over", "returns-within"}}};
  return record;
}

const Record& bulkhead_record() {
  static const Record record = {
      "bulkhead expectation",
      "What a dependency that hangs may take of the service.",
      {{"on", a(Form::line), required, "The dependency, by its name in topology.dependencies.", "payments"},
       {"calls-at-most", a(Form::count), optional, "So many calls to it are under way at once, at most.", "10"},
       {"others-p99", a(Form::duration), optional,
        "99% of the requests that do not depend on it are answered well within this time. Needs traceparent.",
        "200ms"}},
      Choice{false, {"calls-at-most", "others-p99"}}};
  return record;
}

const Record& overload_record() {
  static const Record record = {
      "overload expectation",
      "How the service sheds load beyond its capacity. The traffic must go from below it to far above.",
      {{"good-within", a(Form::duration), required, "An answer that comes later counts for nothing.", "500ms"},
       {"at", a(Form::factor), optional, "So many times the peak of good answers is overload. Default: 3x.", "3x"},
       {"goodput-at-least", a(Form::percent), optional,
        "Good answers a second under overload, in comparison with the peak. Default: 90%.", "90%"},
       {"admitted-p99", a(Form::duration), optional, "99% of the requests that are admitted are answered within this.",
        "1s"},
       {"refuses-faster", a(Form::flag), optional, "Half of the refusals are faster than half of the good answers.",
        "true"},
       {"status", list_of(a(Form::status)), optional, "The statuses of a refusal. Default: [429, 503].", "[503]"},
       {"important", list_of(a(Form::line)), optional,
        "Routes, as reports name them, of which at most 1% is refused; the others are refused first.",
        "[\"POST /checkout\"]"}}};
  return record;
}

const Record& metastability_record() {
  static const Record record = {
      "metastability expectation",
      "Whether the service comes back by itself once what hurt it is over and the load goes on unchanged.",
      {{"within", a(Form::duration), required, "From this time after the fault or the surge, it is as good as before.",
        "10s"},
       {"goodput-at-least", a(Form::percent), optional,
        "Good answers, in comparison with the steady state. Default: 95%.", "95%"},
       {"good-within", a(Form::duration), optional, "An answer that comes later counts for nothing. Default: 1s.",
        "1s"}}};
  return record;
}

const Record& fallback_record() {
  static const Record record = {
      "fallback expectation",
      "What the service answers in place of what it cannot get. Needs traceparent on the calls.",
      {{"on", a(Form::line), required, "The dependency, by its name in topology.dependencies.", "payments"},
       {"status", a(Form::status), optional, "The status of such an answer, or another of its class. Default: 200.",
        "200"},
       {"within", a(Form::duration), optional, "99% of such answers take at most this.", "300ms"},
       {"body", a(Form::likeness), optional,
        "not-empty; json: whole and valid; as-usual: JSON with the members that answers of the route have when all is "
        "well. Default: not-empty.",
        "as-usual"},
       {"fresh-within", a(Form::duration), optional, "Such answers say in the header Age that they are no older.",
        "60s"}}};
  return record;
}

What read_failover(const Node& node, Complaints& complaints) {
  FailoverExpectation failover{.on = value<std::string>(node, "on").value_or("")};
  failover.others = texts(in(node, "others"));
  failover.leaves_within = value<Nanoseconds>(node, "leaves-within");
  failover.share_at_most = value<double>(node, "share-at-most").value_or(failover.share_at_most);
  failover.others_take_over = claimed(node, "others-take-over", complaints);
  failover.returns_within = value<Nanoseconds>(node, "returns-within");
  std::vector<std::string> seen = {failover.on};
  for (const Node& item : in(node, "others").items) {
    const auto name = value<std::string>(item);
    if (!name) continue;
    if (*name == failover.on) complaints.add(item.place, "this is the replica that is hurt: name the others");
    else if (std::ranges::find(seen, *name) != seen.end()) complaints.add(item.place, "this replica is named twice");
    seen.push_back(*name);
  }
  const Node& share = in(node, "share-at-most");
  if (value<double>(share) && !failover.leaves_within)
    complaints.add(share.place, "this needs 'leaves-within': from when on?");
  return failover;
}

What read_bulkhead(const Node& node, Complaints& complaints) {
  BulkheadExpectation bulkhead{.on = value<std::string>(node, "on").value_or("")};
  bulkhead.calls_at_most = count_in(in(node, "calls-at-most"));
  bulkhead.others_p99 = value<Nanoseconds>(node, "others-p99");
  if (bulkhead.calls_at_most == 0)
    complaints.add(in(node, "calls-at-most").place, "a bulkhead lets one call through at least");
  return bulkhead;
}

What read_overload(const Node& node, Complaints& complaints) {
  OverloadExpectation overload{.good_within = value<Nanoseconds>(node, "good-within").value_or(Nanoseconds(0))};
  overload.at = value<double>(node, "at").value_or(overload.at);
  overload.goodput_at_least = value<double>(node, "goodput-at-least").value_or(overload.goodput_at_least);
  overload.admitted_p99 = value<Nanoseconds>(node, "admitted-p99");
  overload.refuses_faster = claimed(node, "refuses-faster", complaints);
  overload.important = texts(in(node, "important"));
  const Node& statuses = in(node, "status");
  if (!statuses.items.empty()) overload.status.clear();
  for (const Node& item : statuses.items) {
    const auto status = value<std::int64_t>(item);
    if (!status) continue;
    overload.status.push_back(static_cast<int>(*status));
    if (*status < 400) complaints.add(item.place, "a refusal has a status of 400 and above");
  }
  if (overload.at <= 1) complaints.add(in(node, "at").place, "overload is above the peak: more than 1x");
  return overload;
}

What read_metastability(const Node& node, Complaints&) {
  MetastabilityExpectation metastability{.within = value<Nanoseconds>(node, "within").value_or(Nanoseconds(0))};
  metastability.goodput_at_least = value<double>(node, "goodput-at-least").value_or(metastability.goodput_at_least);
  metastability.good_within = value<Nanoseconds>(node, "good-within").value_or(metastability.good_within);
  return metastability;
}

What read_fallback(const Node& node, Complaints&) {
  FallbackExpectation fallback{.on = value<std::string>(node, "on").value_or("")};
  fallback.status = static_cast<int>(value<std::int64_t>(node, "status").value_or(fallback.status));
  fallback.within = value<Nanoseconds>(node, "within");
  fallback.body = value<std::string>(node, "body").value_or(fallback.body);
  fallback.fresh_within = value<Nanoseconds>(node, "fresh-within");
  return fallback;
}

}  // namespace

std::vector<Mechanism> resilience_mechanisms() {
  return {
      {{"failover", a(failover_record()), optional, "Whether traffic leaves a replica that is hurt.",
        "{on: payments-a, others: [payments-b], leaves-within: 3s}"},
       read_failover,
       {"leaves-within", "returns-within"}},
      {{"bulkhead", a(bulkhead_record()), optional, "What a dependency that hangs may take of it.",
        "{on: payments, calls-at-most: 10}"},
       read_bulkhead},
      {{"overload", a(overload_record()), optional, "How it sheds load beyond its capacity.", "{good-within: 500ms}"},
       read_overload},
      {{"metastability", a(metastability_record()), optional, "Whether it comes back by itself.", "{within: 10s}"},
       read_metastability,
       {"within"}},
      {{"fallback", a(fallback_record()), optional, "What it answers in place of what it cannot get.",
        "{on: payments, status: 200, body: as-usual}"},
       read_fallback}};
}

}  // namespace stormproof::scenarios
