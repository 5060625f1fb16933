#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tests/accuracy/real_case.h"
#include "tests/subjects/haproxy/haproxy.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/subjects/opossum/opossum.h"
#include "tests/subjects/suspect/suspect.h"
#include "tests/subjects/truth.h"
#include "tests/support/process.h"

namespace stormproof::accuracy {
namespace {

using std::chrono::milliseconds;
using subjects::Defect;
using subjects::Suspect;

enum class Setting : std::uint8_t { clean, noisy, starved };
constexpr std::array settings = {Setting::clean, Setting::noisy, Setting::starved};

std::string name_of(Setting setting) {
  return setting == Setting::clean ? "clean" : setting == Setting::noisy ? "noisy" : "starved";
}

Due due_of(Setting setting, bool defective) {
  if (setting == Setting::starved) return defective ? Due::no_holds : Due::inconclusive;
  return defective ? Due::violated : Due::holds;
}

template <typename T>
std::shared_ptr<const void> kept(T resource) {
  return std::make_shared<T>(std::move(resource));
}

base::Result<void> start_dependency(const Stage& stage, Setting setting, Kept& all) {
  Suspect::Dependency dependency{.port = stage.dependency};
  if (setting == Setting::noisy) dependency.errors = 0.05, dependency.jitter = 0.3;
  auto process = support::Process::start({.argv = Suspect::command(dependency)});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(stage.dependency); !up) return std::unexpected(up.error());
  all.push_back(kept(std::move(*process)));
  return {};
}

struct Script {
  std::vector<std::string> command = {};  // empty: it runs already
  bool calls = true;                      // it has a dependency
  std::string traffic = "rate: 100/s";
  std::string steady = "4s";
  std::string phases = {};
};

std::string text_of(const Script& script, const Stage& stage) {
  std::string text = "version: 1\nname: accuracy\ntopology:\n  service:\n    name: subject\n";
  text += fmt::format("    candidate: {{ url: \"http://127.0.0.1:{}\"", stage.service);
  if (!script.command.empty()) {
    text += ", command: [";
    for (const std::string& word : script.command) text += fmt::format("\"{}\", ", word);
    text += "], health: { path: /healthz, within: 20s }";
  }
  text += " }\n";
  if (script.calls)
    text +=
        fmt::format("  dependencies:\n    payments: {{ proxy: \"127.0.0.1:{}\", upstream: \"http://127.0.0.1:{}\" }}\n",
                    stage.proxy, stage.dependency);
  text += fmt::format("traffic: {{ capture: \"{}\", {} }}\n", stage.capture.string(), script.traffic);
  text += fmt::format("steady-state: {{ for: {}, expect: [ errors: {{ at-most: 60% }} ] }}\nphases:\n{}", script.steady,
                      script.phases);
  return text;
}

// --- breakers ---------------------------------------------------------------------------------------------------

constexpr std::string_view abort_all = "{ on: payments, abort: { status: 503 } }";
// Nine of ten calls are later than the service waits; the others are late, and good.
constexpr std::string_view mostly_late = "{ on: payments, latency: 700ms }, { on: payments, latency: 20s, share: 92% }";

std::string breaker_phases(std::string_view faults, std::string_view opens, std::string_view down) {
  return fmt::format(R"(  - name: outage
    for: {}
    faults: [ {} ]
    expect:
      - circuit-breaker: {{ on: payments, opens-within: {}, leaks-at-most: 0, probes-every: 1s ± 20% }}
  - name: recovery
    for: 6s
    expect:
      - circuit-breaker: {{ on: payments, closes-within: 4s }}
)",
                     down, faults, opens);
}

bool leaked(const Stage& stage) {
  const auto truth = subjects::read_truth(stage.truth());
  return truth && !subjects::times_of(*truth, "leak").empty();
}

