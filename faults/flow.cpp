#include "faults/flow.h"

#include <algorithm>
#include <utility>

namespace stormproof::faults {

bool Flow::busy() const {
  if (!last_.empty() || last_.ended()) return true;
  return std::ranges::any_of(places_, [](const auto& each) { return !each->in.empty() || each->in.ended(); });
}

bool Flow::silent() const {
  return std::ranges::any_of(places_, [](const auto& each) { return each->obstacle->silent(); });
}

void Flow::put(std::string bytes, Instant now) { first().push({std::move(bytes), now}); }

std::uint64_t Flow::moves() const {
  std::uint64_t moves = last_.moves();
  for (const auto& each : places_) moves += each->in.moves();
  return moves;
}

// Again and again: what a later obstacle has let go is room for an earlier one.
Instant Flow::run(Instant now) {
  Instant again = never;
  std::uint64_t before = 0;
  do {
    before = moves();
    again = never;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      Standing& each = *places_[i];
      Segments& next = after(i);
      const std::uint64_t held = each.in.bytes();
      const std::uint64_t pushed = next.bytes_pushed();
      again = std::min(again, each.obstacle->run(each.in, next, now));
      const std::uint64_t passed = next.bytes_pushed() - pushed;
      each.toll.passed += passed;
      each.toll.cut += held - each.in.bytes() - passed;
      each.toll.acted |= each.obstacle->acted();
      each.toll.delayed = std::max(each.toll.delayed, each.obstacle->delayed());
      if (each.obstacle->acted() && !std::exchange(each.told, true) && on_act) on_act(each.name, *each.obstacle);
    }
  } while (moves() != before);
  return again;
}

void Flow::set(const std::string& name, std::unique_ptr<Obstacle> obstacle) {
  const auto found = std::ranges::find(places_, name, [](const auto& each) { return each->name; });
  const std::size_t holds = obstacle->holds();
  if (found != places_.end()) {
    obstacle->succeed(*(*found)->obstacle);
    (*found)->obstacle = std::move(obstacle);
    (*found)->in.set_bytes_max(holds);
    (*found)->told = false;
    return;
  }
  // What could leave already, leaves through this one.
  auto standing = std::make_unique<Standing>(Standing{name, Segments(holds), std::move(obstacle)});
  if (!last_.ended() || !last_.ended()->by_fault()) standing->in.prepend(last_);
  places_.push_back(std::move(standing));
}

bool Flow::withdraw(const std::string& name, Instant now) {
  const auto found = std::ranges::find(places_, name, [](const auto& each) { return each->name; });
  if (found == places_.end()) return false;
  const std::size_t place = static_cast<std::size_t>(found - places_.begin());
  Segments& next = after(place);
  Segments& in = (*found)->in;
  while (!in.empty()) next.push(in.pop());
  if (in.ended()) next.end(*in.ended());
  if (const auto kind = (*found)->obstacle->on_withdrawal()) next.end({*kind, now});
  places_.erase(found);
  return true;
}

Toll& Toll::operator+=(const Toll& other) {
  passed += other.passed;
  cut += other.cut;
  waiting += other.waiting;
  delayed = std::max(delayed, other.delayed);
  acted |= other.acted;
  return *this;
}

Toll Flow::toll(const std::string& name) const {
  const auto found = std::ranges::find(places_, name, [](const auto& each) { return each->name; });
  if (found == places_.end()) return {};
  Toll toll = (*found)->toll;
  toll.waiting = (*found)->in.bytes();
  return toll;
}

std::vector<std::string> Flow::names() const {
  std::vector<std::string> names;
  for (const auto& each : places_) names.push_back(each->name);
  return names;
}

}  // namespace stormproof::faults
