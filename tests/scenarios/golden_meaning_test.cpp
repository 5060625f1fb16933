// What only the whole tells: names, limits, variables, secrets.
#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

constexpr golden::Case cases[] = {
    {"Dependency", "{on: ledger, abort", "{on: legder, abort",
     R"(
s.yaml:18:19: error: unknown dependency 'legder'; did you mean 'ledger'?
   18 |     faults: [{on: legder, abort: {status: 503}, share: 100%}]
      |                   ^^^^^^
  allowed: ledger
)"},
    {"DependencyBreaker", "{on: ledger, opens", "{on: payments, opens",
     R"(
s.yaml:20:31: error: unknown dependency 'payments'
   20 |       - circuit-breaker: {on: payments, opens-within: 3s}
      |                               ^^^^^^^^
  allowed: ledger
)"},
    {"NoDependencies", R"(  dependencies:
    ledger: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"}
)",
     "",
     R"(
s.yaml:16:19: error: unknown dependency 'ledger'
   16 |     faults: [{on: ledger, abort: {status: 503}, share: 100%}]
      |                   ^^^^^^
  hint: name it in topology.dependencies, with its proxy and its upstream
s.yaml:18:31: error: unknown dependency 'ledger'
   18 |       - circuit-breaker: {on: ledger, opens-within: 3s}
      |                               ^^^^^^
  hint: name it in topology.dependencies, with its proxy and its upstream
)"},
    {"PhaseTwice", "    expect:\n      - circ", "  - name: ledger down\n    for: 3s\n    expect:\n      - circ",
     R"(
s.yaml:19:11: error: two phases are named 'ledger down'; the other stands on line 16
   19 |   - name: ledger down
      |           ^^^^^^^^^^^
)"},
    {"PhaseReserved", "name: ledger down", "name: steady state",
     R"(
s.yaml:16:11: error: the name 'steady state' is taken by steady-state
   16 |   - name: steady state
      |           ^^^^^^^^^^^^
)"},
    {"ProxyTwice", "traffic:\n",
     "    stock: {proxy: \"127.0.0.1:19001\", upstream: \"http://127.0.0.1:9002\"}\ntraffic:\n",
     R"(
s.yaml:9:20: error: the proxy of 'ledger' has this address already
    9 |     stock: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9002"}
      |                    ^^^^^^^^^^^^^^^^^
)"},
    {"Loop", "http://127.0.0.1:9001", "http://127.0.0.1:19001",
     R"(
s.yaml:8:50: error: the upstream is the proxy itself: it would call itself
    8 |     ledger: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:19001"}
      |                                                  ^^^^^^^^^^^^^^^^^^^^^^^^
  hint: upstream is where the dependency really listens
)"},
    {"CandidateAtProxy", "http://127.0.0.1:8082", "http://127.0.0.1:19001",
     R"(
s.yaml:6:22: error: the candidate listens where the proxy of 'ledger' does
    6 |     candidate: {url: "http://127.0.0.1:19001", command: [./shop, --port, 8082]}
      |                      ^^^^^^^^^^^^^^^^^^^^^^^^
)"},
    {"Jitter", "abort: {status: 503}", "latency: {base: 20ms, jitter: 50ms}",
     R"(
s.yaml:18:57: error: the jitter is larger than the base, 20ms: a delay cannot be negative
   18 |     faults: [{on: ledger, latency: {base: 20ms, jitter: 50ms}, share: 100%}]
      |                                                         ^^^^
)"},
    {"NoContent", "{status: 503}", "{status: 204, body: none}",
     R"(
s.yaml:18:54: error: an answer with status 204 has no body
   18 |     faults: [{on: ledger, abort: {status: 204, body: none}, share: 100%}]
      |                                                      ^^^^
)"},
    {"TooLong", "opens-within: 3s", "opens-within: 30s",
     R"(
s.yaml:20:53: error: the phase ends after 20s: it is over before this limit
   20 |       - circuit-breaker: {on: ledger, opens-within: 30s}
      |                                                     ^^^
)"},
    {"NothingJudged", R"(    expect:
      - circuit-breaker: {on: ledger, opens-within: 3s}
      - latency: {p99: 400ms}
)",
     "",
     R"(
