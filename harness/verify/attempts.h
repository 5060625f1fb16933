// Attempts: the calls that a service made for one request, one after the other: a call, and its repetitions.
//
// A chain is the calls of one request to one route of the dependency, known by trace id. A route to which healthy
// requests call several times without a failure is left out: a repetition cannot be told from one more call. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/verify/evidence.h"
#include "harness/verify/timeline.h"

namespace stormproof::verify {

inline constexpr double several_share_max = 0.01;  // of healthy groups without a failure that have more than one call

struct Chain {
  const events::Exchange* request = nullptr;
  std::vector<const events::Exchange*> calls = {};  // by start, at least one
  bool writes = false;                              // POST or PATCH: not to be repeated unasked

  bool exhausted() const;  // its last call failed
};

struct Attempts {
  std::vector<Chain> chains = {};  // whose first call began in the window and met it for long enough, by start
  double healthy_calls = 1;        // for each request that calls, without a failure
  bool traced = false;
  std::uint64_t left_out = 0;  // chains to routes that are called several times
};

// The service saw it fail: no answer in time, or a status of 500 and above, or 429.
bool call_failed(const events::Exchange& call);

// From the end of a failed call to the start of the next; absent: the one before was good, or under way still.
std::optional<Nanoseconds> wait_before(const Chain& chain, std::size_t attempt);

Attempts attempts_of(const View& view, std::string_view dependency, const FaultWindow& window);

}  // namespace stormproof::verify
