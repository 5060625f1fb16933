#include "scenarios/mechanisms.h"

#include "scenarios/reading.h"
#include "scenarios/resilience.h"

namespace stormproof::scenarios {
namespace {

constexpr std::string_view on_says = "The dependency, by its name in topology.dependencies.";

const Record& timeout_record() {
  static const Record record = {
      "timeout expectation",
      "How long the service waits for a dependency that hangs, seen from the calls that a fault holds back.",
      {{"on", a(Form::line), required, on_says, "payments"},
       {"gives-up-within", a(Form::duration), optional,
        "The service gives up on a call that hangs within this time: 19 of 20, and none takes more than twice as long.",
        "500ms"},
       {"answers-within", a(Form::duration), optional,
        "19 of 20 requests that made a call that hangs are answered within this time.", "1s"},
       {"leaks-at-most", a(Form::count), optional,
        "How many calls may go on after the request that made them was answered.", "0"}},
      Choice{false, {"gives-up-within", "answers-within", "leaks-at-most"}}};
  return record;
}

const Record& retries_record() {
  static const Record record = {
      "retries expectation",
      "How the service calls again after a call that failed. Needs traceparent on the calls.",
      {{"on", a(Form::line), required, on_says, "payments"},
       {"attempts-at-most", a(Form::count), optional, "Calls for one request, the first one included.", "3"},
       {"amplification-at-most", a(Form::factor), optional,
        "Calls for each request that calls at all, in comparison with the steady state. The plateau of a retry budget.",
        "1.2x"},
       {"repeated-writes-at-most", a(Form::count), optional,
        "How many calls with POST or PATCH may be sent again after they failed.", "0"},
       {"honours-retry-after", a(Form::flag), optional,
        "No call is repeated before the time that its answer gave in Retry-After.", "true"},
       {"first-backoff", a(Form::around), optional,
        "The wait before the first repetition, with a tolerance (10% where none is given).", "100ms ± 20%"},
       {"backoff-factor", a(Form::factor), optional, "Each wait is so many times the one before, ± 20%.", "2x"},
       {"jitter-at-least", a(Form::percent), optional, "The share by which waits vary around their middle.", "20%"}},
      Choice{false,
             {"attempts-at-most", "amplification-at-most", "repeated-writes-at-most", "honours-retry-after",
              "first-backoff", "backoff-factor", "jitter-at-least"}}};
  return record;
}

const Record& rate_limit_record() {
  static const Record record = {
      "rate-limit expectation",
      "How the service limits the rate of those who call it. The traffic must exceed the limit.",
      {{"rate", a(Form::rate), required, "Requests that are admitted in the long run, ± 5%.", "20/s"},
       {"burst", a(Form::count), optional, "Requests that are admitted at once, at most.", "10"},
       {"wrongly-refused-at-most", a(Form::percent), optional,
        "The share of refusals that a token bucket of this rate and burst would not have made.", "1%"},
       {"truthful-retry-after", a(Form::flag), optional,
        "Each refusal says in Retry-After when the next request is admitted, to the second.", "true"},
       {"status", a(Form::status), optional, "The status of a refusal. Default: 429.", "503"},
       {"per", a(Form::header_name), optional, "The header whose every value has a limit of its own.", "X-Api-Key"},
       {"window", a(Form::duration), optional, "The time for which the quota is counted, where it is counted so.",
        "1m"},
       {"algorithm", a(Form::algorithm), optional, "How it counts, as its traffic tells.", "token-bucket"},
       {"truthful-headers", a(Form::flag), optional,
        "What RateLimit headers say of quota, remaining requests and reset is so.", "true"},
       {"isolated", a(Form::flag), optional,
        "Who keeps to half of the rate is not refused while another sends ten times it. Needs a probe.", "true"}}};
  return record;
}

const Record& trace_record() {
  static const Record record = {
      "trace-propagation expectation",
      "The service hands traceparent on: calls carry the trace id of the request that they are made for.",
      {{"on", a(Form::line), required, on_says, "payments"},
       {"share-at-least", a(Form::percent), optional, "The share of calls that carry it. Default: 99%.", "99.9%"},
       {"headers", list_of(a(Form::trace_header)), optional,
        "The headers that carry it, each of them; the requests are sent with the same. Default: [traceparent].",
        "[traceparent, b3]"},
       {"new-parent", a(Form::flag), optional, "Each call has a parent id of its own, not that of the request.",
        "true"},
       {"background-within", a(Form::duration_or_zero), optional,
        "So long after the answer to their request calls may still begin. Without it, later ones give no verdict.",
        "5s"}}};
  return record;
}

std::optional<std::uint64_t> count(const Node& map, std::string_view key) { return count_in(in(map, key)); }

What read_timeout(const Node& node, Complaints&) {
  TimeoutExpectation timeout{.on = value<std::string>(node, "on").value_or("")};
  timeout.gives_up_within = value<Nanoseconds>(node, "gives-up-within");
  timeout.answers_within = value<Nanoseconds>(node, "answers-within");
  timeout.leaks_at_most = count(node, "leaks-at-most");
  return timeout;
}

What read_retries(const Node& node, Complaints& complaints) {
  RetriesExpectation retries{.on = value<std::string>(node, "on").value_or("")};
  retries.attempts_at_most = count(node, "attempts-at-most");
  retries.amplification_at_most = value<double>(node, "amplification-at-most");
  retries.repeated_writes_at_most = count(node, "repeated-writes-at-most");
  retries.honours_retry_after = claimed(node, "honours-retry-after", complaints);
  retries.first_backoff = value<Around>(node, "first-backoff");
  retries.backoff_factor = value<double>(node, "backoff-factor");
  retries.jitter_at_least = value<double>(node, "jitter-at-least");
  if (retries.attempts_at_most == 0)
    complaints.add(at(node, "attempts-at-most")->place, "the first call counts: at least 1");
  if (retries.amplification_at_most && *retries.amplification_at_most < 1)
    complaints.add(at(node, "amplification-at-most")->place, "each request calls once: at least 1x");
  return retries;
}

What read_rate_limit(const Node& node, Complaints& complaints) {
  RateLimitExpectation limit{.rate_per_second = value<double>(node, "rate").value_or(0)};
  limit.burst = count(node, "burst");
  limit.wrongly_refused_at_most = value<double>(node, "wrongly-refused-at-most");
  limit.truthful_retry_after = claimed(node, "truthful-retry-after", complaints);
  limit.status = static_cast<int>(value<std::int64_t>(node, "status").value_or(limit.status));
  limit.per = value<std::string>(node, "per").value_or("");
  limit.window = value<Nanoseconds>(node, "window");
  limit.algorithm = value<std::string>(node, "algorithm").value_or("");
  limit.truthful_headers = claimed(node, "truthful-headers", complaints);
  limit.isolated = claimed(node, "isolated", complaints);
  if (limit.burst == 0) complaints.add(at(node, "burst")->place, "a limit admits one request at least");
  if (limit.wrongly_refused_at_most && !limit.burst) {
    complaints.add(at(node, "wrongly-refused-at-most")->place, "this needs 'burst': what would a bucket refuse?");
  }
  if (limit.status < 400) complaints.add(at(node, "status")->place, "a refusal has a status of 400 and above");
  return limit;
}

What read_trace(const Node& node, Complaints& complaints) {
  TraceExpectation trace{.on = value<std::string>(node, "on").value_or("")};
  trace.share_at_least = value<double>(node, "share-at-least").value_or(trace.share_at_least);
  if (const auto headers = texts(in(node, "headers")); !headers.empty()) trace.headers = headers;
  trace.new_parent = claimed(node, "new-parent", complaints);
  trace.background_within = value<Nanoseconds>(node, "background-within");
  return trace;
}

const std::vector<Mechanism>& mechanisms() {
  static const std::vector<Mechanism> all = [] {
    std::vector<Mechanism> known = {
        {{"timeout", a(timeout_record()), optional, "How long it waits for a dependency that hangs.",
          "{on: payments, gives-up-within: 500ms, leaks-at-most: 0}"},
         read_timeout,
         {"gives-up-within", "answers-within"}},
        {{"retries", a(retries_record()), optional, "How it calls again after a call that failed.",
          "{on: payments, attempts-at-most: 3}"},
         read_retries,
         {}},
        {{"rate-limit", a(rate_limit_record()), optional, "How it limits the rate of those who call it.",
          "{rate: 20/s, burst: 10}"},
         read_rate_limit,
         {}},
        {{"trace-propagation", a(trace_record()), optional, "Whether calls carry the trace of their request.",
          "{on: payments}"},
         read_trace,
         {}}};
    for (Mechanism& mechanism : resilience_mechanisms()) known.push_back(std::move(mechanism));
    return known;
  }();
  return all;
}

const Mechanism* find(std::string_view kind) {
  for (const Mechanism& mechanism : mechanisms()) {
    if (mechanism.key.name == kind) return &mechanism;
  }
  return nullptr;
}

}  // namespace

bool claimed(const Node& map, std::string_view key, Complaints& complaints) {
  const auto set = value<bool>(map, key);
  if (set == false) complaints.add(in(map, key).place, "'false' states nothing: leave it out");
  return set.value_or(false);
}

std::vector<Key> mechanism_keys() {
  std::vector<Key> keys;
  for (const Mechanism& mechanism : mechanisms()) keys.push_back(mechanism.key);
  return keys;
}

std::optional<What> read_mechanism(std::string_view kind, const Node& node, Complaints& complaints) {
  const Mechanism* const mechanism = find(kind);
  return mechanism == nullptr ? std::nullopt : std::optional(mechanism->read(node, complaints));
}

std::vector<std::string_view> keys_within_phase(std::string_view kind) {
  const Mechanism* const mechanism = find(kind);
  return mechanism == nullptr ? std::vector<std::string_view>{} : mechanism->within_phase;
}

namespace {

// Calls `take(expectation)` for each of one kind.
template <typename Kind, typename Take>
void each_of(const Scenario& scenario, Take take) {
  const auto look = [&](const Phase& phase) {
    for (const Expectation& expectation : phase.expect) {
      if (const auto* const found = std::get_if<Kind>(&expectation.what)) take(*found);
    }
  };
  look(scenario.steady_state);
  for (const Phase& phase : scenario.phases) look(phase);
}

}  // namespace

std::string key_header_of(const Scenario& scenario) {
  std::string header;
  each_of<RateLimitExpectation>(scenario, [&](const RateLimitExpectation& limit) {
    if (header.empty()) header = limit.per;
  });
  return header;
}

std::vector<std::string> trace_headers_of(const Scenario& scenario) {
  std::vector<std::string> headers;
  each_of<TraceExpectation>(scenario, [&](const TraceExpectation& trace) {
    headers.insert(headers.end(), trace.headers.begin(), trace.headers.end());
  });
  return headers;
}

bool looks_into_answers(const Scenario& scenario) {
  bool looks = false;
  each_of<FallbackExpectation>(scenario, [&](const FallbackExpectation&) { looks = true; });
  return looks;
}

}  // namespace stormproof::scenarios
