#include "harness/events/recorder.h"

#include "harness/base/seed.h"

namespace stormproof::events {

NameId Recorder::route(std::string_view method, std::string_view target) {
  const std::uint64_t key = base::draw(base::identity_of(method), target, 0);
  if (const auto known = targets_.find(key); known != targets_.end()) return known->second;
  if (targets_.size() >= targets_max) targets_.clear();
  const std::string route = route_of(method, target);
  const bool room = log_.names.size() < names_for_routes_max || log_.names.find(route) != 0;
  const NameId id = log_.names.id_of(room ? std::string_view(route) : Names::other);
  targets_.emplace(key, id);
  return id;
}

}  // namespace stormproof::events
