// Calls: what a dependency saw of the requests, and what it should have seen.
//
// Baseline: over healthy time, for each class of requests (route) the share that calls the dependency, with the upper
// bound of the share that does not. Only classes with at least calling_share_min are looked at (caches and coalescing
// stay out). Every later request of these classes that was answered is an opportunity: called or suppressed.
// Correlated: calls carry the trace id of a request. Otherwise by rate: a gap between calls counts as suppression where
// it holds requests for at least gap_calls_min calls: e^-14 < 1e-6 (reference: verification, breaker, step 3).
// Times are the log's. A value; it does not refer to the view after it is built.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr double calling_share_min = 0.99;
inline constexpr std::uint64_t class_requests_min = 20;    // fewer healthy requests make no class
inline constexpr double correlated_share_min = 0.99;       // of healthy calls that carry a known trace
inline constexpr double rate_calls_per_request_min = 0.2;  // by rate: fewer calls than this show no gap
inline constexpr double gap_calls_min = 14;
inline constexpr Nanoseconds sight =
    std::chrono::milliseconds(2);  // by which the service and the proxy may see an instant apart

inline constexpr Nanoseconds handling_max =
    std::chrono::milliseconds(50);  // from an outcome to the service's note of it

// One call, an attempt of its own.
struct Call {
  Time start{};
  Time end{};                 // its outcome: never later than its request's end where a fault holds the call itself
  Time handled{};             // by when the service had taken note of the outcome: its answer to the request tells
  Time request_start{};       // of the ingress request that made it; by rate: of the oldest that may have
  std::uint64_t request = 0;  // ingress number; 0: not known
  bool first_attempt = true;
  bool failed = false;    // as the service saw it: no answer, or 500 and above
  bool slow = false;      // answered well, but a fault delayed it: the service may have found it too slow
  bool injected = false;  // a fault acted on it
  // Of the last attempt for the same request, where that is known: what a breaker around the retries sees.
  Time last_end{};
  Time last_handled{};
  bool last_failed = false;
};

struct Opportunity {
  Time start{};
  Time end{};
  Nanoseconds least{0};  // how long the service kept it waiting: attribution.h
  Nanoseconds most{0};
  std::uint64_t request = 0;
  double miss = 0;  // upper bound of the chance that a healthy service would not call
  // The same, by rate, of what requests of its route did that were under way alone: good for estimates, not for verdicts.
  double lone_miss = 1;
  bool called = false;
  std::uint32_t in_the_air = 0;  // calls at its start
};

struct Calls {
  std::vector<Call> calls = {};                 // by start
  std::vector<Opportunity> opportunities = {};  // by start
  // Requests of the same classes that have neither an answer nor a call, by start. Correlated only.
  std::vector<Opportunity> unanswered = {};
  bool correlated = true;
  bool within_requests = true;         // by rate: shown that calls are made while their requests are under way
  double calls_per_request = 1;        // healthy, of the classes looked at; at most 1
  std::uint64_t healthy_requests = 0;  // of these classes
  double miss = 1;                     // the largest of the classes
  std::string unusable = {};           // why nothing can be inferred; empty: it can

  // The calls whose outcome fell into [from, to], by outcome. Places in `calls`.
  std::vector<std::uint32_t> ended_between(Time from, Time to) const;

  std::vector<std::uint32_t> by_end = {};  // places in `calls`, by end

  // The longest after its request began that a call of [from, to) came, as far as is known: so long may retries for
  // requests that were let in before go on after an opening.
  Nanoseconds lingering(Time from, Time to) const;

  // Suppressed requests in a row that chance explains with at most `chance`.
  std::uint64_t run_for(double chance) const;
};

// `routes`: only calls of these egress routes count; empty: all.
Calls calls_of(const View& view, std::string_view dependency, const std::vector<events::NameId>& routes = {});

}  // namespace stormproof::verify
