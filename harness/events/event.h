// Events: what happened in a run, one plain value each.
//
// The log is all that a verdict may look at. It holds what the harness itself did and saw: requests it sent
// (ingress), calls that came through its proxies (egress), faults that fired, and marks of the run's phases.
// Times are base::Time; names (parties, routes, rules) are numbers into the log's table of names.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "harness/base/clock.h"

namespace stormproof::events {

using NameId = std::uint32_t;  // 0 is the empty name

// A W3C trace id; all zero is "none".
struct TraceId {
  std::array<std::uint8_t, 16> bytes = {};
  bool none() const { return bytes == std::array<std::uint8_t, 16>{}; }
  auto operator<=>(const TraceId&) const = default;
};

enum class Side : std::uint8_t {
  ingress,  // sent by the harness to the service under test
  egress,   // sent by the service under test to a dependency, through a proxy of the harness
};

// How an exchange ended, by cause. Only `answered` carries a status from the other side.
enum class Outcome : std::uint8_t {
  answered,  // a whole response
  faulted,   // answered or cut by a fault of the harness; the upstream may not have been called
  refused,   // no connection: refused, unreachable
  reset,     // the connection ended before the response was whole
  connect_timeout,
  head_timeout,  // no response head in time
  idle_timeout,  // no byte for too long within a message
  total_timeout,
  cancelled,     // the client went away first
  bad_request,   // malformed; never forwarded
  bad_response,  // the upstream's answer was not HTTP
  shed,          // the harness could not send it: its own limit was reached
  tls_failed,    // no TLS on a connection that was made: no handshake, or a certificate that is not accepted
  held_off,      // not sent: the target held every connection until the end, or until too many stood in line
};
inline constexpr Outcome last_outcome = Outcome::held_off;

std::string_view to_string(Outcome outcome);

// The dialects in which an answer may speak of its rate limit.
enum class Dialect : std::uint8_t {
  structured = 1,     // RateLimit: "p";r=50;t=30 and RateLimit-Policy: "p";q=100;w=60
  combined = 2,       // RateLimit: limit=100, remaining=50, reset=30
  separate = 4,       // RateLimit-Limit, -Remaining, -Reset
  x_prefixed = 8,     // the same with X- before them
  contradiction = 16  // two of them said different things in one answer
};
inline constexpr std::uint8_t dialects_end = 32;

// The status with which gRPC refuses what is beyond a limit: RESOURCE_EXHAUSTED.
inline constexpr std::uint8_t grpc_resource_exhausted = 8;

// What an answer said of limits, in whichever dialect.
struct Advice {
  static constexpr std::uint32_t not_said = 0xFFFFFFFF;
  std::uint32_t retry_after = not_said;  // seconds: Retry-After
  std::uint32_t limit = not_said;        // requests: of the quota
  std::uint32_t remaining = not_said;    // requests: left of it
  std::uint32_t reset = not_said;        // seconds until there are more
  std::uint32_t window = not_said;       // seconds: for which the quota is, of a RateLimit-Policy
  std::uint8_t dialects = 0;             // bits of Dialect: in which headers it was said
  std::uint8_t grpc_status = 0;          // of gRPC, where the head carries it; 0: none, or OK
  bool none() const { return *this == Advice{}; }
  auto operator<=>(const Advice&) const = default;
};

// What an answer was, where its body was looked at.
struct Content {
  enum class Kind : std::uint8_t {
    not_seen,
    empty,
    json,
    broken_json,  // it said that it was, or was cut short
    other,
  };
  Kind kind = Kind::not_seen;
  std::uint32_t shape = 0;               // of JSON: a digest of its members, their places and types; else 0
  std::uint32_t age = Advice::not_said;  // seconds: the header Age
  bool none() const { return *this == Content{}; }
  auto operator<=>(const Content&) const = default;
};
inline constexpr Content::Kind last_content_kind = Content::Kind::other;

// In which headers of a call its trace id stood.
enum Carrier : std::uint8_t { in_traceparent = 1, in_b3 = 2, in_x_b3 = 4, carriers_end = 8 };

// One exchange: a request and what came of it. On egress each attempt is an exchange of its own.
struct Exchange {
  Side side = Side::ingress;
  Outcome outcome = Outcome::answered;
  std::uint16_t status = 0;      // as the client saw it; 0: none
  NameId party = 0;              // ingress: the target ("candidate"); egress: the dependency
  NameId route = 0;              // "GET /orders/{id}"
  NameId fault = 0;              // the rule that was applied to it; 0: none
  std::uint64_t connection = 0;  // unique within the run
  std::uint64_t request = 0;     // ingress: 1, 2, 3 … in intended order; egress: order of arrival at the proxy
  TraceId trace = {};            // as sent (ingress) or as found in its head (egress)
  base::Time intended{};         // ingress: when the schedule wanted it sent; egress: equal to start
  base::Time start{};            // first byte of the request sent, or its head received; held_off: when it was given up
  base::Time first_byte{};       // of the response; zero: none
  base::Time end{};              // last byte, or the instant of failure
  base::Nanoseconds waited{0};   // ingress: before start, as the target held every connection that the harness may have
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  Advice advice = {};         // of the answer
  Content content = {};       // ingress: of the answer
  std::uint32_t parent = 0;   // egress: the lower half of the parent id that came with the trace
  std::uint8_t carriers = 0;  // egress: bits of Carrier
  std::uint32_t key = 0;  // ingress: whose request it is, as a digest of the header that a scenario names; 0: not known

