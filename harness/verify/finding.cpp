#include "harness/verify/finding.h"

#include <algorithm>

namespace stormproof::verify {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds: return "HOLDS";
    case Verdict::violated: return "VIOLATED";
    case Verdict::inconclusive: return "INCONCLUSIVE";
  }
  return "INCONCLUSIVE";
}

Verdict worst(const std::vector<Verdict>& verdicts) {
  if (std::ranges::find(verdicts, Verdict::violated) != verdicts.end()) return Verdict::violated;
  const bool all_hold = std::ranges::all_of(verdicts, [](Verdict verdict) { return verdict == Verdict::holds; });
  return !verdicts.empty() && all_hold ? Verdict::holds : Verdict::inconclusive;
}

}  // namespace stormproof::verify
