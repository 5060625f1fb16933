// Attribution: which part of what a request met is the service's doing, and which is the harness's.
//
// A request is late for one of three reasons. The service took long. The generator was late itself (its machine was
// busy): it then reads answers late, too. Or the target held every connection, and the request stood in line
// (Exchange::waited). So what the service did to it has two bounds. The least leaves out the generator's pauses and the
// time in line, unless the target answered nothing at all meanwhile, for longer than any request took while it was
// healthy: then it would have kept this one waiting, too. The most counts from the intended instant. VIOLATED may rest on
// the least only, HOLDS on the most only. Pure, immutable once built; O(log n) a question.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "harness/events/event.h"

namespace stormproof::verify {

using base::Nanoseconds;
using base::Time;
using Exchanges = std::span<const events::Exchange* const>;

// A smaller delay of the generator is no pause; but each answer may have been read so much too late.
inline constexpr Nanoseconds pause_least = std::chrono::milliseconds(1);
inline constexpr Nanoseconds patience_least = std::chrono::seconds(1);  // a silence that means something

// A request without an answer takes longer than anything.
inline constexpr Nanoseconds no_answer = Nanoseconds::max();

// What became of a request, as a user would have seen it.
enum class Fate : std::uint8_t {
  good,
  failed,   // no answer, or a status of 500 and above
  unknown,  // it never left the harness, and the service may have answered it
};

// The generator's own delay.
inline Nanoseconds own_lag(const events::Exchange& request) {
  return request.start - request.waited - request.intended;
}

class Attribution {
 public:
  Attribution() = default;
  // All requests of the run, in any order; those of the steady state end before `healthy_end`.
  Attribution(Exchanges ingress, Time healthy_end);

  Fate fate(const events::Exchange& request) const;
  Nanoseconds least(const events::Exchange& request) const;
  Nanoseconds most(const events::Exchange& request) const;

  // The longest that a request took in the steady state, and at least patience_least.
  Nanoseconds patience() const { return patience_; }

 private:
  struct Pause {
    Time from{};
    Time to{};
    Nanoseconds before{0};  // the sum of the pauses before this one
  };
  Nanoseconds paused_before(Time when) const;
  Nanoseconds awake_between(Time from, Time to) const;
  // How long the target answered nothing, from `from` until `to` at most; 0 where that is nothing unusual.
  Nanoseconds silence(Time from, Time to) const;
  bool never_answered_again(const events::Exchange& held_off) const;

  std::vector<Time> answers_ = {};  // when they were whole
  std::vector<Pause> pauses_ = {};  // of the generator, disjoint, in order
  Time listened_until_{};
  Nanoseconds patience_ = patience_least;
};

}  // namespace stormproof::verify
