// Comparison report: what a comparison found, for a person and for a machine.
//
// Pure functions of one value, which refers to what it tells of. The text says the verdict first, then the gates, then
// each real difference with a sample and the lines that show it again. The JSON is `stormproof.compare/1` (docs/compare.md).
#pragma once

#include <cstdint>
#include <string>

#include "harness/verify/comparison_gates.h"
#include "replay/comparison.h"
#include "replay/pairing.h"
#include "replay/script.h"

namespace stormproof::reports {

// All it points to outlives it. Empty `second`: there was none; empty `script`: nothing was sent (recorded pairs).
struct ComparisonReport {
  const replay::Comparison* comparison = nullptr;
  const verify::ComparisonVerdict* verdict = nullptr;
  const verify::ComparisonGates* gates = nullptr;
  const replay::Script* script = nullptr;
  std::string capture;
  std::string baseline;
  std::string second;
  std::string candidate;
  std::uint64_t seed = 0;
  std::uint64_t without_partner = 0;  // recorded pairs only
  bool interrupted = false;
  const replay::PairingTiming* timing = nullptr;  // null: nothing was sent at instants
  const replay::LinkCounts* links = nullptr;      // of the candidate; null: recorded values were sent as they are
};

// Why the comparison was not made at the instants that were asked for; "" where it was. The sender's own doing, and the targets'.
std::string lagged(const replay::PairingTiming& timing);
std::string held_up(const replay::PairingTiming& timing);

// Differences shown in the text, of those that are no noise; the JSON has all up to differences_in_json_max.
inline constexpr std::size_t differences_in_text_max = 12;
inline constexpr std::size_t differences_in_json_max = 1000;

std::string comparison_text(const ComparisonReport& report, bool colour);
std::string comparison_json(const ComparisonReport& report);

}  // namespace stormproof::reports
