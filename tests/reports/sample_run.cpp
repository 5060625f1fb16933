#include "tests/reports/sample_run.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "harness/base/seed.h"

namespace stormproof::reports {
namespace {

using namespace std::chrono_literals;
using base::Nanoseconds;
using base::Time;
using events::Exchange;
using events::MarkKind;
using events::Outcome;
using events::Side;
using verify::Finding;
using verify::Verdict;

constexpr Time origin = Time{} + 1'795'426'560s;  // 2026-11-23T09:36:00Z
constexpr Nanoseconds phase_length = 20s;
constexpr Nanoseconds window = 2s;  // the breaker's sleep
constexpr std::string_view rule = "payments down#1";

constexpr std::string_view scenario_text = R"(# yaml-language-server: $schema=../schema/scenario.schema.json
version: 1
name: checkout survives a payments outage
owner: team-checkout
tags: [nightly, breaker]
topology:
  service:
    name: checkout
    candidate: { url: "http://127.0.0.1:8082", health: { path: /healthz, within: 10s } }
  dependencies:
    payments: { proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001" }
traffic:
  capture: captures/checkout.traffic
  rate: 100/s
steady-state:
  for: 20s
  expect:
    - errors: { at-most: 0.1% }
    - latency: { p99: 250ms }
phases:
  - name: payments down
    for: 20s
    faults:
      - { on: payments, abort: { status: 503 }, share: 100% }
    expect:
      - circuit-breaker: { on: payments, opens-within: 3s, leaks-at-most: 0, probes-every: 2s ± 20% }
      - latency: { p99: 400ms }
  - name: recovery
    for: 20s
    expect:
      - circuit-breaker: { on: payments, closes-within: 6s }
      - recovers: { within: 10s }
gate:
  fail-on: [violated, inconclusive]
)";

double chance(std::string_view what, std::uint64_t i) { return base::draw_unit(20261123, what, i); }
Nanoseconds micros(double count) { return Nanoseconds(static_cast<std::int64_t>(count * 1000)); }

// A service with a breaker of a sleep of `window`, or with none that works.
class Service {
 public:
  Service(RunRecord& record, Sample sample) : log_(record.log), sample_(sample) {
    candidate_ = log_.names.id_of("candidate");
    payments_ = log_.names.id_of("payments");
    rule_ = log_.names.id_of(rule);
  }

  void request(std::uint64_t number, Time intended) {
    const bool down = intended >= origin + phase_length && intended < origin + 2 * phase_length;
    Exchange in;
    in.party = candidate_;
    in.route = log_.names.id_of(number % 3 == 0 ? "GET /orders/{id}" : "POST /checkout/{id}");
    in.connection = number % 16;
    in.request = number;
    for (std::size_t b = 0; b < 16; ++b)
      in.trace.bytes[b] = static_cast<std::uint8_t>(base::draw(1, "trace", number * 16 + b));
    in.intended = intended;
    in.start = intended + micros(20 + 180 * chance("lag", number) * chance("lag again", number));
    in.request_bytes = 180 + number % 40;
    Nanoseconds took = micros(900 + 1500 * chance("own work", number));
    if (is_called(intended)) took += call(number, in, in.start + took / 2, down);
    in.status = fails_ ? 503 : 200;
    in.first_byte = in.start + took;
    in.end = in.first_byte + micros(80);
    in.response_bytes = fails_ ? 64 : 1200 + number % 300;
    log_.exchanges.push_back(in);
  }

  std::uint64_t calls_while_down() const { return calls_while_down_; }

 private:
  bool is_called(Time now) {
    fails_ = false;
    if (!open_since_) return true;
    if (now < *open_since_ + window) return false;
    open_since_ = now;  // a probe; whether it succeeds, the call will say
    return true;
  }

