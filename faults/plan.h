// Plan: which rule fires on which request.
//
// A draw is a pure function of (seed, rule, request identity): it does not depend on the order of requests, on
// concurrency, or on the other rules. Editing one rule changes no other rule's decisions. What counts in the order of
// arrival (first, every, at-most, a quota) or by the clock (a window, a ramp) says so here, and is the injector's to keep.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/abort.h"
#include "faults/change.h"
#include "faults/client.h"
#include "faults/head_fields.h"
#include "faults/illegal_framing.h"
#include "faults/latency.h"
#include "faults/no_answer.h"
#include "faults/slow.h"
#include "faults/throttle.h"
#include "faults/truncate.h"
#include "harness/events/event.h"

namespace stormproof::faults {

struct Rule {
  std::string id;                                   // unique within a plan
  std::vector<std::string> methods;                 // empty: all
  std::vector<std::string> paths;                   // globs over the path without query; empty: all
  double share = 1;                                 // of the requests that match, 0..1
  std::vector<std::string> routes = {};             // "GET /orders/{id}", or without the method; empty: all
  std::map<std::string, std::string> headers = {};  // name to a glob over the value; all of them
  std::vector<Network> clients = {};                // empty: all
  bool by_request = false;                          // one draw for all calls that one traced request makes

  // When, after the plan began.
  base::Nanoseconds after{0};
  std::optional<base::Nanoseconds> lasting = {};
  base::Nanoseconds ramp{0};  // the share grows evenly from 0, within this time after `after`

  // How many; of those that match, in order of arrival, but for first_tries.
  std::optional<std::uint64_t> first_tries = {};  // the first tries of each request
  std::optional<std::uint64_t> first = {};
  std::optional<std::uint64_t> every = {};
  std::optional<std::uint64_t> at_most = {};  // of those that fire

  std::optional<Latency> latency = {};
  bool latency_of_response = false;  // before the response goes on; else before the upstream is called
  std::optional<Abort> abort = {};
  std::optional<Throttle> throttle = {};
  std::optional<RequestChange> request = {};
  std::optional<ResponseChange> response = {};
  bool stale = false;
  bool duplicate = false;
  std::optional<Truncate> truncate = {};
  std::optional<IllegalFraming> framing = {};
  std::optional<NoAnswer> no_answer = {};
  std::uint64_t head_grows = 0;  // bytes
  std::optional<Slow> slow = {};

  // Which requests it fires on can be known from the requests alone.
  bool decided_by_draw() const { return !first && !every && !at_most && !throttle; }
  bool has_response_fault() const;
  // For whoever takes one from a person.
  base::Result<void> check() const;
};

// What a rule may look at. The views are good as long as the request's.
struct Sight {
  std::string_view method;
  std::string_view target;
  events::TraceId trace = {};
  const HeadFields* fields = nullptr;  // null: no header matches
  std::string_view route = {};         // of method and target, where somebody has made it (events::route_of)
  const boost::asio::ip::address* client = nullptr;  // null: no client matches
};

class Plan {
 public:
  Plan() = default;
  Plan(std::uint64_t seed, std::vector<Rule> rules);

  const std::vector<Rule>& rules() const { return rules_; }
  std::uint64_t seed() const { return seed_; }
  bool wants_client() const { return wants_client_; }
  bool wants_headers() const { return wants_headers_; }
  bool wants_route() const { return wants_route_; }

  // Whether the request is one that the rule is about, whatever chance and counts say.
  bool matches(const Rule& rule, const Sight& request) const { return matches(rule, request, path_of(request.target)); }
  bool matches(const Rule& rule, const Sight& request, std::string_view path) const;

  // Whether `rule` fires on the request by its method, path and draw.
  bool fires(const Rule& rule, std::string_view method, std::string_view target, std::uint64_t identity) const;
  // The draw alone, so long after the plan began. Without a time: as if the ramp was over and the window open.
  bool drawn(const Rule& rule, std::uint64_t identity, std::optional<base::Nanoseconds> since = {}) const;

  // Of "http://host/a?b" as of "/a?b" it is "/a".
  static std::string_view path_of(std::string_view target);

 private:
  std::uint64_t seed_ = 0;
  std::vector<Rule> rules_;
  bool wants_client_ = false;
  bool wants_headers_ = false;
  bool wants_route_ = false;
};

// Who a request is, whichever try it is, and whichever side it is on (trace_side.h): its method, target and trace.
std::uint64_t call_of(std::string_view method, std::string_view target, const events::TraceId& trace);
// What a rule draws for: the try of a call (0 is the first), or of its trace where the rule draws by request.
std::uint64_t identity_of(const Rule& rule, std::uint64_t call, const events::TraceId& trace, std::uint64_t attempt);

}  // namespace stormproof::faults