// Three times, open for so long that eight requests a tenth of a second show it.
bool straggled(const Stage& stage) {
  const auto truth = subjects::read_truth(stage.truth());
  if (!truth) return false;
  int seen = 0;
  for (std::size_t at = 1; at < truth->size(); ++at) {
    const bool early = (*truth)[at - 1].state == "open" && (*truth)[at].state == "close";
    seen += early && (*truth)[at].at - (*truth)[at - 1].at > milliseconds(90) ? 1 : 0;
  }
  return seen >= 3;
}

RealCase breaker_case(std::string name, Defect defect, Setting setting) {
  RealCase one{.place = {std::move(name), name_of(setting)},
               .due = due_of(setting, defect != Defect::none),
               .expectation = "circuit-breaker on payments"};
  one.prepare = [=](const Stage& stage, Kept& all) -> base::Result<std::string> {
    if (auto started = start_dependency(stage, setting, all); !started) return std::unexpected(started.error());
    const bool stragglers = defect == Defect::closes_on_straggler;
    Script script{.phases = breaker_phases(stragglers ? mostly_late : abort_all, stragglers ? "4s" : "2s", "9s")};
    script.command = Suspect::command({.port = stage.service,
                                       .payments = stage.proxy,
                                       .defect = defect,
                                       .breaker = true,
                                       .timeout = stragglers ? milliseconds(1000) : milliseconds(300),
                                       .truth = stage.truth()});
    if (setting == Setting::starved) script.traffic = "rate: 3/s";
    return text_of(script, stage);
  };
  // One request in a hundredth of a second on either side of the sleep window's end.
  if (defect == Defect::none) one.parameter = Parameter{"sleep window", 1, 2.0 / 100, 0.004};
  if (setting != Setting::starved && defect == Defect::leaks) one.shows = leaked;
  if (setting != Setting::starved && defect == Defect::closes_on_straggler) one.shows = straggled;
  return one;
}

RealCase opossum_case(std::string name, bool breaker, Setting setting) {
  RealCase one{.place = {std::move(name), name_of(setting)},
               .due = due_of(setting, !breaker),
               .expectation = "circuit-breaker on payments"};
  one.prepare = [=](const Stage& stage, Kept& all) -> base::Result<std::string> {
    if (auto started = start_dependency(stage, setting, all); !started) return std::unexpected(started.error());
    // It opens when half of the calls of its last 10 s have failed: some 4 s into the outage.
    Script script{.phases = breaker_phases(abort_all, "7s", "13s")};
    script.command = subjects::Opossum::command({.port = stage.service,
                                                 .payments = fmt::format("http://127.0.0.1:{}", stage.proxy),
                                                 .breaker = breaker,
                                                 .reset_timeout = milliseconds(1000),
                                                 .truth = stage.truth()});
    if (setting == Setting::starved) script.traffic = "rate: 3/s";
    return text_of(script, stage);
  };
  if (breaker) one.parameter = Parameter{"sleep window", 1, 2.0 / 100, 0.004};
  return one;
}

RealCase haproxy_case(std::string name, bool retries, Setting setting) {
  RealCase one{.place = {std::move(name), name_of(setting)},
               .due = due_of(setting, retries),
               .expectation = "circuit-breaker on payments"};
  one.prepare = [=](const Stage& stage, Kept& all) -> base::Result<std::string> {
    if (auto started = start_dependency(stage, setting, all); !started) return std::unexpected(started.error());
    auto haproxy = subjects::Haproxy::start(
        {.port = stage.service, .server = stage.proxy, .check = stage.dependency, .retries_on_500 = retries});
    if (!haproxy) return std::unexpected(haproxy.error());
    all.push_back(kept(std::move(*haproxy)));
    Script script{.traffic = setting == Setting::starved ? "rate: 3/s" : "rate: 80/s"};
    script.phases = R"(  - name: each first try fails
    for: 8s
    faults: [ { on: payments, abort: { status: 500 }, first-tries: 1 } ]
    expect:
      - circuit-breaker: { on: payments, opens-within: 2s }
)";
    return text_of(script, stage);
  };
  if (retries && setting != Setting::starved) one.says = "The breaker is dead because of the retries";
  return one;
}