  Nanoseconds call(std::uint64_t number, const Exchange& in, Time start, bool down) {
    Exchange out;
    out.side = Side::egress;
    out.party = payments_;
    out.route = log_.names.id_of("POST /charge");
    out.connection = number % 8;
    out.request = ++calls_;
    out.trace = in.trace;
    out.intended = out.start = start;
    Nanoseconds took = micros(6000 + 9000 * chance("payments", number) * chance("payments again", number));
    out.status = 200;
    if (down) {
      took = micros(700);
      out.outcome = Outcome::faulted;
      out.status = 503;
      out.fault = rule_;
      log_.faults.push_back({start, rule_, payments_, out.request, 0ns, 503});
      after_failure(in.intended);
      // Without the breaker it tries again, and again, and most users get an error.
      if (sample_ == Sample::violated) {
        took += micros(250'000 + 220'000 * chance("retries", number));
        fails_ = chance("fallback", number) > 0.12;
      }
    } else {
      open_since_.reset();
      failures_ = 0;
    }
    out.first_byte = out.end = start + took;
    log_.exchanges.push_back(out);
    return took;
  }

  void after_failure(Time now) {
    ++calls_while_down_;
    if (sample_ != Sample::violated && ++failures_ >= 6) open_since_ = now;
  }

  events::Log& log_;
  Sample sample_;
  events::NameId candidate_ = 0, payments_ = 0, rule_ = 0;
  std::optional<Time> open_since_;
  int failures_ = 0;
  bool fails_ = false;
  std::uint64_t calls_ = 0, calls_while_down_ = 0;
};

void mark_phases(events::Log& log) {
  log.mark(origin - 5ms, MarkKind::traffic_begin, "");
  const std::array names = {"steady state", "payments down", "recovery"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Time begin = origin + static_cast<std::int64_t>(i) * phase_length;
    log.mark(begin, MarkKind::phase_begin, names[i]);
    if (i == 1) log.mark(begin, MarkKind::faults_on, names[i]);
    if (i == 1) log.mark(begin + phase_length, MarkKind::faults_off, names[i]);
    log.mark(begin + phase_length, MarkKind::phase_end, names[i]);
  }
  log.mark(origin + 3 * phase_length + 30ms, MarkKind::traffic_end, "");
}

Finding steady(std::string expectation, int line, std::string check, std::string expected, std::string measured,
               std::uint64_t samples) {
  return {.expectation = std::move(expectation),
          .phase = "steady state",
          .line = line,
          .verdict = Verdict::holds,
          .summary = measured + ".",
          .checks = {{std::move(check), Verdict::holds, std::move(expected), measured, "", samples}},
          .timeline = {},
          .exchanges = {}};
}

std::vector<Finding> findings_that_hold() {
  std::vector<Finding> all = {
      steady("errors", 18, "errors", "at most 0.1% of the requests fail",
             "0% (0 of 2,000 requests failed), 95 % bounds 0% and 0.15%", 2000),
      steady("latency", 19, "p99", "at most 250 ms",
             "15.9 ms in 2000 requests (0 without an answer), interval 15.2 ms to 16.8 ms", 2000)};
  Finding breaker = {
      .expectation = "circuit-breaker on payments",
      .phase = "payments down",
      .line = 26,
      .verdict = Verdict::holds,
      .summary = "The breaker opened 0.05 s after the first failure and let only probes through, every 2.00 s.",
      .checks = {{"opens-within", Verdict::holds, "within 3s of the first failure",
                  "0.05 s (6 failed calls), interval 0.05–0.06 s", "", 2000},
                 {"leaks-at-most", Verdict::holds, "0 calls while open", "0 of 1,985 suppressed requests leaked", "",
                  1985},
                 {"probes-every", Verdict::holds, "every 2s ± 20%", "2.00 s over 9 cycles, interval 1.99–2.01 s", "",
                  9}},
      .timeline = {{origin + 20s, "faults on"}, {origin + 20s + 60ms, "opened"}},
      .exchanges = {}};
  for (int probe = 1; probe <= 9; ++probe) {
    const Time at = origin + 20s + 60ms + probe * (window + 10ms);
    breaker.timeline.push_back({at, "probe"});
    if (probe < 9) breaker.timeline.push_back({at + 2ms, "reopened"});
  }
  all.push_back(breaker);
  Finding latency = steady("latency", 27, "p99", "at most 400 ms",
                           "4.1 ms in 2000 requests (0 without an answer), interval 3.9 ms to 6.0 ms", 2000);
  latency.phase = "payments down";
  all.push_back(latency);
  all.push_back(
      {.expectation = "circuit-breaker on payments",
       .phase = "recovery",
       .line = 31,
       .verdict = Verdict::holds,
       .summary = "The breaker closed 0.16 s after the heal.",
       .checks = {{"closes-within", Verdict::holds, "within 6s of the heal", "0.16 s, at the 10th probe", "", 2000}},
       .timeline = {{origin + 40s, "healed"}, {origin + 40s + 160ms, "closed"}},
       .exchanges = {}});
  all.push_back(
      {.expectation = "recovers",
       .phase = "recovery",
       .line = 32,
       .verdict = Verdict::holds,
       .summary = "The service recovered: as good as the steady state from 0.40 s after the heal on.",
       .checks = {{"within", Verdict::holds, "as good as the steady state within 10 s of the heal",
                   "first good answer 4.10 ms after the heal, stable from 400 ms on (known to 400 ms)", "", 2000}},
       .timeline = {{origin + 40s, "healed"}, {origin + 40s + 400ms, "stable"}},
       .exchanges = {}});
  return all;
}

std::vector<Finding> findings_of_violated(const events::Log& log) {
  std::vector<Finding> all = findings_that_hold();
  Finding& breaker = all[2];
  breaker.verdict = Verdict::violated;
  breaker.summary = "The breaker never opened: 2,000 calls reached payments while it failed, one for each request.";
  breaker.checks = {{"opens-within", Verdict::violated, "within 3s of the first failure",
                     "never in 20.0 s (2,000 failed calls)", "", 2000},
                    {"leaks-at-most", Verdict::violated, "0 calls while open",
                     "it was never open: 1,700 calls after 3 s of failures", "", 1700},
                    {"probes-every", Verdict::inconclusive, "every 2s ± 20%", "",
                     "it never opened, so there is no probe to measure", 0}};
  breaker.timeline.resize(1);
  for (int leak = 0; leak < 40; ++leak) breaker.timeline.push_back({origin + 23s + leak * 10ms, "leaked call"});
  Finding& latency = all[3];
  latency.verdict = Verdict::violated;
  latency.summary = "p99 was 470 ms, above the limit of 400 ms.";
  latency.checks[0].verdict = Verdict::violated;
  latency.checks[0].measured = "470 ms in 2000 requests (0 without an answer), interval 468 ms to 471 ms";
  for (const Exchange& exchange : log.exchanges) {
    const bool shows =
        exchange.side == Side::ingress && exchange.intended > origin + 23s && exchange.end - exchange.intended > 400ms;
    if (shows && latency.exchanges.size() < 20) latency.exchanges.push_back(exchange.request);
    if (shows && breaker.exchanges.size() < 5) breaker.exchanges.push_back(exchange.request);
  }
  Finding& closes = all[4];
  closes.verdict = Verdict::inconclusive;
  closes.summary = "No verdict on closing: the breaker was not open at the heal.";
  closes.checks[0] = {"closes-within",
                      Verdict::inconclusive,
                      "within 6s of the heal",
                      "",
                      "the breaker was not open at the heal, so there is nothing to close",
                      0};
  closes.timeline.clear();
  return all;
}

std::vector<Finding> findings_of_starved() {
  std::vector<Finding> all = findings_that_hold();
  for (Finding& finding : all) {
    finding.verdict = Verdict::inconclusive;
    finding.summary = "No verdict: 40 requests in 20 s are too few.";
    finding.timeline.clear();
    for (verify::Check& check : finding.checks) {
      check.verdict = Verdict::inconclusive;
      check.measured.clear();
      check.samples = 40;
      check.missing =
          fmt::format("40 requests at 2/s: '{}' needs at least 14/s, 300 requests in this phase", check.name);
    }
  }
  return all;
}

}  // namespace

RunRecord sample_run(Sample sample) {
  RunRecord record;
  record.id = "20261123-093600-4f2a";
  record.stormproof_version = "0.1.0";
  record.scenario_file = "scenarios/checkout.yaml";
  record.scenario_text = scenario_text;
  record.scenario_name = "checkout survives a payments outage";
  record.owner = "team-checkout";
  record.seed = 11400714819323198485U;  // above what a double holds
  record.started = origin - 12ms;
  record.ended = origin + 3 * phase_length + 45ms;
  record.ended_because = "completed";
  record.variables = {{"PAYMENTS", "127.0.0.1:9001"}};
  record.digests = {{"candidate", "xxh3:0b1d2f3a4c5e6f70"}, {"capture", "xxh3:6a02c1f09d3b7e55"}};
  record.planned_faults = {{std::string(rule), "payments down", "payments", "abort with 503", 1.0}};
  mark_phases(record.log);
  Service service(record, sample);
  const Nanoseconds gap = sample == Sample::starved ? 500ms : 10ms;
  std::uint64_t number = 0;
  for (Time intended = origin; intended < origin + 3 * phase_length; intended += gap)
    service.request(++number, intended);
  record.log.sort();
  switch (sample) {
    case Sample::holds: record.findings = findings_that_hold(); break;
    case Sample::violated: record.findings = findings_of_violated(record.log); break;
    case Sample::starved: record.findings = findings_of_starved(); break;
  }
  return record;
}

RunRecord hostile_run() {
  RunRecord record = sample_run(Sample::violated);
  int count = 0;
  const auto spoil = [&count](std::string& text) {
    text = fmt::format(
               "{}</script></svg></td></pre><script>alert({})</script><img src=x "
               "onerror=alert(1)>\"'&|`*_[x](http://evil.test/)"
               "{{{{sentence}}}}{{{{{{icon}}}}}}]]>",
               text, ++count) +
           std::string("\0\x01\x1b[31m\x7f\xff\xc3\x28\xed\xa0\x80\xe2\x80\xae\r\n\t", 20) + "\xf4\x90\x80\x80";
  };
  for (std::string* text : {&record.id, &record.stormproof_version, &record.scenario_file, &record.scenario_text,
                            &record.scenario_name, &record.owner, &record.ended_because}) {
    spoil(*text);
  }
  std::string key = "digest", value = "xxh3";
  spoil(key);
  spoil(value);
  record.digests = {{key, value}};
  record.variables = {{key, value}};
  for (PlannedFault& fault : record.planned_faults) {
    for (std::string* text : {&fault.rule, &fault.phase, &fault.on, &fault.effect}) spoil(*text);
  }
  for (Finding& finding : record.findings) {
    for (std::string* text : {&finding.expectation, &finding.phase, &finding.summary}) spoil(*text);
    for (verify::Check& check : finding.checks) {
      for (std::string* text : {&check.name, &check.expected, &check.measured, &check.missing}) spoil(*text);
    }
    for (verify::Instant& instant : finding.timeline) spoil(instant.what);
  }
  // The names of the log: a table of the same ids with spoilt words.
  events::Names names;
  for (events::NameId id = 1; id < record.log.names.size(); ++id) {
    std::string name(record.log.names.name_of(id));
    spoil(name);
    names.id_of(name);
  }
  record.log.names = std::move(names);
  return record;
}

}  // namespace stormproof::reports
