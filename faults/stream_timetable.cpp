#include "faults/stream_timetable.h"

#include <algorithm>
#include <utility>

namespace stormproof::faults {

std::optional<double> StreamRule::share_at(base::Nanoseconds since) const {
  const base::Nanoseconds open = since - after;
  if (open < base::Nanoseconds(0) || (lasting && open >= *lasting)) return std::nullopt;
  if (open >= ramp) return fault.share;
  return fault.share * static_cast<double>(open.count()) / static_cast<double>(ramp.count());
}

StreamTimetable::StreamTimetable(StreamInjector& injector, std::vector<StreamRule> rules)
    : injector_(injector), rules_(std::move(rules)) {}

StreamTimetable::~StreamTimetable() {
  for (const StreamRule& rule : rules_) injector_.withdraw(rule.fault.name);
}

base::Nanoseconds StreamTimetable::turn(base::Nanoseconds since) {
  base::Nanoseconds next = never;
  for (const StreamRule& rule : rules_) {
    const std::optional<double> share = rule.share_at(since);
    const StreamFault* const standing = injector_.find(rule.fault.name);
    if (!share) {
      if (standing != nullptr) injector_.withdraw(rule.fault.name);
      if (since < rule.after) next = std::min(next, rule.after);
      continue;
    }
    if (standing == nullptr || standing->share != *share) {
      StreamFault fault = rule.fault;
      fault.share = *share;
      injector_.set(std::move(fault)).value();
    }
    const bool ramps = since < rule.after + rule.ramp;
    if (ramps) next = std::min(next, std::min(since + ramp_step, rule.after + rule.ramp));
    if (rule.lasting) next = std::min(next, rule.after + *rule.lasting);
  }
  return next;
}

}  // namespace stormproof::faults
