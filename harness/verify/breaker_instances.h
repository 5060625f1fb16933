// Breaker instances: several instances of the service, each with a breaker of its own, or all with one, behind one url.
//
// Which instance makes a call is not seen; how many breakers there are is: after the last of them has opened, calls come in
// rounds, a round being calls that overlap, or have no suppressed request between them, and no breaker makes two rounds within the least
// sleep window. So many breakers at least are at work as rounds need chains whose links are that far apart. More than the
// instances: some calls are leaks, or there are more breakers than instances. As many: each instance has one. Fewer: an
// instance without traffic looks the same as a shared breaker, so that "shared" can be disproved, not shown. The last has
// opened when so many requests in a row are suppressed as chance does not explain while one is closed. Only with trace ids and
// a claimed period, and where no probe succeeds. Pure.
#pragma once

#include "harness/verify/breaker_checks.h"

namespace stormproof::verify {

inline constexpr std::size_t chain_rounds_min = 3;  // of each breaker; and beyond the claim, to be no mere leaks

// Times of one breaker's openings and probes, as a round shows them.
struct ProbeRound {
  Time start{};
  Time outcome{};  // the latest
  std::uint64_t request = 0;
  std::size_t calls = 0;
};

struct InstancesSeen {
  std::optional<Anchor> opened = {};     // the last of them
  std::vector<ProbeRound> rounds = {};   // after it
  std::size_t breakers = 0;              // that must be at work
  std::vector<std::size_t> leaked = {};  // places in `rounds` that no breaker of the claimed number explains
  Nanoseconds longest{0};                // between the rounds of one breaker, if there are as many as claimed
  std::uint64_t suppressed = 0;          // after it
  bool succeeded = false;                // a call after it, so that one of them may have closed
  std::string missing = {};              // why nothing can be said; empty: it can
};

// How many breakers are claimed: one, or one for each instance.
inline std::uint64_t breakers_claimed(const scenarios::BreakerExpectation& claim) {
  return claim.scope == scenarios::BreakerScope::shared ? 1 : claim.instances;
}

InstancesSeen see_instances(const Calls& calls, Time from, Time to, const scenarios::BreakerExpectation& claim);

// One check for each of opens-within, leaks-at-most, probes-every and scope that is claimed.
std::vector<Check> check_instances(const InstancesSeen& seen, const Calls& calls, Time from,
                                   const scenarios::BreakerExpectation& claim);

}  // namespace stormproof::verify
