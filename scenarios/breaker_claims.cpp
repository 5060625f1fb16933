#include "scenarios/breaker_claims.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/reading.h"

namespace stormproof::scenarios {
namespace {

constexpr std::uint64_t instances_max = 100;

std::optional<BreakerScope> scope_of(const std::optional<std::string>& word) {
  if (word == "host") return BreakerScope::host;
  if (word == "service") return BreakerScope::service;
  if (word == "instance") return BreakerScope::instance;
  if (word == "shared") return BreakerScope::shared;
  return std::nullopt;
}

void check_others(const Node& node, const BreakerExpectation& breaker, Complaints& complaints) {
  std::vector<std::string> seen = {breaker.on};
  for (const Node& item : in(node, "others").items) {
    const auto name = value<std::string>(item);
    if (!name) continue;
    if (*name == breaker.on) complaints.add(item.place, "this is the host that is hurt: name the others");
    else if (std::ranges::find(seen, *name) != seen.end()) complaints.add(item.place, "this host is named twice");
    seen.push_back(*name);
  }
}

// What one key needs of the others.
void check_scope(const Node& node, const BreakerExpectation& breaker, Complaints& complaints) {
  const bool of_hosts = breaker.scope == BreakerScope::host || breaker.scope == BreakerScope::service;
  const bool of_instances = breaker.scope == BreakerScope::instance || breaker.scope == BreakerScope::shared;
  const Place place = in(node, "scope").place;
  if (of_hosts && breaker.others.empty())
    complaints.add(place, "this scope shows at other hosts of the same service: name them in 'others'").hint =
        "for example others: [payments-b]; each host is a dependency with a proxy of its own";
  if (of_instances && breaker.instances < 2)
    complaints.add(place, "this scope shows where the service has several instances: say how many in 'instances'")
        .hint = "for example instances: 2; all of them behind the one url, calling the one proxy";
  if (of_instances && !breaker.probes_every)
    complaints.add(place, "the probes tell how many breakers there are: state 'probes-every'");
  if (!of_hosts && !in(node, "others").items.empty())
    complaints.add(in(node, "others").place, "'others' goes with scope: host, or scope: service");
  if (!of_instances && breaker.instances != 1)
    complaints.add(in(node, "instances").place, "'instances' goes with scope: instance, or scope: shared");
  if (breaker.instances > instances_max)
    complaints.add(in(node, "instances").place, fmt::format("{} at most", instances_max));
  if (breaker.half_open_calls == 0)
    complaints.add(in(node, "half-open-calls").place, "a breaker that lets no call through never closes: 1 at least");
}

}  // namespace

const Record& breaker_record() {
  static const Record record = {
      "circuit-breaker expectation",
      "What the service's circuit breaker does, seen from the calls that reach the dependency.",
      {{"on", a(Form::line), required, "The dependency, by its name in topology.dependencies.", "payments"},
       {"opens-within", a(Form::duration), optional, "Calls stop within this time of the first failed one.", "3s"},
       {"leaks-at-most", a(Form::count), optional, "How many calls, probes aside, may get through while it is open.",
        "0"},
       {"probes-every", a(Form::around), optional,
        "The period of probes while it is open, with a tolerance (10% where none is given).", "2s ± 20%"},
       {"half-open-calls", a(Form::count), optional,
        "So many calls are let through half-open, before it is clear whether the dependency is well. Needs traceparent "
        "on the calls, and a dependency that hangs.",
        "1"},
       {"fails-fast-within", a(Form::duration), optional,
        "While it is open, 99% of the requests that depend on the dependency are answered within this time.", "50ms"},
       {"closes-within", a(Form::duration), optional, "Calls flow again within this time of the dependency's recovery.",
        "6s"},
       {"scope", a(Form::breaker_scope), optional,
        "For whom it opens: the host alone, or all hosts of the service (these two need 'others'); each instance for "
        "itself, or all together (these two need 'instances').",
        "host"},
       {"others", list_of(a(Form::line)), optional, "Other hosts of the same service, which stay well.",
        "[payments-b]"},
       {"instances", a(Form::count), optional, "How many instances of the service under test make these calls.", "2"}},
      Choice{false,
             {"opens-within", "leaks-at-most", "probes-every", "half-open-calls", "fails-fast-within", "closes-within",
              "scope"}}};
  return record;
}

BreakerExpectation read_breaker(const Node& node, Complaints& complaints) {
  BreakerExpectation breaker;
  put(breaker.on, in(node, "on"));
  breaker.opens_within = value<Nanoseconds>(in(node, "opens-within"));
  breaker.leaks_at_most = count_in(in(node, "leaks-at-most"));
  breaker.probes_every = value<Around>(in(node, "probes-every"));
  breaker.half_open_calls = count_in(in(node, "half-open-calls"));
  breaker.fails_fast_within = value<Nanoseconds>(in(node, "fails-fast-within"));
  breaker.closes_within = value<Nanoseconds>(in(node, "closes-within"));
  breaker.scope = scope_of(value<std::string>(in(node, "scope")));
  breaker.others = texts(in(node, "others"));
  breaker.instances = count_in(in(node, "instances")).value_or(1);
  check_others(node, breaker, complaints);
  check_scope(node, breaker, complaints);
  return breaker;
}

}  // namespace stormproof::scenarios