// --- limiters ---------------------------------------------------------------------------------------------------

constexpr int limit_rate = 20;
constexpr int limit_burst = 10;

std::string limit_script(const Stage& stage, Setting setting, std::string_view more, std::vector<std::string> command) {
  Script script{.command = std::move(command), .calls = false, .steady = "2s"};
  script.traffic = setting == Setting::starved ? "rate: 6/s" : "ramp: {from: 10/s, to: 80/s, over: 8s}";
  script.phases = fmt::format(R"(  - name: too many
    for: 14s
    expect:
      - rate-limit: {{ rate: {}/s, burst: {}, wrongly-refused-at-most: 1%, {} }}
)",
                              limit_rate, limit_burst, more);
  return text_of(script, stage);
}

RealCase limiter_case(std::string name, Defect defect, Setting setting) {
  RealCase one{.place = {std::move(name), name_of(setting)},
               .due = due_of(setting, defect != Defect::none),
               .expectation = "rate-limit"};
  one.prepare = [=](const Stage& stage, Kept&) -> base::Result<std::string> {
    return limit_script(
        stage, setting, "truthful-retry-after: true",
        Suspect::command({.port = stage.service, .defect = defect, .limit = limit_rate, .burst = limit_burst}));
  };
  if (defect == Defect::none) one.parameter = Parameter{"rate", limit_rate, 2.0 / 14, 0};
  return one;
}

RealCase nginx_case(std::string name, subjects::Nginx::Limit limit, Setting setting) {
  const bool right = limit.per_second == limit_rate && limit.burst == limit_burst - 1;
  RealCase one{
      .place = {std::move(name), name_of(setting)}, .due = due_of(setting, !right), .expectation = "rate-limit"};
  one.prepare = [=](const Stage& stage, Kept& all) -> base::Result<std::string> {
    auto nginx = subjects::Nginx::start({.port = stage.service, .limit = limit});
    if (!nginx) return std::unexpected(nginx.error());
    all.push_back(kept(std::move(*nginx)));
    return limit_script(stage, setting, "status: 503", {});
  };
  if (right) one.parameter = Parameter{"rate", limit_rate, 2.0 / 14, 0};
  return one;
}

// --- calls ------------------------------------------------------------------------------------------------------

struct CallClaim {
  std::string_view expectation;  // "timeout on payments"
  std::string_view faults;
  std::string_view claim;
  std::optional<Parameter> parameter;
};

RealCase call_case(std::string name, Defect defect, Setting setting, const CallClaim& claim, int attempts) {
  RealCase one{.place = {std::move(name), name_of(setting)},
               .due = due_of(setting, defect != Defect::none),
               .expectation = std::string(claim.expectation)};
  one.prepare = [=](const Stage& stage, Kept& all) -> base::Result<std::string> {
    if (auto started = start_dependency(stage, setting, all); !started) return std::unexpected(started.error());
    Script script{.traffic = setting == Setting::starved ? "rate: 2/s" : "rate: 60/s"};
    script.phases = fmt::format(
        "  - name: outage\n    for: 8s\n{}    expect: [ {} ]\n  - {{ name: after, for: 2s, expect: [ errors: {{ "
        "at-most: "
        "100% }} ] }}\n",
        claim.faults.empty() ? "" : fmt::format("    faults: [ {} ]\n", claim.faults), claim.claim);
    script.command =
        Suspect::command({.port = stage.service, .payments = stage.proxy, .defect = defect, .attempts = attempts});
    return text_of(script, stage);
  };
  if (defect == Defect::none) one.parameter = claim.parameter;
  return one;
}