s.yaml:15:1: error: no phase has an 'expect': the run would judge nothing
   15 | phases:
      | ^^^^^^
  hint: for example expect: [{latency: {p99: 400ms}}]
)"},
    {"Unset", "200/s", "${LOAD}",
     R"(
s.yaml:11:9: error: the environment variable 'LOAD' is not set
   11 |   rate: ${LOAD}
      |         ^^^^^^^
  hint: give it a default: ${LOAD:-…}
)"},
    {"Expanded", "200/s", "${RATE:-200/s}",
     R"(
s.yaml:11:9: error: 'fast' is not a rate; write it like 200/s (from '${RATE:-200/s}')
   11 |   rate: ${RATE:-200/s}
      |         ^^^^^^^^^^^^^^
)"},
    {"Bash", "200/s", "${LOAD-200/s}",
     R"(
s.yaml:11:9: error: '${LOAD-200/s}' is not a variable; did you mean '${LOAD:-200/s}'?
   11 |   rate: ${LOAD-200/s}
      |         ^^^^^^^^^^^^^
)"},
    {"OpenVar", "200/s", "${LOAD",
     R"(
s.yaml:11:9: error: '${' without its '}'
   11 |   rate: ${LOAD
      |         ^^
  hint: write $${ for a plain ${
)"},
    {"KeyVar", "    ledger: {", R"(    "${X}": {)",
     R"(
s.yaml:8:5: error: a key is not expanded; ${…} stands in values only
    8 |     "${X}": {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"}
      |     ^^^^^^
s.yaml:18:19: error: unknown dependency 'ledger'
   18 |     faults: [{on: ledger, abort: {status: 503}, share: 100%}]
      |                   ^^^^^^
  allowed: ${X}
s.yaml:20:31: error: unknown dependency 'ledger'
   20 |       - circuit-breaker: {on: ledger, opens-within: 3s}
      |                               ^^^^^^
  allowed: ${X}
)"},
    {"SecretUnset", "./shop,", R"("${secret:NOPE}",)",
     R"(
s.yaml:6:58: error: the secret 'NOPE' is not set
    6 |     candidate: {url: "http://127.0.0.1:8082", command: ["${secret:NOPE}", --port, 8082]}
      |                                                          ^^^^^^^^^^^^^^
  hint: set the environment variable STORMPROOF_SECRET_NOPE
)"},
    {"SecretPlace", "name: ledger outage", "name: of ${secret:TOKEN}",
     R"(
s.yaml:2:7: error: 'name' cannot hold a secret: it is stored with the run
    2 | name: of ${secret:TOKEN}
      |       ^^^^^^^^^^^^^^^^^^
  hint: secrets may stand in url, upstream, command, env, body and headers
)"},
    {"SecretValue", R"("http://127.0.0.1:8082")", R"("${secret:TOKEN}")",
     R"(
s.yaml:6:22: error: 'url': the value of the secret is not a URL like http://127.0.0.1:8082
    6 |     candidate: {url: "${secret:TOKEN}", command: [./shop, --port, 8082]}
      |                      ^^^^^^^^^^^^^^^^^
)"},
    {"SecretDefault", "./shop,", R"("${secret:TOKEN:-x}",)",
     R"(
s.yaml:6:58: error: 'TOKEN:-x' is not the name of a secret
    6 |     candidate: {url: "http://127.0.0.1:8082", command: ["${secret:TOKEN:-x}", --port, 8082]}
      |                                                          ^^^^^^^^^^^^^^^^^^
  hint: write ${secret:NAME}; a secret has no default
)"},
    {"Alias", "[./shop, --port, 8082]", "[*a, *a], env: {A: &a x}",
     R"(
s.yaml:6:57: error: this alias names no anchor
    6 |     candidate: {url: "http://127.0.0.1:8082", command: [*a, *a], env: {A: &a x}}
      |                                                         ^^
  hint: an anchor '&name' stands before its alias '*name'; put quotes around a text that begins with *
)"},
};

INSTANTIATE_TEST_SUITE_P(Meaning, Golden, testing::ValuesIn(cases), golden::name_of);

}  // namespace
}  // namespace stormproof::scenarios
