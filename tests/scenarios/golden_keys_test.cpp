// Keys that are unknown, doubled, missing or in conflict, and values of the wrong kind.
#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

constexpr golden::Case cases[] = {
    {"ReferenceExample", "abort: {status: 503}", "abrot: {status: 503}",
     R"(
s.yaml:18:27: error: unknown fault field 'abrot'; did you mean 'abort'?
   18 |     faults: [{on: ledger, abrot: {status: 503}, share: 100%}]
      |                           ^^^^^
  allowed: on, latency, abort, throttle, change-request, change-response, truncate, framing, no-answer, slow, huge-head, stale, duplicate, connection, share, share-of, methods, paths, routes, headers, …
)"},
    {"UnknownTop", "traffic:\n", "trafic:\n",
     R"(
s.yaml:9:1: error: unknown scenario field 'trafic'; did you mean 'traffic'?
    9 | trafic:
      | ^^^^^^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
)"},
    {"UnknownFar", "    for: 20s\n    faults", "    for: 20s\n    colour: blue\n    faults",
     R"(
s.yaml:18:5: error: unknown phase field 'colour'
   18 |     colour: blue
      |     ^^^^^^
  allowed: name, for, probe, faults, processes, expect
)"},
    {"Underscore", "steady-state", "steady_state",
     R"(
s.yaml:12:1: error: unknown scenario field 'steady_state'; did you mean 'steady-state'?
   12 | steady_state:
      | ^^^^^^^^^^^^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
)"},
    {"Camel", "at-most", "atMost",
     R"(
s.yaml:14:22: error: unknown errors expectation field 'atMost'; did you mean 'at-most'?
   14 |   expect: [{errors: {atMost: 0.1%}}]
      |                      ^^^^^^
  allowed: at-most
)"},
    {"Slip", "topology:\n  service:\n    name: checkout\n", "topology:\nservice:\n    name: checkout\n",
     R"(
s.yaml:7:3: error: this line begins in a column that no line above begins in
    7 |   dependencies:
      |   ^
  hint: check the indentation: fields of one map begin in the same column
)"},
    {"Slip2", "  rate: 200/s", "rate: 200/s",
     R"(
s.yaml:9:1: error: the traffic needs exactly one of rate, speed, ramp, steps, poisson, arrivals
    9 | traffic:
      | ^^^^^^^
s.yaml:11:1: error: unknown scenario field 'rate'
   11 | rate: 200/s
      | ^^^^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: 'rate' is a field of traffic, step, rate-limit expectation and throttle fault: check the indentation
)"},
    {"Duplicate", "  rate: 200/s", "  rate: 200/s\n  rate: 300/s",
     R"(
s.yaml:12:3: error: duplicate key 'rate'; it stands on line 11 already
   12 |   rate: 300/s
      |   ^^^^
)"},
    {"DuplicateNested", "share: 100%", "share: 100%, on: ledger",
     R"(
s.yaml:18:62: error: duplicate key 'on'; it stands on line 18 already
   18 |     faults: [{on: ledger, abort: {status: 503}, share: 100%, on: ledger}]
      |                                                              ^^
)"},
    {"DuplicateDep", "traffic:\n",
     "    ledger: {proxy: \"127.0.0.1:19002\", upstream: \"http://127.0.0.1:9002\"}\ntraffic:\n",
     R"(
s.yaml:9:5: error: duplicate key 'ledger'; it stands on line 8 already
    9 |     ledger: {proxy: "127.0.0.1:19002", upstream: "http://127.0.0.1:9002"}
      |     ^^^^^^
)"},
    {"Merge", "{status: 503}", "{<<: {body: x}, status: 503}",
     R"(
s.yaml:18:35: error: merge keys ('<<') are not part of the language
   18 |     faults: [{on: ledger, abort: {<<: {body: x}, status: 503}, share: 100%}]
      |                                   ^^
  hint: write the keys out, or use an alias for a whole value
)"},
    {"KeyList", "name: ledger outage", "? [name]\n: ledger outage",
     R"(
s.yaml:1:1: error: the scenario lacks 'name'
    1 | version: 1
      | ^^^^^^^
  hint: for example name: checkout survives a payments outage
s.yaml:2:3: error: a key must be text, not a list
    2 | ? [name]
      |   ^
)"},
    {"Missing", "name: ledger outage\n", "",
     R"(
s.yaml:1:1: error: the scenario lacks 'name'
    1 | version: 1
      | ^^^^^^^
  hint: for example name: checkout survives a payments outage
)"},
    {"MissingTwo", R"({proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"})", "{}",
     R"(
