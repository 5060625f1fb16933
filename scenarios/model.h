// Long because: all that a scenario can mean stands in one place.
// The model of a scenario: what a YAML file means, once it is read and found right.
//
// Plain values. Every value that came from the text keeps no position: positions live in the parser's errors; an
// Expectation alone keeps its line, because findings point at it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "faults/distribution.h"
#include "faults/stream_fault.h"
#include "harness/base/clock.h"

namespace stormproof::scenarios {

using base::Nanoseconds;

struct Health {
  std::string path = "/";
  Nanoseconds within = std::chrono::seconds(10);
};

// A network of the program's own, made by the harness: its link to the harness can be hurt.
struct OwnNetwork {
  std::string harness;  // the address of the harness on that link; proxies listen there
  std::string service;  // the program's
};

// A version of the service under test.
struct Target {
  std::string url;                         // "http://127.0.0.1:8082"
  std::vector<std::string> command;        // empty: it is running already; runs in the scenario's folder
  std::map<std::string, std::string> env;  // added to the harness's own
  std::optional<Health> health;
  std::optional<OwnNetwork> network = {};  // none: it shares the harness's
};

// The service under test speaks TLS with the proxy, which has certificates of the harness's own.
struct ProxyTls {
  std::string authority;           // a file that the service trusts; relative to the scenario's folder
  std::vector<std::string> names;  // that the certificate is for; empty: localhost and the proxy's own address
};

struct Dependency {
  std::string name;
  std::string proxy;     // "127.0.0.1:19001": where the service under test reaches it
  std::string upstream;  // "http://127.0.0.1:9001": where it really is
  // Where the versions beside the candidate reach it; empty: where the candidate does.
  std::string baseline_proxy = {};
  std::string second_baseline_proxy = {};
  std::optional<ProxyTls> tls = {};  // none: the service speaks plain HTTP with the proxy
  std::string replica_of = {};       // what it is one instance of; empty: it is alone
};

struct Topology {
  std::string service;
  Target candidate;
  std::optional<Target> baseline;
  std::optional<Target> second_baseline = {};  // another instance of the baseline's version
  std::vector<Dependency> dependencies;
};

struct Ramp {
  double from_per_second = 0;
  double to_per_second = 0;
  Nanoseconds over{0};
};

struct RateStep {
  double per_second = 0;
  std::optional<Nanoseconds> lasting;  // the last one stays, and needs none
};

struct ArrivalsFile {
  std::string file;    // as written; relative to the scenario's folder
  std::string column;  // "" is the first that holds a time
  double speed = 1;
};

enum class Affinity : std::uint8_t {
  none,      // any connection
  recorded,  // one for each recorded connection
  session,   // one for each session
};

// What is changed in every request.
struct Rewrites {
  std::string host = {};
  std::map<std::string, std::string> headers = {};
  std::vector<std::string> headers_removed = {};
  std::vector<std::pair<std::string, std::string>> paths = {};  // globs; the first that matches is applied
  std::map<std::string, std::string> query = {};
  std::vector<std::string> query_removed = {};
};

// Exactly one of rate, speed, ramp, steps, poisson and arrivals.
struct Traffic {
  std::string capture;  // as written; relative to the scenario's folder
  std::optional<double> rate_per_second;
  std::optional<double> speed;
  std::optional<Ramp> ramp;
  std::vector<RateStep> steps;
  std::optional<double> poisson_per_second;
  std::optional<ArrivalsFile> arrivals;
  Affinity affinity = Affinity::none;
  std::optional<std::uint64_t> connections;  // at most so many at once
  std::vector<std::string> methods;          // empty: all
  std::vector<std::string> paths;            // globs with *; empty: all
  bool allow_writes = false;                 // methods that write are sent only with it
  std::vector<std::string> paths_left_out = {};
  double sessions = 1;  // the share of sessions that is sent
  Nanoseconds warm_up{0};
  bool links = true;            // cookies, tokens and ids of live answers are sent in the place of recorded ones
  bool drops_at_limit = false;  // what finds all connections busy is dropped; else it waits
  bool precise = false;         // spins before each instant
  bool keep_idempotency_keys = false;
  std::uint64_t requests_max = 0;           // 0: none
  double rate_per_second_max = 0;           // 0: none
  std::optional<Nanoseconds> timeout = {};  // of one request
  Rewrites rewrites = {};
};

struct LatencyFault {
  Nanoseconds base{0};
  Nanoseconds jitter{0};                           // uniform in [base - jitter, base + jitter)
  bool at_response = false;                        // before the response goes on; else before the dependency is called
  std::optional<faults::Distribution> drawn = {};  // other than base ± jitter: then those are 0

