// Values that are not of their form, and many mistakes at once.
#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

constexpr golden::Case cases[] = {
    {"NoUnitRate", "200/s", "200",
     R"(
s.yaml:11:9: error: '200' has no unit; a rate is written like 200/s
   11 |   rate: 200
      |         ^^^
)"},
    {"NoUnitDuration", "for: 20s", "for: 20",
     R"(
s.yaml:13:8: error: '20' has no unit; a duration is written like 250ms or 3s
   13 |   for: 20
      |        ^^
)"},
    {"NoUnitPercent", "100%", "100",
     R"(
s.yaml:18:56: error: '100' has no unit; a percentage carries %; did you mean '100%'?
   18 |     faults: [{on: ledger, abort: {status: 503}, share: 100}]
      |                                                        ^^^
)"},
    {"UnknownUnit", "400ms", "400msec",
     R"(
s.yaml:21:24: error: '400msec' has the unknown unit 'msec'; a duration is in ns, us, µs, ms, s, m, h
   21 |       - latency: {p99: 400msec}
      |                        ^^^^^^^
)"},
    {"PercentOver", "100%", "130%",
     R"(
s.yaml:18:56: error: '130%' is above 100%
   18 |     faults: [{on: ledger, abort: {status: 503}, share: 130%}]
      |                                                        ^^^^
)"},
    {"Zero", "for: 20s", "for: 0s",
     R"(
s.yaml:13:8: error: '0s' is not above zero
   13 |   for: 0s
      |        ^^
)"},
    {"ZeroRate", "200/s", "0/s",
     R"(
s.yaml:11:9: error: '0/s' is not above zero
   11 |   rate: 0/s
      |         ^^^
)"},
    {"Status", "503", "99",
     R"(
s.yaml:18:43: error: '99' is not a status from 200 to 599
   18 |     faults: [{on: ledger, abort: {status: 99}, share: 100%}]
      |                                           ^^
)"},
    {"StatusText", "503", "unavailable",
     R"(
s.yaml:18:43: error: 'unavailable' is not a status from 200 to 599
   18 |     faults: [{on: ledger, abort: {status: unavailable}, share: 100%}]
      |                                           ^^^^^^^^^^^
)"},
    {"Version", "version: 1", "version: 2",
     R"(
s.yaml:1:10: error: '2' is not a version that this stormproof knows; it knows 1
    1 | version: 2
      |          ^
)"},
    {"Flag", "  rate: 200/s", "  rate: 200/s\n  allow-writes: yes",
     R"(
s.yaml:12:17: error: 'yes' is not true or false; did you mean 'true'?
   12 |   allow-writes: yes
      |                 ^^^
)"},
    {"Method", "  rate: 200/s", "  rate: 200/s\n  only: {methods: [get, POST], paths: [orders]}",
     R"(
s.yaml:12:20: error: 'get': methods are written in capitals; did you mean 'GET'?
   12 |   only: {methods: [get, POST], paths: [orders]}
      |                    ^^^
s.yaml:12:40: error: 'orders' does not begin with '/'; did you mean '/orders'?
   12 |   only: {methods: [get, POST], paths: [orders]}
      |                                        ^^^^^^
)"},
    {"Url", R"("http://127.0.0.1:8082")", R"("127.0.0.1:8082")",
     R"(
s.yaml:6:22: error: '127.0.0.1:8082' is not a URL; did you mean 'http://127.0.0.1:8082'?
    6 |     candidate: {url: "127.0.0.1:8082", command: [./shop, --port, 8082]}
      |                      ^^^^^^^^^^^^^^^^
)"},
    {"UrlFtp", R"("http://127.0.0.1:8082")", "ftp://localhost",
     R"(
s.yaml:6:22: error: 'ftp://localhost' begins with ftp://; only http and https are spoken
    6 |     candidate: {url: ftp://localhost, command: [./shop, --port, 8082]}
      |                      ^^^^^^^^^^^^^^^
)"},
    {"UrlPath", R"("http://127.0.0.1:8082")", "http://localhost:8082/api",
     R"(
s.yaml:6:22: error: 'http://localhost:8082/api' has more than a scheme, a host and a port; did you mean 'http://localhost:8082'?
    6 |     candidate: {url: http://localhost:8082/api, command: [./shop, --port, 8082]}
      |                      ^^^^^^^^^^^^^^^^^^^^^^^^^
)"},
    {"Address", R"("127.0.0.1:19001")", R"("http://127.0.0.1:19001/")",
     R"(
s.yaml:8:21: error: 'http://127.0.0.1:19001/' is not an address; write it like 127.0.0.1:19001; did you mean '127.0.0.1:19001'?
    8 |     ledger: {proxy: "http://127.0.0.1:19001/", upstream: "http://127.0.0.1:9001"}
      |                     ^^^^^^^^^^^^^^^^^^^^^^^^^
)"},
    {"AddressPort", R"("127.0.0.1:19001")", R"("127.0.0.1:99999")",
     R"(
s.yaml:8:21: error: the port of '127.0.0.1:99999' is not 1 to 65535
    8 |     ledger: {proxy: "127.0.0.1:99999", upstream: "http://127.0.0.1:9001"}
      |                     ^^^^^^^^^^^^^^^^^
)"},
    {"AddressNoport", R"("127.0.0.1:19001")", "localhost",
     R"(
s.yaml:8:21: error: 'localhost' has no port; write it like 127.0.0.1:19001
    8 |     ledger: {proxy: localhost, upstream: "http://127.0.0.1:9001"}
      |                     ^^^^^^^^^
)"},
    {"Verdict", "phases:\n", "gate: {fail-on: [violatd]}\nphases:\n",
     R"(
s.yaml:15:18: error: 'violatd' is not violated or inconclusive; did you mean 'violated'?
   15 | gate: {fail-on: [violatd]}
      |                  ^^^^^^^
)"},
    {"Env", R"({url: "http)", R"({env: {"A=B": 1, OK: 2}, url: "http)",
     R"(
s.yaml:6:23: error: 'A=B' is not the name of an environment variable
    6 |     candidate: {env: {"A=B": 1, OK: 2}, url: "http://127.0.0.1:8082", command: [./shop, --port, 8082]}
      |                       ^^^^^
)"},
    {"HeaderUpgrade", "{status: 503}", R"({status: 503, headers: {Upgrade: h2c}})",
     R"(
s.yaml:18:58: error: 'Upgrade' is set by stormproof itself
   18 |     faults: [{on: ledger, abort: {status: 503, headers: {Upgrade: h2c}}, share: 100%}]
      |                                                          ^^^^^^^
)"},
    {"Baseline", "  dependencies:", R"(    baseline: {url: "http://127.0.0.1:8081"}
  dependencies:)",
     R"(
s.yaml:7:5: warning: baseline is not used by any expectation: nothing is compared with it
    7 |     baseline: {url: "http://127.0.0.1:8081"}
      |     ^^^^^^^^
  hint: it is neither started nor sent requests; expect not-worse or differences, of a phase or of the run
)"},
    {"BaselineBesideAMistake", "  dependencies:", R"(    baseline: {url: "http://127.0.0.1:8081", port: 1}
  dependencies:)",
     R"(
s.yaml:7:5: warning: baseline is not used by any expectation: nothing is compared with it
    7 |     baseline: {url: "http://127.0.0.1:8081", port: 1}
      |     ^^^^^^^^
  hint: it is neither started nor sent requests; expect not-worse or differences, of a phase or of the run
s.yaml:7:46: error: unknown target field 'port'
    7 |     baseline: {url: "http://127.0.0.1:8081", port: 1}
      |                                              ^^^^
  allowed: url, command, env, health, network
)"},
    {"Header", "{status: 503}", R"({status: 503, headers: {Content-Length: 3, "a b": x}})",
     R"(
s.yaml:18:58: error: 'Content-Length' is set by stormproof itself
   18 |     faults: [{on: ledger, abort: {status: 503, headers: {Content-Length: 3, "a b": x}}, share: 100%}]
      |                                                          ^^^^^^^^^^^^^^
s.yaml:18:77: error: 'a b' is not the name of a header
   18 |     faults: [{on: ledger, abort: {status: 503, headers: {Content-Length: 3, "a b": x}}, share: 100%}]
      |                                                                             ^^^^^
)"},
    {"Tolerance", "opens-within: 3s", "probes-every: 2s ± 20",
     R"(
s.yaml:20:53: error: the tolerance '20' has no unit; a percentage carries %; did you mean '20%'?
   20 |       - circuit-breaker: {on: ledger, probes-every: 2s ± 20}
      |                                                     ^^^^^^^
)"},
    {"AfterUmlaut", "opens-within: 3s", "probes-every: 2s ± 20%, clses-within: 3s",
     R"(
s.yaml:20:63: error: unknown circuit-breaker expectation field 'clses-within'; did you mean 'closes-within'?
   20 |       - circuit-breaker: {on: ledger, probes-every: 2s ± 20%, clses-within: 3s}
      |                                                               ^^^^^^^^^^^^
  allowed: on, opens-within, leaks-at-most, probes-every, half-open-calls, fails-fast-within, closes-within, scope, others, instances
)"},
    {"LongName", "ledger outage",
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
     R"(
s.yaml:2:7: error: 'name' is longer than 200 characters
    2 | name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
)"},
    {"Crlf", "rate: 200/s\n", "rate: 200\r\n",
     R"(
s.yaml:11:9: error: '200' has no unit; a rate is written like 200/s
   11 |   rate: 200
      |         ^^^
)"},
    {"InAnAnchor", " {p99: 400ms}", " &a {p99: 400}\n      - latency: *a",
     R"(
s.yaml:21:27: error: '400' has no unit; a duration is written like 250ms or 3s
   21 |       - latency: &a {p99: 400}
      |                           ^^^
)"},
    {"SeveralAtOnce", golden::whole, R"(version: one
name: ledger outage
topology:
  service:
    nmae: checkout
    candidate: {url: "http://127.0.0.1:8082", command: [./shop, --port, 8082]}
  dependencies:
    ledger: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"}
traffic:
  capture: checkout.traffic
  rate: 200
steady-state:
  for: 20
  expect: [{errors: {at-most: 0.1%}}]
phases:
  - name: ledger down
    for: 20
    faults: [{on: legder, abrot: {status: 503}, share: 100%}]
    expect:
      - circuit-breaker: {on: ledger, opens_within: 3s}
      - latency: {p99: 400msec}
)",
     R"(
s.yaml:1:10: error: 'one' is not a version that this stormproof knows; it knows 1
    1 | version: one
      |          ^^^
s.yaml:5:5: error: unknown service field 'nmae'; did you mean 'name'?
    5 |     nmae: checkout
      |     ^^^^
  allowed: name, candidate, baseline, second-baseline
s.yaml:11:9: error: '200' has no unit; a rate is written like 200/s
   11 |   rate: 200
      |         ^^^
s.yaml:13:8: error: '20' has no unit; a duration is written like 250ms or 3s
   13 |   for: 20
      |        ^^
s.yaml:17:10: error: '20' has no unit; a duration is written like 250ms or 3s
   17 |     for: 20
      |          ^^
s.yaml:18:19: error: unknown dependency 'legder'; did you mean 'ledger'?
   18 |     faults: [{on: legder, abrot: {status: 503}, share: 100%}]
      |                   ^^^^^^
  allowed: ledger
s.yaml:18:27: error: unknown fault field 'abrot'; did you mean 'abort'?
   18 |     faults: [{on: legder, abrot: {status: 503}, share: 100%}]
      |                           ^^^^^
  allowed: on, latency, abort, throttle, change-request, change-response, truncate, framing, no-answer, slow, huge-head, stale, duplicate, connection, share, share-of, methods, paths, routes, headers, …
s.yaml:20:39: error: unknown circuit-breaker expectation field 'opens_within'; did you mean 'opens-within'?
   20 |       - circuit-breaker: {on: ledger, opens_within: 3s}
      |                                       ^^^^^^^^^^^^
  allowed: on, opens-within, leaks-at-most, probes-every, half-open-calls, fails-fast-within, closes-within, scope, others, instances
s.yaml:21:24: error: '400msec' has the unknown unit 'msec'; a duration is in ns, us, µs, ms, s, m, h
   21 |       - latency: {p99: 400msec}
      |                        ^^^^^^^
)"},
    {"SeveralOfEachKind", golden::whole, R"(name:
owner: [qa]
topology: {service: {name: a, candidate: {url: localhost:80}}, dependencys: {db: {proxy: ":5432"}}}
traffic: {rate: 10, rate: 20/s, speed: 2}
phases:
  - for: 10s
    faults: [{on: bd, latency: fast, share: 120%}]
  - name: rest
    for: 5 seconds
    expect: {recovers: {within: 1m}}
)",
     R"(
s.yaml:1:1: error: 'name' has no value; it takes text
    1 | name:
      | ^^^^
  hint: for example name: checkout survives a payments outage
s.yaml:1:1: error: the scenario lacks 'version', 'steady-state'
    1 | name:
      | ^^^^
  hint: for example version: 1
s.yaml:2:8: error: 'owner' takes text, not a list
    2 | owner: [qa]
      |        ^
  hint: take out the '- ' or the [ ]
s.yaml:3:48: error: 'localhost:80' is not a URL; did you mean 'http://localhost:80'?
    3 | topology: {service: {name: a, candidate: {url: localhost:80}}, dependencys: {db: {proxy: ":5432"}}}
      |                                                ^^^^^^^^^^^^
s.yaml:3:64: error: unknown topology field 'dependencys'; did you mean 'dependencies'?
    3 | topology: {service: {name: a, candidate: {url: localhost:80}}, dependencys: {db: {proxy: ":5432"}}}
      |                                                                ^^^^^^^^^^^
  allowed: service, dependencies
s.yaml:3:78: error: the dependency lacks 'upstream'
    3 | topology: {service: {name: a, candidate: {url: localhost:80}}, dependencys: {db: {proxy: ":5432"}}}
      |                                                                              ^^
  hint: for example upstream: "http://127.0.0.1:9001"
s.yaml:3:90: error: ':5432' has no host; did you mean '127.0.0.1:5432'?
    3 | topology: {service: {name: a, candidate: {url: localhost:80}}, dependencys: {db: {proxy: ":5432"}}}
      |                                                                                          ^^^^^^^
s.yaml:4:1: error: the traffic lacks 'capture'
    4 | traffic: {rate: 10, rate: 20/s, speed: 2}
      | ^^^^^^^
  hint: for example capture: captures/checkout.traffic
s.yaml:4:17: error: '10' has no unit; a rate is written like 200/s
    4 | traffic: {rate: 10, rate: 20/s, speed: 2}
      |                 ^^
s.yaml:4:21: error: duplicate key 'rate'; it stands on line 4 already
    4 | traffic: {rate: 10, rate: 20/s, speed: 2}
      |                     ^^^^
s.yaml:4:33: error: 'speed' cannot stand beside 'rate'; the traffic has exactly one of rate, speed, ramp, steps, poisson, arrivals
    4 | traffic: {rate: 10, rate: 20/s, speed: 2}
      |                                 ^^^^^
s.yaml:4:40: error: '2' has no unit; a factor is written like 2x
    4 | traffic: {rate: 10, rate: 20/s, speed: 2}
      |                                        ^
s.yaml:6:5: error: the phase lacks 'name'
    6 |   - for: 10s
      |     ^
  hint: for example name: payments down
s.yaml:7:19: error: unknown dependency 'bd'; did you mean 'db'?
    7 |     faults: [{on: bd, latency: fast, share: 120%}]
      |                   ^^
  allowed: db
s.yaml:7:32: error: 'fast' is not a duration; write it like 250ms or 3s
    7 |     faults: [{on: bd, latency: fast, share: 120%}]
      |                                ^^^^
s.yaml:7:45: error: '120%' is above 100%
    7 |     faults: [{on: bd, latency: fast, share: 120%}]
      |                                             ^^^^
s.yaml:9:10: error: '5 seconds' has the unknown unit 'seconds'; a duration is in ns, us, µs, ms, s, m, h
    9 |     for: 5 seconds
      |          ^^^^^^^^^
s.yaml:10:13: error: 'expect' takes a list, not a map
   10 |     expect: {recovers: {within: 1m}}
      |             ^
  hint: begin each item with '- ', or put [ ] around it
)"},
};

INSTANTIATE_TEST_SUITE_P(Values, Golden, testing::ValuesIn(cases), golden::name_of);

}  // namespace
}  // namespace stormproof::scenarios