s.yaml:8:5: error: the dependency lacks 'proxy', 'upstream'
    8 |     ledger: {}
      |     ^^^^^^
  hint: for example proxy: "127.0.0.1:19001"
)"},
    {"MissingOn", "{on: ledger, abort", "{abort",
     R"(
s.yaml:18:14: error: the fault lacks 'on'
   18 |     faults: [{abort: {status: 503}, share: 100%}]
      |              ^
  hint: for example on: payments
)"},
    {"NoValue", "  capture: checkout.traffic", "  capture:",
     R"(
s.yaml:10:3: error: 'capture' has no value; it takes text
   10 |   capture:
      |   ^^^^^^^
  hint: for example capture: captures/checkout.traffic
)"},
    {"NoValueMap", "{status: 503}", "~",
     R"(
s.yaml:18:27: error: 'abort' has no value; it takes a map
   18 |     faults: [{on: ledger, abort: ~, share: 100%}]
      |                           ^^^^^
  allowed: status, body, headers
  hint: for example abort: {status: 503}
)"},
    {"TwoRates", "  rate: 200/s", "  rate: 200/s\n  speed: 2x",
     R"(
s.yaml:12:3: error: 'speed' cannot stand beside 'rate'; the traffic has exactly one of rate, speed, ramp, steps, poisson, arrivals
   12 |   speed: 2x
      |   ^^^^^
)"},
    {"NoRate", "  rate: 200/s\n", "",
     R"(
s.yaml:9:1: error: the traffic needs exactly one of rate, speed, ramp, steps, poisson, arrivals
    9 | traffic:
      | ^^^^^^^
)"},
    {"NoEffect", ", abort: {status: 503}", "",
     R"(
s.yaml:18:14: error: the fault needs at least one of latency, abort, throttle, change-request, change-response, truncate, framing, no-answer, slow, huge-head, stale, duplicate, connection
   18 |     faults: [{on: ledger, share: 100%}]
      |              ^
)"},
    {"TwoExpectations", "      - latency: {p99: 400ms}", "        latency: {p99: 400ms}",
     R"(
s.yaml:21:9: error: 'latency' cannot stand beside 'circuit-breaker'; the expectation has exactly one of errors, latency, circuit-breaker, recovers, timeout, retries, rate-limit, trace-propagation, failover, bulkhead, overload, metastability, fallback, not-worse, differences
   21 |         latency: {p99: 400ms}
      |         ^^^^^^^
  hint: begin each expectation with '- '
)"},
    {"BreakerEmpty", ", opens-within: 3s", "",
     R"(
s.yaml:20:9: error: the circuit-breaker expectation needs at least one of opens-within, leaks-at-most, probes-every, half-open-calls, fails-fast-within, closes-within, scope
   20 |       - circuit-breaker: {on: ledger}
      |         ^^^^^^^^^^^^^^^
)"},
    {"LatencyEmpty", "{p99: 400ms}", "{}",
     R"(
s.yaml:21:9: error: the latency expectation needs at least one of p50, p90, p95, p99, p99.9, max
   21 |       - latency: {}
      |         ^^^^^^^
)"},
    {"AbortShort", "{status: 503}", "503",
     R"(
s.yaml:18:34: error: 'abort' takes a map, not '503'
   18 |     faults: [{on: ledger, abort: 503, share: 100%}]
      |                                  ^^^
  allowed: status, body, headers
  hint: for example abort: {status: 503}
)"},
    {"ListForMap", "{p99: 400ms}", "[p99: 400ms]",
     R"(
s.yaml:21:18: error: 'latency' takes a map, not a list
   21 |       - latency: [p99: 400ms]
      |                  ^
  allowed: p50, p90, p95, p99, p99.9, max
  hint: take out the '- ' or the [ ]
)"},
    {"MapForList", "[{on: ledger, abort: {status: 503}, share: 100%}]",
     "{on: ledger, abort: {status: 503}, share: 100%}",
     R"(
s.yaml:18:13: error: 'faults' takes a list, not a map
   18 |     faults: {on: ledger, abort: {status: 503}, share: 100%}
      |             ^
  hint: begin each item with '- ', or put [ ] around it
)"},
    {"CommandText", "[./shop, --port, 8082]", "./shop --port 8082",
     R"(
s.yaml:6:56: error: 'command' takes a list, not './shop --port 8082'
    6 |     candidate: {url: "http://127.0.0.1:8082", command: ./shop --port 8082}
      |                                                        ^^^^^^^^^^^^^^^^^^
  hint: write a list: command: [./shop, --port, 8082]
)"},
    {"EmptyList", "[./shop, --port, 8082]", "[]",
     R"(
s.yaml:6:56: error: 'command' is empty
    6 |     candidate: {url: "http://127.0.0.1:8082", command: []}
      |                                                        ^
  hint: leave the key out, or list at least one
)"},
    {"ItemsNull", "[./shop, --port, 8082]", "[./shop, , 8082]",
     R"(
s.yaml:6:63: error: an item of 'command' has no value; it takes text
    6 |     candidate: {url: "http://127.0.0.1:8082", command: [./shop, , 8082]}
      |                                                               ^
)"},
    {"LatencyNull", "      - latency: {p99: 400ms}", "      - ",
     R"(
s.yaml:21:7: error: an item of 'expect' has no value; it takes a map
   21 |       - 
      |       ^
  allowed: errors, latency, circuit-breaker, recovers, timeout, retries, rate-limit, trace-propagation, failover, bulkhead, overload, metastability, fallback, not-worse, differences
  hint: for example {latency: {p99: 250ms}}
)"},
    {"ExpectText", "- latency: {p99: 400ms}", "- recovers",
     R"(
s.yaml:21:9: error: an item of 'expect' takes a map, not 'recovers'
   21 |       - recovers
      |         ^^^^^^^^
  allowed: errors, latency, circuit-breaker, recovers, timeout, retries, rate-limit, trace-propagation, failover, bulkhead, overload, metastability, fallback, not-worse, differences
  hint: for example {latency: {p99: 250ms}}
)"},
    {"P98", "p99: 400", "p98: 400",
     R"(
s.yaml:21:19: error: unknown latency expectation field 'p98'
   21 |       - latency: {p98: 400ms}
      |                   ^^^
  allowed: p50, p90, p95, p99, p99.9, max
)"},
    {"Space", "share: 100%", "share:100%",
     R"(
s.yaml:18:49: error: unknown fault field 'share:100%'; did you mean 'share: 100%'?
   18 |     faults: [{on: ledger, abort: {status: 503}, share:100%}]
      |                                                 ^^^^^^^^^^
  allowed: on, latency, abort, throttle, change-request, change-response, truncate, framing, no-answer, slow, huge-head, stale, duplicate, connection, share, share-of, methods, paths, routes, headers, …
  hint: a space follows the ':' of a key
)"},
    {"SlipOfAWholeBlock", golden::whole, R"(version: 1
name: ledger outage
topology:
service:
    name: checkout
    candidate: {url: "http://127.0.0.1:8082", command: [./shop, --port, 8082]}
dependencies:
    ledger: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"}
traffic:
  capture: checkout.traffic
  rate: 200/s
steady-state:
  for: 20s
  expect: [{errors: {at-most: 0.1%}}]
phases:
  - name: ledger down
    for: 20s
    faults: [{on: ledger, abort: {status: 503}, share: 100%}]
    expect:
      - circuit-breaker: {on: ledger, opens-within: 3s}
      - latency: {p99: 400ms}
)",
     R"(
s.yaml:3:1: error: 'topology' has no value; it takes a map
    3 | topology:
      | ^^^^^^^^
  allowed: service, dependencies
  hint: for example topology: {service: {name: checkout, candidate: {url: "http://127.0.0.1:8082"}}}
s.yaml:4:1: error: unknown scenario field 'service'
    4 | service:
      | ^^^^^^^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: 'service' is a field of topology: check the indentation
s.yaml:7:1: error: unknown scenario field 'dependencies'
    7 | dependencies:
      | ^^^^^^^^^^^^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: 'dependencies' is a field of topology: check the indentation
)"},
};

INSTANTIATE_TEST_SUITE_P(Keys, Golden, testing::ValuesIn(cases), golden::name_of);

}  // namespace
}  // namespace stormproof::scenarios