// The timeout is 300 ms. On a busy machine a thread may wake up late: the claim leaves room for that.
const CallClaim timeout_claim{
    "timeout on payments", "{ on: payments, latency: 20s }",
    "timeout: { on: payments, gives-up-within: 350ms, answers-within: 400ms, leaks-at-most: 0 }",
    Parameter{"timeout", 0.3, 0.002, 0.004}};
const CallClaim retries_claim{"retries on payments", abort_all,
                              "retries: { on: payments, attempts-at-most: 3, first-backoff: 100ms ± 40%, "
                              "jitter-at-least: 10% }",
                              Parameter{"attempts", 3, 0, 0}};
const CallClaim trace_claim{"trace-propagation on payments", "", "trace-propagation: { on: payments }", std::nullopt};

template <typename Add>
void add_suspects(const Add& add) {
  using enum Defect;
  const std::array<std::pair<const char*, Defect>, 7> breakers = {
      {{"breaker", none},
       {"breaker that never opens", never_opens},
       {"breaker that leaks 1 %", leaks},
       {"breaker that never half-opens", never_half_opens},
       {"breaker stuck half-open", stuck_half_open},
       {"breaker closed by a straggler", closes_on_straggler},
       {"breaker that a retry bypasses", retry_bypass}}};
  const std::array<std::pair<const char*, Defect>, 7> limiters = {
      {{"token bucket", none},
       {"bucket off by 3", off_by_some},
       {"bucket a fifth too fast", too_generous},
       {"bucket that counts what it refuses", counts_refused},
       {"bucket with a lying Retry-After", lies},
       {"bucket per instance", per_instance},
       {"no limit", unlimited}}};
  for (const Setting setting : settings) {
    for (const auto& [name, defect] : breakers) add(breaker_case(name, defect, setting));
    for (const auto& [name, defect] : limiters) add(limiter_case(name, defect, setting));
    add(call_case("timeout", none, setting, timeout_claim, 1));
    add(call_case("no timeout", never_gives_up, setting, timeout_claim, 1));
    add(call_case("timeout half as long again", gives_up_late, setting, timeout_claim, 1));
    add(call_case("call that leaks after its timeout", call_leaks, setting, timeout_claim, 1));
    add(call_case("retries", none, setting, retries_claim, 3));
    add(call_case("retries without end", endless_retries, setting, retries_claim, 3));
    add(call_case("retries without jitter", no_jitter, setting, retries_claim, 3));
    add(call_case("trace header handed on", none, setting, trace_claim, 1));
    add(call_case("trace header dropped in 10 %", drops_trace, setting, trace_claim, 1));
  }
}

}  // namespace

std::vector<RealCase> real_cases(std::vector<std::string>& skipped) {
  std::vector<RealCase> cases;
  const auto add = [&cases](RealCase one) { cases.push_back(std::move(one)); };
  add_suspects(add);
  const auto no_opossum = subjects::Opossum::missing();
  const auto no_haproxy = subjects::Haproxy::missing();
  if (no_opossum) skipped.push_back("opossum: " + *no_opossum);
  if (no_haproxy) skipped.push_back("HAProxy: " + *no_haproxy);
  const bool nginx = subjects::Nginx::program().has_value();
  if (!nginx) skipped.emplace_back("nginx: it is not installed");
  for (const Setting setting : settings) {
    if (!no_opossum) {
      add(opossum_case("opossum", true, setting));
      add(opossum_case("opossum with its breaker off", false, setting));
    }
    if (!no_haproxy) {
      add(haproxy_case("HAProxy, observe layer7", false, setting));
      add(haproxy_case("HAProxy, the same with retry-on 500", true, setting));
    }
    if (!nginx) continue;
    add(nginx_case("nginx limit_req", {.per_second = limit_rate, .burst = limit_burst - 1}, setting));
    add(nginx_case("nginx with a burst of 40", {.per_second = limit_rate, .burst = 39}, setting));
    add(nginx_case("nginx with 25/s", {.per_second = 25, .burst = limit_burst - 1}, setting));
  }
  return cases;
}

}  // namespace stormproof::accuracy
