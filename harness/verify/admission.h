// Admission: what a rate limit let through and what it refused, and what that says of the limit.
//
// A request was decided on somewhere between its start and its answer. Everything here counts in the service's favour:
// too much was admitted only if it was wherever in these spans the decisions lay, and a refusal was wrong only if a
// token was there wherever they lay. Pure. Times in ns, rates per second.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/verify/evidence.h"

namespace stormproof::verify {

struct Decision {
  enum class What : std::uint8_t { admitted, refused, unknown };  // unknown: not answered, or 503
  Time start{};
  Time end{};
  What what = What::admitted;
  const events::Exchange* request = nullptr;
};

using Decisions = std::vector<Decision>;  // by start

// The decisions on each caller's requests, or on all together where `per_key` is not set; each list is not empty.
std::vector<Decisions> decisions_of(Exchanges requests, int refusing_status, bool per_key);

// The same with decisions that lie no later after their request than refusals take: who refuses at once decides at once, however
// long the admitted are served or wait. More likely than sure: not for a verdict against the service.
Decisions narrowed(Decisions decisions);

// The greatest excess of what was admitted within a stretch of time over rate × its length: the burst that was let
// through. `low` is sure; `high` counts each request where that makes most of it.
struct Burst {
  double low = 0;
  double high = 0;
  Time from{};  // of the stretch that shows `low`
  Time to{};
  std::uint64_t admitted = 0;  // in it
};
Burst burst_of(const Decisions& decisions, double per_second);

// The limit counts as reached from refusal to refusal, unless a bucket may have been full in between: when an admission
// came so late that the rate had given more, beyond what was taken, than this share of the burst. Where the burst is 1, or
// not known, every pause costs: then the traffic must be many times the rate.
inline constexpr double spare_share = 0.8;
inline constexpr double spare_least = 0.04;                       // requests
inline constexpr Nanoseconds calm_for = std::chrono::seconds(5);  // a longer pause without a refusal ends it, too

// What was admitted while the limit was reached: the time from the first instant at which it admitted after a refusal
// to the last, and how many in between. Both instants are known to their gaps.
struct Saturation {
  std::uint64_t admitted = 0;
  Nanoseconds least{0};  // the time
  Nanoseconds most{0};
  std::uint64_t refused = 0;      // in all
  Nanoseconds lasted{0};          // from first to last refusal, pauses left out
  std::uint64_t admitted_in = 0;  // from the first refusal to the last, pauses or not
  double run = 0;                 // admitted in a row, on average
};
Saturation saturation_of(const Decisions& decisions, double per_second, double burst, Nanoseconds calm = calm_for);

// Refusals from `from` on, of which a token bucket would have made fewer: those at which at least one token was there.
// The bucket is empty at the first decision, so the first ones are in nobody's favour.
struct Refusals {
  std::uint64_t all = 0;
  std::vector<const Decision*> wrong = {};
};
Refusals replay_bucket(const Decisions& decisions, double per_second, double burst, Time from, Time to);

// How long a refused caller had to wait in truth: from its refusal to the next admission, as far as requests tell.
struct Wait {
  const Decision* refusal = nullptr;
  Nanoseconds low{0};
  Nanoseconds high{0};  // Nanoseconds::max(): it was not seen to end
};
std::vector<Wait> waits_of(const Decisions& decisions);

}  // namespace stormproof::verify
