#include "scenarios/language.h"

#include <algorithm>
#include <charconv>

#include "scenarios/breaker_claims.h"
#include "scenarios/caps.h"
#include "scenarios/comparing.h"
#include "scenarios/connection_faults.h"
#include "scenarios/fault_records.h"
#include "scenarios/mechanisms.h"
#include "scenarios/probe_reader.h"
#include "scenarios/traffic_records.h"

namespace stormproof::scenarios {
namespace {

const Record& health() {
  static const Record record = {
      "health check",
      "How stormproof tells that the service is up.",
      {{"path", a(Form::path), optional, "The path that is asked with GET. Default: /.", "/healthz"},
       {"within", a(Form::duration), optional, "How long the service may take to come up. Default: 10s.", "10s"}}};
  return record;
}

const Record& own_network() {
  static const Record record = {
      "network of a program",
      "The two ends of a link, a /30 network that is free on this machine. The url is on the service's address, the "
      "proxies of dependencies listen on stormproof's.",
      {{"harness-address", a(Form::line), required, "Stormproof's address on the link.", "10.213.7.1"},
       {"service-address", a(Form::line), required, "The program's.", "10.213.7.2"}}};
  return record;
}

const Record& target() {
  static const Record record = {
      "target",
      "One version of the service under test.",
      {{"url", hideable(Form::url), required, "Where it listens: scheme, host and port.", "\"http://127.0.0.1:8082\""},
       {"command", list_of(hideable(Form::text)), optional,
        "Starts it, in the scenario's folder, and stops it after the run. Without it, it must be running already.",
        "[./shop, --port, \"8082\"]"},
       {"env", named(hideable(Form::text), Form::variable), optional, "Added to the environment of the command.",
        "{LOG_LEVEL: debug, TOKEN: \"${secret:TOKEN}\"}"},
       {"health", a(health()), optional, "How stormproof tells that it is up.", "{path: /healthz, within: 10s}"},
       {"network", a(own_network()), optional,
        "The command runs in a network of its own, whose link can be hurt (processes: network). Needs root, or "
        "`unshare -rnm`.",
        "{harness-address: 10.213.7.1, service-address: 10.213.7.2}"}}};
  return record;
}

const Record& service() {
  static const Record record = {"service",
                                "The service under test.",
                                {{"name", a(Form::line), required, "Its name in reports.", "checkout"},
                                 {"candidate", a(target()), required, "The version that asks to be promoted.",
                                  "{url: \"http://127.0.0.1:8082\"}"},
                                 {"baseline", a(target()), optional,
                                  "The version that is in production now. It is sent the same requests where an "
                                  "expectation compares with it.",
                                  "{url: \"http://127.0.0.1:8081\"}"},
                                 {"second-baseline", a(target()), optional,
                                  "Another instance of the baseline's version: what differs between the two is noise.",
                                  "{url: \"http://127.0.0.1:8091\"}"}}};
  return record;
}

const Record& proxy_tls() {
  static const Record record = {
      "TLS of a proxy",
      "What the service meets where it speaks TLS with the proxy.",
      {{"authority", a(Form::line), required,
        "A file in PEM that the service is told to trust, relative to the scenario; made, with its key beside it "
        "(FILE.key), where it is not there.",
        "stormproof-authority.pem"},
       {"names", list_of(a(Form::line)), optional,
        "The host names and addresses that the certificate is for. Default: localhost and the proxy's own address.",
        "[payments.internal]"}}};
  return record;
}

const Record& dependency() {
  static const Record record = {
      "dependency",
      "Something that the service calls over HTTP. Faults are injected on the way to it.",
      {{"proxy", a(Form::address), required, "Where stormproof listens in its place; point the service here.",
        "\"127.0.0.1:19001\""},
       {"baseline-proxy", a(Form::address), optional,
        "Where stormproof listens for the baseline's calls, with the same faults. Default: proxy.",
        "\"127.0.0.1:19101\""},
       {"second-baseline-proxy", a(Form::address), optional, "The same for the second baseline. Default: proxy.",
        "\"127.0.0.1:19201\""},
       {"upstream", hideable(Form::url), required, "Where it really is.", "\"http://127.0.0.1:9001\""},
       {"tls", a(proxy_tls()), optional,
        "The service speaks TLS with the proxy, which shows a certificate of stormproof's own authority.",
        "{authority: stormproof-authority.pem}"},
       {"replica-of", a(Form::line), optional,
        "What it is one instance of: the others have the same word here. A phase never hurts the last one unasked.",
        "payments"}}};
  return record;
}

const Record& topology() {
  static const Record record = {
      "topology",
      "What is tested, and what it calls.",
      {{"service", a(service()), required, "The service under test.",
        "{name: checkout, candidate: {url: \"http://127.0.0.1:8082\"}}"},
       {"dependencies", named(a(dependency()), Form::line), optional, "What the service calls, by name.",
        "{payments: {proxy: \"127.0.0.1:19001\", upstream: \"http://127.0.0.1:9001\"}}"}}};
  return record;
}

const Record& fault() {
  static const Record record = [] {
    Record made = {
        "fault", "What goes wrong between the service and a dependency, as long as the phase lasts.", {}, {}};
    made.keys.push_back(
        {"on", a(Form::line), required, "The dependency, by its name in topology.dependencies.", "payments"});
    made.choice = Choice{.exactly_one = false, .of = {}};
    for (Key& key : message_fault_keys()) {
      made.choice->of.push_back(key.name);
      made.keys.push_back(std::move(key));
    }
    made.choice->of.emplace_back("connection");
    made.keys.push_back(
        {"connection", a(connection_fault()), optional,
         "What goes wrong with connections and their bytes, in the place of what goes wrong with messages.",
         "{reset: {after-bytes: 1KiB}}"});
    for (Key& key : targeting_keys()) made.keys.push_back(std::move(key));
    return made;
  }();
  return record;
}

const Record& errors_expectation() {
  static const Record record = {
      "errors expectation",
      "How many requests may fail: no answer, or a status of 500 and above.",
      {{"at-most", a(Form::percent), required, "The share of requests that may fail.", "0.1%"}}};
  return record;
}

const Record& latency_expectation() {
  static const Record record = {
      "latency expectation",
      "How long answers may take, counted from the instant at which the schedule wanted the request sent.",
      {{"p50", a(Form::duration), optional, "Half of all answers take at most this.", "50ms"},
       {"p90", a(Form::duration), optional, "90% of all answers take at most this.", "120ms"},
       {"p95", a(Form::duration), optional, "95% of all answers take at most this.", "180ms"},
       {"p99", a(Form::duration), optional, "99% of all answers take at most this.", "250ms"},
       {"p99.9", a(Form::duration), optional, "99.9% of all answers take at most this.", "800ms"},
       {"max", a(Form::duration), optional, "Every answer takes at most this.", "2s"}},
      Choice{false, {"p50", "p90", "p95", "p99", "p99.9", "max"}}};
  return record;
}

const Record& recovers_expectation() {
  static const Record record = {
      "recovers expectation",
      "The service is as well as in the steady state, some time after the phase began.",
      {{"within", a(Form::duration), required, "How long recovery may take.", "10s"},
       {"first-success-within", a(Form::duration), optional, "How long the first good answer may take.", "2s"},
       {"windows", a(Form::count), optional,
        "So many stretches in a row must be as good as the steady state. Default: 10.", "10"}}};
  return record;
}

Record with_mechanisms(Record record) {
  for (const auto& keys : {mechanism_keys(), comparing_keys()}) {
    for (const Key& key : keys) {
      record.choice->of.push_back(key.name);
      record.keys.push_back(key);
    }
  }
  return record;
}

const Record& expectation() {
  static const Record record = with_mechanisms(
      {"expectation",
       "One statement that is judged: HOLDS, VIOLATED or INCONCLUSIVE.",
       {{"errors", a(errors_expectation()), optional, "How many requests may fail.", "{at-most: 0.1%}"},
        {"latency", a(latency_expectation()), optional, "How long answers may take.", "{p99: 250ms}"},
        {"circuit-breaker", a(breaker_record()), optional, "What the circuit breaker does.",
         "{on: payments, opens-within: 3s, leaks-at-most: 0}"},
        {"recovers", a(recovers_expectation()), optional, "How soon the service is well again.", "{within: 10s}"}},
       Choice{true, {"errors", "latency", "circuit-breaker", "recovers"}, "begin each expectation with '- '"}});
  return record;
}

const Record& steady_state() {
  static const Record record = {
      "steady-state",
      "The service undisturbed. Where an expectation fails here, nothing is injected and the run ends with exit code "
      "4.",
      {{"for", a(Form::duration), required, "How long it lasts.", "20s"},
       {"expect", list_of(a(expectation())), required, "What must hold.", "[{errors: {at-most: 0.1%}}]"}}};
  return record;
}

const Record& phase() {
  static const Record record = {
      "phase",
      "A stretch of the run, with its faults and what is expected meanwhile.",
      {{"name", a(Form::line), required, "Its name in reports; unique.", "payments down"},
       {"for", a(Form::duration), optional, "How long it lasts.", "20s"},
       probe_key(),
       {"faults", list_of(a(fault())), optional, "What goes wrong meanwhile.",
        "[{on: payments, abort: {status: 503}}]"},
       {"processes", list_of(a(process_fault())), optional, "What happens to the program of the service meanwhile.",
        "[{kill: {restart-after: 2s}, even-the-last: true}]"},
       {"expect", list_of(a(expectation())), optional, "What must hold.", "[{latency: {p99: 400ms}}]"}},
      Choice{true, {"for", "probe"}, "a probe lasts as long as it needs: plan and lint say how long"}};
  return record;
}

const Record& abort_errors() {
  static const Record record = {"abort-when errors",
                                "Failing requests that end the run.",
                                {{"above", a(Form::percent), required, "The share of failing requests.", "50%"},
                                 {"for", a(Form::duration), required, "How long it must last.", "10s"}}};
  return record;
}

const Record& abort_when() {
  static const Record record = {
      "abort-when",
      "When the run is cut short: faults are healed and the report is written.",
      {{"errors", a(abort_errors()), required, "Too many failing requests for too long.", "{above: 50%, for: 10s}"}}};
  return record;
}

const Record& gate() {
  static const Record record = {
      "gate",
      "What decides the exit code.",
      {{"fail-on", list_of(a(Form::verdict)), optional,
        "Verdicts that fail the gate. Default: [violated, inconclusive].", "[violated, inconclusive]"},
       {"abort-when", a(abort_when()), optional, "When the run is cut short.", "{errors: {above: 50%, for: 10s}}"}}};
  return record;
}

void gather(const Shape& shape, std::vector<const Record*>& records) {
  if (shape.list) gather(*shape.list, records);
  if (shape.named) gather(*shape.named, records);
  if (shape.map == nullptr || std::ranges::find(records, shape.map) != records.end()) return;
  records.push_back(shape.map);
  for (const Key& key : shape.map->keys) gather(key.shape, records);
}

}  // namespace

const Key* Record::key(std::string_view key_name) const {
  const auto found = std::ranges::find(keys, key_name, &Key::name);
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> Record::key_names() const {
  std::vector<std::string> names;
  for (const Key& one : keys) names.emplace_back(one.name);
  return names;
}

const Record& scenario_record() {
  static const Record record = {
      "scenario",
      "A scenario of stormproof: recorded traffic, faults in phases, and what must hold meanwhile.",
      {{"version", a(Form::version), required, "The version of the language: 1.", "1"},
       {"name", a(Form::line), required, "What is tested, in a few words; the title of reports.",
        "checkout survives a payments outage"},
       {"owner", a(Form::line), optional, "Who is asked when it fails.", "team-checkout"},
       {"tags", list_of(a(Form::line)), optional, "Words to select scenarios by.", "[nightly, breaker]"},
       {"topology", a(topology()), required, "What is tested, and what it calls.",
        "{service: {name: checkout, candidate: {url: \"http://127.0.0.1:8082\"}}}"},
       {"traffic", a(traffic_record()), required, "What is sent to the service.",
        "{capture: checkout.traffic, rate: 200/s}"},
       {"steady-state", a(steady_state()), required, "The service undisturbed, before anything is injected.",
        "{for: 20s, expect: [{errors: {at-most: 0.1%}}]}"},
       {"phases", list_of(a(phase())), required, "What happens, one after the other.",
        "[{name: payments down, for: 20s, faults: [{on: payments, abort: {status: 503}}]}]"},
       {"expect", list_of(a(run_expectation())), optional, "What must hold of the whole run.",
        "[{not-worse: {latency: 5%, errors: 1%}}]"},
       {"comparison", a(comparison_record()), optional, "What does not matter where answers are compared.",
        "{ignore: [$.updated_at]}"},
       {"caps", a(caps_record()), optional, "How much may be hurt at a time.", "{faults-at-once: 50}"},
       {"gate", a(gate()), optional, "What decides the exit code.", "{fail-on: [violated, inconclusive]}"}}};
  return record;
}

std::vector<const Record*> all_records(const Record& root) {
  std::vector<const Record*> records;
  gather({.map = &root}, records);
  return records;
}

double quantile_of(std::string_view key) {
  if (key == "max") return 1;
  double percent = 0;
  std::from_chars(key.data() + 1, key.data() + key.size(), percent);
  return percent / 100;
}

}  // namespace stormproof::scenarios
