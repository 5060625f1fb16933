// Overdue: what stands for the requests of a phase that never left the harness.
//
// While the target held every connection, those first in line were sent as connections came free, be they of this phase
// or of an earlier one. They met the same service at the same time, so the share of them that went badly is that of the
// requests that stood in line behind them. Pure.
#pragma once

#include "harness/verify/timeline.h"

namespace stormproof::verify {

struct Overdue {
  std::uint64_t never_left = 0;                    // requests of the phase of which nothing is known
  std::vector<const events::Exchange*> sent = {};  // after standing in line, within the phase
};

Overdue overdue_in(const View& view, const PhaseWindow& phase);

// Lower bound (one-sided, 95 %) of the share of a phase's requests that went badly: `bad` of `known` did, and `bad_sent`
// of those sent in place of the `never_left`.
double share_lower(std::uint64_t bad, std::uint64_t known, std::uint64_t bad_sent, const Overdue& overdue);

}  // namespace stormproof::verify
