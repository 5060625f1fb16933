#include "scenarios/fault_records.h"

#include "scenarios/connection_faults.h"

namespace stormproof::scenarios {
namespace {

Key headers_to_set() {
  return {"headers", named(hideable(Form::header_value), Form::header_name), optional,
          "Headers that are set, in the place of what has their name.", "{X-Tenant: other}"};
}
Key headers_to_drop() {
  return {"without", list_of(a(Form::header_name)), optional, "Headers that are taken out.", "[Authorization]"};
}
Key body_to_set() {
  return {"body", hideable(Form::text), optional, "The body, in the place of what there is. Up to 1 MiB is held.",
          "broken"};
}
Key body_to_merge() {
  return {"merge", hideable(Form::json), optional,
          "A JSON merge patch (RFC 7396) of the body, in quotes; null takes a member out.", "'{\"price\": null}'"};
}

}  // namespace

const Record& latency_fault() {
  static const Record record = [] {
    Record made{"latency fault", delay_record().says, delay_keys(), delay_record().choice};
    made.keys.push_back({"at", a(Form::moment), optional,
                         "What is held: the request, before the dependency is called, or the response, before "
                         "it goes on. Default: request.",
                         "response"});
    return made;
  }();
  return record;
}

const Record& abort_fault() {
  static const Record record = {
      "abort fault",
      "Answers in the dependency's place; the dependency is not called.",
      {{"status", a(Form::status), required, "The status of the answer.", "503"},
       {"body", hideable(Form::text), optional, "The body of the answer. Default: empty.", "out of order"},
       {"headers", named(hideable(Form::header_value), Form::header_name), optional, "Headers of the answer.",
        "{Retry-After: \"5\"}"}}};
  return record;
}

const Record& throttle_fault() {
  static const Record record = {
      "throttle fault",
      "A quota. What is beyond it is answered with 429 and Retry-After; the dependency is not called.",
      {{"rate", a(Form::rate), required, "How many may pass, in the long run.", "10/s"},
       {"burst", a(Form::count), optional, "How many may pass at once. Default: 1.", "20"},
       {"status", a(Form::status), optional, "The status of the answer. Default: 429.", "503"},
       {"retry-after", a(Form::duration), optional,
        "What Retry-After says, in whole seconds, rounded up. Default: until the next may pass.", "2s"}}};
  return record;
}

const Record& request_change() {
  static const Record record = {"change of a request",
                                "Replaces or patches what the dependency gets.",
                                {{"method", a(Form::method), optional, "The method; not HEAD or CONNECT.", "PUT"},
                                 {"path", a(Form::path), optional, "The path; the query stays.", "/v2/charges"},
                                 headers_to_set(),
                                 headers_to_drop(),
                                 body_to_set(),
                                 body_to_merge()},
                                Choice{false, {"method", "path", "headers", "without", "body", "merge"}}};
  return record;
}

const Record& response_change() {
  static const Record record = {"change of a response",
                                "Replaces or patches what the service gets.",
                                {{"status", a(Form::status), optional, "The status.", "500"},
                                 headers_to_set(),
                                 headers_to_drop(),
                                 body_to_set(),
                                 body_to_merge()},
                                Choice{false, {"status", "headers", "without", "body", "merge"}}};
  return record;
}

const Record& truncate_fault() {
  static const Record record = {
      "truncate fault",
      "Cuts the body of a response short.",
      {{"at", a(Form::percent), optional, "The share of the body that is left. Default: 50%.", "50%"},
       {"bytes", a(Form::size), optional, "How much of the body is left, instead of a share.", "100B"},
       {"framing", a(Form::legality), optional,
        "illegal: the length stays as it was and the connection ends early. legal: the length is mended. Default: "
        "illegal.",
        "illegal"}}};
  return record;
}

const Record& slow_fault() {
  static const Record record = {
      "slow fault",
      "Sends a response little by little, in up to 64 pieces, evenly over a time.",
      {{"head", a(Form::duration), optional, "How long the head takes.", "2s"},
       {"body", a(Form::duration), optional, "How long the body takes, after the head.", "5s"}},
      Choice{false, {"head", "body"}}};
  return record;
}

std::vector<Key> message_fault_keys() {
  return {
      {"latency",
       {.scalar = Form::duration, .map = &latency_fault()},
       optional,
       "Holds requests or responses back.",
       "200ms"},
      {"abort", a(abort_fault()), optional, "Answers in the dependency's place. With latency: after the delay.",
       "{status: 503}"},
      {"throttle", a(throttle_fault()), optional, "Answers in the dependency's place what is beyond a quota.",
       "{rate: 10/s, burst: 20, retry-after: 2s}"},
      {"change-request", a(request_change()), optional, "Changes requests on their way to the dependency.",
       "{path: /v2/charges, merge: '{\"amount\": -1}'}"},
      {"change-response", a(response_change()), optional, "Changes the dependency's responses.",
       "{status: 500, body: broken}"},
      {"truncate", a(truncate_fault()), optional, "Cuts the bodies of responses short.", "{at: 50%, framing: illegal}"},
      {"framing", a(Form::misframing), optional,
       "Sends responses whose end cannot be told: both lengths (length-and-chunked), two that differ (two-lengths), a "
       "chunk that "
       "is cut (cut-chunk) or has no size (bad-chunk-size); then the connection ends.",
       "cut-chunk"},
      {"no-answer", a(Form::no_answer), optional,
       "The dependency is called, and instead of its answer the connection ends (empty), is reset (reset), or ends "
       "after 512 "
       "random bytes (random).",
       "reset"},
      {"slow", a(slow_fault()), optional, "Sends responses little by little.", "{head: 2s, body: 5s}"},
      {"huge-head", a(Form::size), optional, "Responses get headers that add up to so much more, at most 16MiB.",
       "64KiB"},
      {"stale", a(Form::flag), optional,
       "Answers with the first response that the same request got since the fault began, whatever the dependency says "
       "now.",
       "true"},
      {"duplicate", a(Form::flag), optional, "Sends each response twice on the same connection.", "true"}};
}

std::vector<Key> targeting_keys() {
  return {
      {"share", a(Form::percent), optional,
       "The share of requests that it hits, drawn by the run's seed. Default: 100%.", "30%"},
      {"share-of", a(Form::draw_unit), optional,
       "What draws: each call to the dependency, or each request to the service for all of its calls (needs "
       "traceparent on the "
       "calls). Default: calls.",
       "requests"},
      {"methods", list_of(a(Form::method)), optional, "Only requests with these methods.", "[POST]"},
      {"paths", list_of(a(Form::path_pattern)), optional, "Only requests to these paths; * stands for any characters.",
       "[\"/charges/*\"]"},
      {"routes", list_of(a(Form::line)), optional,
       "Only these routes, as reports name them: a path whose identifiers are folded, with or without a method.",
       "[\"POST /charges/{id}\"]"},
      {"headers", named(a(Form::header_value), Form::header_name), optional,
       "Only requests with all of these headers; * stands for any characters.", "{X-Tenant: \"acme*\"}"},
      {"clients", list_of(a(Form::line)), optional, "Only requests from these addresses or networks.",
       "[\"10.0.0.0/8\"]"},
      {"after", a(Form::duration), optional, "It begins this long after the phase.", "5s"},
      {"for", a(Form::duration), optional, "How long it lasts. Default: as long as the phase.", "10s"},
      {"ramp", a(Form::duration), optional, "The share grows evenly from nothing within this time.", "5s"},
      {"first-tries", a(Form::count), optional,
       "Only so many first tries of each request: a retry beyond them succeeds.", "2"},
      {"first", a(Form::count), optional, "Only the first so many that match, in the order in which they come.", "3"},
      {"every", a(Form::count), optional, "Only each so-manieth that matches, in the order in which they come.", "10"},
      {"at-most", a(Form::count), optional, "It hits so many and then no more.", "100"},
      {"even-the-last", a(Form::flag), optional,
       "Needed where a phase hurts every instance of one thing (replica-of). Default: false.", "true"}};
}

const Record& process_fault() {
  static const Record restart = {
      "restart",
      "When the program is started again.",
      {{"restart-after", a(Form::duration), optional, "This long after its end. Default: when the phase ends.", "2s"}}};
  static const Record crash_loop = {
      "crash loop",
      "The program is killed again and again.",
      {{"every", a(Form::duration), required, "How long it lives each time.", "2s"},
       {"restart-after", a(Form::duration), optional, "How soon it is started again. Default: at once.", "500ms"}}};
  static const Record command = {
      "command fault",
      "For what stormproof did not start: a command that hurts and one that heals.",
      {{"hurt", list_of(hideable(Form::text)), required, "Run when the fault begins, in the scenario's folder.",
        "[docker, pause, payments]"},
       {"heal", list_of(hideable(Form::text)), required,
        "Run when it ends, and by the watchdog or `stormproof heal` where the run was killed.",
        "[docker, unpause, payments]"}}};
  static const Record network = {
      "network fault",
      "What happens to the packets between stormproof and the program, each way; the program must have a network of "
      "its "
      "own (candidate.network).",
      {{"loss", a(Form::percent), optional, "The share of packets that is lost (nftables).", "10%"},
       {"partition", a(Form::flag), optional, "No packet passes (nftables).", "true"},
       {"delay", a(Form::duration), optional, "By how much each packet is late (tc netem).", "50ms"},
       {"jitter", a(Form::duration), optional, "By how much that differs; at most delay.", "10ms"},
       {"duplicate", a(Form::percent), optional, "The share of packets that comes twice (tc netem).", "1%"},
       {"reorder", a(Form::percent), optional,
        "The share of packets that overtakes those that are delayed; needs delay (tc netem).", "25%"},
       {"for", a(Form::duration), optional, "How long. Default: to the phase's end.", "5s"}},
      Choice{false, {"loss", "partition", "delay", "duplicate", "reorder"}}};
  static const Record record = {
      "process fault",
      "What happens to the program of the service under test that stormproof started.",
      {{"kill", a(restart), optional, "SIGKILL to the program and all that it started.", "{restart-after: 2s}"},
       {"terminate", a(restart), optional, "SIGTERM, and SIGKILL where it has not ended after 5 s.",
        "{restart-after: 2s}"},
       {"pause", a(Form::duration), optional, "SIGSTOP, and SIGCONT after this time.", "3s"},
       {"crash-loop", a(crash_loop), optional, "SIGKILL, again and again.", "{every: 2s}"},
       {"open-files", a(Form::count), optional, "The program may have no more than so many descriptors (prlimit).",
        "32"},
       {"cpu", a(Form::percent), optional, "The share of one processor that it may use (cgroup v2).", "20%"},
       {"memory", a(Form::size), optional, "The memory that it may use (cgroup v2).", "64MiB"},
       {"command", a(command), optional, "Commands that hurt and heal.", "{hurt: [./break.sh], heal: [./mend.sh]}"},
       {"network", a(network), optional, "What happens to its packets, where it has a network of its own.",
        "{loss: 10%}"},
       {"after", a(Form::duration), optional, "It begins this long after the phase.", "1s"},
       {"even-the-last", a(Form::flag), optional, "Needed to hurt the only instance of the service. Default: false.",
        "true"}},
      Choice{true,
             {"kill", "terminate", "pause", "crash-loop", "open-files", "cpu", "memory", "command", "network"},
             "begin each fault with '- '"}};
  return record;
}

}  // namespace stormproof::scenarios