  faults::Distribution distribution() const {
    return drawn.value_or(
        faults::Distribution{.kind = faults::Distribution::Kind::uniform, .base = base, .jitter = jitter});
  }
};

struct AbortFault {
  int status = 503;
  std::string body;
  std::map<std::string, std::string> headers;
};

struct ThrottleFault {
  double per_second = 1;
  double burst = 1;
  int status = 429;
  Nanoseconds retry_after{0};  // 0: until the next one may pass
};

// Of a request: method and path; of a response: status.
struct ChangeFault {
  std::string method;
  std::string path;
  std::optional<int> status;
  std::map<std::string, std::string> headers;
  std::vector<std::string> without;
  std::optional<std::string> body;
  std::optional<std::string> merge;  // JSON
};

struct TruncateFault {
  double at = 0.5;
  std::optional<std::uint64_t> bytes;
  bool legal = false;
};

struct SlowFault {
  Nanoseconds head{0};
  Nanoseconds body{0};
};

// What else can go wrong with a message. Empty, zero and false: not this.
struct MessageFaults {
  std::optional<ThrottleFault> throttle;
  std::optional<ChangeFault> change_request;
  std::optional<ChangeFault> change_response;
  std::optional<TruncateFault> truncate;
  std::string framing;    // "cut-chunk"
  std::string no_answer;  // "reset"
  std::optional<SlowFault> slow;
  std::uint64_t huge_head = 0;  // bytes
  bool stale = false;
  bool duplicate = false;
};

// Which requests, when, how many.
struct Targeting {
  std::vector<std::string> routes;
  std::map<std::string, std::string> headers;
  std::vector<std::string> clients;
  bool by_request = false;
  Nanoseconds after{0};
  std::optional<Nanoseconds> lasting;
  Nanoseconds ramp{0};
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> first_tries;
  std::optional<std::uint64_t> every;
  std::optional<std::uint64_t> at_most;
  bool even_the_last = false;  // also where no other instance of it is left healthy
};

struct Fault {
  std::string id;                       // "<phase>#<n>": the rule's name, unique within the scenario
  std::string on;                       // a dependency
  std::optional<LatencyFault> latency;  // with an answer of ours: the delay comes first
  std::optional<AbortFault> abort;
  double share = 1;  // of the requests that match
  std::vector<std::string> methods;
  std::vector<std::string> paths;
  MessageFaults message = {};
  Targeting targeting = {};
  // On connections, and then nothing on messages; `share` is theirs.
  std::optional<faults::StreamFault> connection = {};
};

// What happens to the packets on the link of the program's own network. A partition alone, or any of the others.
struct NetworkFault {
  double loss = 0;  // shares of packets, each way
  double duplicate = 0;
  double reorder = 0;
  Nanoseconds delay{0};  // each way
  Nanoseconds jitter{0};
  bool partition = false;  // nothing passes
};

// What happens to the program of the service under test. Exactly one of the kinds.
struct ProcessFault {
  enum class Kind : std::uint8_t { kill, terminate, pause, crash_loop, open_files, cpu, memory, command, network };
  std::string id;  // "<phase>/process#<n>"
  Kind kind = Kind::kill;
  Nanoseconds after{0};                      // the beginning of the phase
  std::optional<Nanoseconds> restart_after;  // kill, terminate, crash_loop; none: as the fault is healed
  Nanoseconds lasting{0};                    // pause, network; 0: as long as the phase
  Nanoseconds every{0};                      // crash_loop
  std::uint64_t open_files = 0;
  double cpu = 1;            // of one processor
  std::uint64_t memory = 0;  // bytes
  std::vector<std::string> hurt;
  std::vector<std::string> heal;
  bool even_the_last = false;  // also where no other instance is healthy
  NetworkFault network = {};
};

struct ErrorsExpectation {
  double at_most = 0;  // share of requests that fail: no answer, or a status of 500 and above
};

struct LatencyExpectation {
  struct Limit {
    double quantile = 0.99;  // 1: the maximum
    Nanoseconds at_most{0};
  };
  std::vector<Limit> limits;  // from the intended send time
};

// A duration with a tolerance: "2s ± 20%".
struct Around {
  Nanoseconds value{0};
  double tolerance = 0;  // a share of value
};

// For whom a breaker opens.
enum class BreakerScope : std::uint8_t {
  host,      // calls to other hosts of the same service go on
  service,   // they stop, too
  instance,  // each instance of the service under test has one of its own
  shared,    // all instances have one
};

struct BreakerExpectation {
  std::string on;  // a dependency
  std::optional<Nanoseconds> opens_within;
  std::optional<std::uint64_t> leaks_at_most;
  std::optional<Around> probes_every;
  std::optional<Nanoseconds> fails_fast_within = {};  // 99 of 100 requests, while it is open
  std::optional<Nanoseconds> closes_within;
  std::optional<std::uint64_t> half_open_calls = {};
  std::optional<BreakerScope> scope = {};
  std::vector<std::string> others = {};  // hosts of the same service
  std::uint64_t instances = 1;           // of the service under test
};

struct RecoversExpectation {
  Nanoseconds within{0};
  std::optional<Nanoseconds> first_success_within = {};
  std::uint64_t windows = 10;  // in a row, as good as the steady state
};

// How long the service waits for a dependency that hangs.
struct TimeoutExpectation {
  std::string on;  // a dependency
  std::optional<Nanoseconds> gives_up_within = {};
  std::optional<Nanoseconds> answers_within = {};   // the request that made the call
  std::optional<std::uint64_t> leaks_at_most = {};  // calls that go on after their request was answered
};

// How the service calls again after a call that failed.
struct RetriesExpectation {
  std::string on;                                             // a dependency
  std::optional<std::uint64_t> attempts_at_most = {};         // calls for one request
  std::optional<double> amplification_at_most = {};           // calls in comparison with the healthy service
  std::optional<std::uint64_t> repeated_writes_at_most = {};  // calls that are not idempotent, sent again
  bool honours_retry_after = false;                           // the time that an answer gave
  std::optional<Around> first_backoff = {};
  std::optional<double> backoff_factor = {};   // each wait in comparison with the one before
  std::optional<double> jitter_at_least = {};  // share by which a wait varies around its middle
};

// How the service limits the rate of those who call it.
struct RateLimitExpectation {
  double rate_per_second = 0;
  std::optional<std::uint64_t> burst = {};             // so many at once, at most
  std::optional<double> wrongly_refused_at_most = {};  // share of the refused, by a token bucket of rate and burst
  bool truthful_retry_after = false;
  int status = 429;                        // of a refusal
  std::string per = {};                    // the header whose value has a limit of its own; empty: one limit for all
  std::optional<Nanoseconds> window = {};  // for which the quota is counted, where it is
  std::string algorithm = {};              // "token-bucket"; empty: any
  bool isolated = false;                   // who stays within the limit is not refused for what others send; a probe's
  bool truthful_headers = false;           // RateLimit headers, in whichever dialect
};

// A request like the one that is probed with, but for one attribute: has it a quota of its own?
struct ProbeVariant {
  enum class Attribute : std::uint8_t { header, path, method, source, instance };
  Attribute attribute = Attribute::header;
  std::string name = {};  // of the header
  std::string value;
  bool own_quota = true;  // as the scenario claims
};

// The harness makes the traffic of a phase itself, to find out about a rate limit: probe_schedule.h.
struct RateProbe {
  std::string request = {};  // "GET /checkout/1"; empty: the first recorded one that may be sent
  std::vector<ProbeVariant> vary = {};
  std::string slow_on = {};  // a dependency that is slowed for a while; empty: none
  Nanoseconds slow_by{0};
};

// Whether the service hands the trace of a request on to the calls that it makes for it.
struct TraceExpectation {
  std::string on;                                      // a dependency
  double share_at_least = 0.99;                        // of the calls
  std::vector<std::string> headers = {"traceparent"};  // also "b3", "x-b3": each of them
  bool new_parent = false;                             // each call is a span of its own
  std::optional<Nanoseconds> background_within = {};   // of the answer to their request, calls may still begin
};

// What happens to traffic over replicas of a dependency when one of them is hurt. Each replica is a dependency of its own.
struct FailoverExpectation {
  std::string on;                        // the replica that is hurt
  std::vector<std::string> others = {};  // all other replicas
  std::optional<Nanoseconds> leaves_within = {};
  double share_at_most = 0.01;                     // of the calls to all replicas, once left
  bool others_take_over = false;                   // the others get as many good calls as all got before
  std::optional<Nanoseconds> returns_within = {};  // of the replica's recovery
};

// What a dependency that hangs may take of the service.
struct BulkheadExpectation {
  std::string on;                                   // a dependency
  std::optional<std::uint64_t> calls_at_most = {};  // at once
  std::optional<Nanoseconds> others_p99 = {};       // of requests that do not depend on it
};

// How the service sheds load beyond its capacity.
struct OverloadExpectation {
  Nanoseconds good_within{0};     // an answer that comes later is no good to anyone
  double at = 3;                  // times the peak goodput is overload
  double goodput_at_least = 0.9;  // of the peak
  std::optional<Nanoseconds> admitted_p99 = {};
  bool refuses_faster = false;              // than it serves
  std::vector<int> status = {429, 503};     // of a refusal
  std::vector<std::string> important = {};  // routes that are refused last
};

// Whether the service comes back by itself when what hurt it is over and the load goes on.
struct MetastabilityExpectation {
  Nanoseconds within{0};
  double goodput_at_least = 0.95;  // of the steady state's
  Nanoseconds good_within = std::chrono::seconds(1);
};

// What the service answers in place of what it cannot get.
struct FallbackExpectation {
  std::string on;    // a dependency
  int status = 200;  // or another of its class
  std::optional<Nanoseconds> within = {};
  std::string body = "not-empty";  // or "json", "as-usual"
  std::optional<Nanoseconds> fresh_within = {};
};

// The candidate beside the baseline, on the same requests under the same faults.
struct NotWorseExpectation {
  std::optional<double> latency = {};  // slower by at most this, request by request
  std::optional<double> p99 = {};      // its p99 by at most this
  std::optional<double> errors = {};   // failing in at most this share of requests more
};

struct DifferencesExpectation {
  double at_most = 0.005;  // the share of requests in which what cannot be told from noise may differ
};

// What does not matter where answers are compared: patterns of replay/difference_rules.h.
struct ComparisonRules {
  std::vector<std::string> ignored = {};
  std::vector<std::string> unordered = {};
  std::vector<std::string> tolerated = {};
};

struct Expectation {
  std::variant<ErrorsExpectation, LatencyExpectation, BreakerExpectation, RecoversExpectation, TimeoutExpectation,
               RetriesExpectation, RateLimitExpectation, TraceExpectation, FailoverExpectation, BulkheadExpectation,
               OverloadExpectation, MetastabilityExpectation, FallbackExpectation, NotWorseExpectation,
               DifferencesExpectation>
      what;
  std::string text;  // as written, in one line: "circuit-breaker: {on: payments, opens-within: 3s}"
  int line = 0;      // in the scenario's file
};

struct Phase {
  std::string name;
  Nanoseconds duration{0};
  std::vector<Fault> faults;
  std::vector<Expectation> expect;
  std::vector<ProcessFault> processes = {};
  // Its duration is the probe's, and its first expectation is what it is sized from.
  std::optional<RateProbe> probe = {};
};

struct AbortWhen {
  double errors_above = 1;
  Nanoseconds lasting{0};
};

struct Gate {
  bool on_violated = true;
  bool on_inconclusive = true;
  std::optional<AbortWhen> abort_when;
};

// How much faults may hurt at a time; none: no limit.
struct Caps {
  std::optional<std::uint64_t> faults_at_once = {};  // requests, and connections, of a dependency
  std::optional<double> instances = {};              // share of those of one thing, in a phase
};

struct Scenario {
  std::string file;  // as given on the command line
  std::string text;  // the YAML, whole and unexpanded: stored with the run
  std::vector<std::string>
      warnings;                      // about what is right but may not mean what its author thinks: as lint prints them
  std::vector<std::string> secrets;  // what ${secret:…} gave, and the values of headers that carry credentials: in
                                     // nothing that is stored or shown
  std::string name;
  std::string owner;
  std::vector<std::string> tags;
  Topology topology;
  Traffic traffic;
  Phase steady_state;  // its name is "steady state"; it has no faults
  std::vector<Phase> phases;
  Caps caps = {};
  Gate gate;
  std::vector<Expectation> expect = {};  // of the whole run
  ComparisonRules comparison = {};
};

}  // namespace stormproof::scenarios