  auto operator<=>(const Exchange&) const = default;
};

// A request that never left the harness.
inline bool never_sent(const Exchange& exchange) {
  return exchange.outcome == Outcome::shed || exchange.outcome == Outcome::held_off;
}

// What a fault did to a message.
enum class Effect : std::uint8_t {
  acted,    // as the other fields say: what older logs hold
  spared,   // nothing: the rule matched, and its draw or its count let this one go
  nothing,  // nothing: it was to act and could not; `detail` says why
  delayed,
  answered,  // in the dependency's place
  request_changed,
  response_changed,
  truncated,
  misframed,   // sent with illegal framing
  unanswered,  // cut, reset, or random bytes
  slowed,
  grown,  // the head
  stale,
  duplicated,
};
inline constexpr Effect last_effect = Effect::duplicated;

std::string_view to_string(Effect effect);

// One decision of a rule on a request that it matched, and what came of it: an entry of the ledger.
struct FaultFired {
  base::Time at{};
  NameId rule = 0;
  NameId party = 0;
  std::uint64_t request = 0;     // of the egress exchange
  base::Nanoseconds delayed{0};  // by how much a message was held
  std::uint16_t status = 0;      // answered in the dependency's place; 0: not
  Effect effect = Effect::acted;
  std::uint64_t identity = 0;  // what the decision was drawn for: a function of the request, the same in every run
  std::uint64_t sent = 0;      // bytes that went out in the place of a response
  std::uint64_t cut = 0;       // bytes of the body that did not
  NameId detail = 0;           // a sentence

  auto operator<=>(const FaultFired&) const = default;
};

inline bool acted(const FaultFired& fault) { return fault.effect != Effect::spared && fault.effect != Effect::nothing; }

// What the answers of two targets to one request differ in, at one place; `party` is held against the baseline. Where they are
// alike there is one with the empty path: it says that they were compared.
struct AnswerDifference {
  std::uint64_t request = 0;  // its ingress number
  NameId party = 0;           // "candidate", "second-baseline"
  NameId path = 0;            // "$.items[*].price", "status:503"
  NameId detail = 0;          // of the first few at a path: where, and what became of what
  std::uint8_t change = 0;    // replay::Change

  auto operator<=>(const AnswerDifference&) const = default;
};
inline constexpr std::uint8_t changes_end = 5;

enum class MarkKind : std::uint8_t {
  phase_begin,  // name: the phase
  phase_end,
  faults_on,   // name: the phase whose faults now apply
  faults_off,  // healed
  traffic_begin,
  traffic_end,
  aborted,  // name: why; the run was cut short
  note,     // name: a sentence for the report
};

struct Mark {
  base::Time at{};
  MarkKind kind = MarkKind::note;
  NameId name = 0;

  auto operator<=>(const Mark&) const = default;
};

// Where exchanges and faults go as they happen. Called on the thread of the relay or sender that saw them;
// an implementation must not block.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual NameId name(std::string_view text) = 0;
  // The name of a request's route, for Exchange::route.
  virtual NameId route(std::string_view method, std::string_view target) = 0;
  virtual void exchange(const Exchange& exchange) = 0;
  virtual void fault(const FaultFired& fault) = 0;
};

}  // namespace stormproof::events
