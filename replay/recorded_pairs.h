// Recorded pairs: what a capture with shadowed requests already holds of a candidate's answers, compared without sending.
//
// Each live exchange is held until its shadow comes, or the other way round, at most `waiting_bytes_max` of them; what had
// no partner is counted. Memory is that, and the comparison's.
#pragma once

#include <cstdint>
#include <string>

#include "harness/base/error.h"
#include "replay/comparison.h"

namespace stormproof::replay {

struct RecordedPairs {
  static constexpr std::size_t waiting_bytes_max = 64 << 20;
  std::uint64_t compared = 0;
  std::uint64_t live_only = 0;    // requests without a shadow
  std::uint64_t shadow_only = 0;  // shadows whose live exchange is not in the capture, or was too far away
};

base::Result<RecordedPairs> compare_recorded(const std::string& capture, Comparison& comparison);

}  // namespace stormproof::replay
