// Callers: which requests a call without a trace id may belong to.
//
// A service that calls while it handles a request makes each call, and each retry of it, between the request's start and
// its end. So a call belongs to one of the requests under way at its start, and the oldest of them says since when it
// may have been let in. Whether a service does call so is shown by its healthy time: all calls lie within requests, as
// they would not if they were moved. Pure.
#pragma once

#include <optional>
#include <vector>

#include "harness/verify/timeline.h"

namespace stormproof::verify {

// By which a call may seem to outlast its request: two threads of the harness read the clock.
inline constexpr Nanoseconds nesting_slack = std::chrono::microseconds(500);
inline constexpr double nested_share_min = 0.99;  // of the healthy calls lie within a request
inline constexpr double nested_chance = 1e-6;     // that as many do by chance

// At each of `instants` (ascending) the start of the oldest request that is under way, within `slack`; nothing: none is.
std::vector<std::optional<Time>> oldest_under_way(Exchanges requests, const std::vector<Time>& instants,
                                                  Nanoseconds slack);

// Whether it is shown that calls are made within requests. By what time they are moved in comparison: no multiple of a
// common period.
bool made_within_requests(Exchanges requests, Exchanges calls);

// Requests between `from` and `to` that were under way alone, by route, and those of them that hold a call: it is theirs.
struct Lone {
  std::uint64_t requests = 0;
  std::uint64_t calling = 0;
};
std::vector<Lone> lone_requests(Exchanges requests, Exchanges calls, Time from, Time to);

}  // namespace stormproof::verify
