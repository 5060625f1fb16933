#include "harness/verify/overdue.h"

#include "harness/verify/statistics.h"

namespace stormproof::verify {

Overdue overdue_in(const View& view, const PhaseWindow& phase) {
  Overdue overdue;
  for (const events::Exchange* request : phase.requests) {
    const bool left = request->outcome != events::Outcome::held_off;
    overdue.never_left += !left && view.attribution().fate(*request) == Fate::unknown ? 1 : 0;
  }
  if (overdue.never_left == 0) return overdue;
  for (const events::Exchange* request : view.ingress()) {
    const bool waited = !events::never_sent(*request) && request->waited > Nanoseconds(0);
    if (waited && request->start >= phase.begin && request->start < phase.end) overdue.sent.push_back(request);
  }
  return overdue;
}

double share_lower(std::uint64_t bad, std::uint64_t known, std::uint64_t bad_sent, const Overdue& overdue) {
  if (overdue.never_left == 0) return share_lower(bad, known);
  // Two bounds at once.
  constexpr double each = 1 - (1 - confidence_default) / 2;
  const auto real = [](std::uint64_t count) { return static_cast<double>(count); };
  const double of_known = share_lower(bad, known, each) * real(known);
  const double of_others = share_lower(bad_sent, overdue.sent.size(), each) * real(overdue.never_left);
  return (of_known + of_others) / real(known + overdue.never_left);
}

}  // namespace stormproof::verify
