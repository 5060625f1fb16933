#include "harness/events/names.h"

#include <algorithm>
#include <array>

namespace stormproof::events {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

bool is_identifier(std::string_view segment) {
  if (segment.empty()) return false;
  if (segment.size() > 32) return true;
  if (std::ranges::all_of(segment, is_digit)) return true;
  const bool hex_or_dash = std::ranges::all_of(segment, [](char c) { return is_hex(c) || c == '-'; });
  return segment.size() >= 8 && hex_or_dash && std::ranges::any_of(segment, is_digit);
}

Names::Names() { id_of(""); }

Names Names::copy() const {
  Names same;
  for (const std::string& name : names_) same.id_of(name);
  return same;
}

NameId Names::id_of(std::string_view name) {
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  if (names_.size() >= names_max && name != other) return id_of(other);
  const auto id = static_cast<NameId>(names_.size());
  ids_.emplace(names_.emplace_back(name), id);
  return id;
}

NameId Names::find(std::string_view name) const {
  const auto known = ids_.find(name);
  return known == ids_.end() ? 0 : known->second;
}

std::string_view Names::name_of(NameId id) const { return id < names_.size() ? std::string_view(names_[id]) : ""; }

std::string route_of(std::string_view method, std::string_view target) {
  if (const auto scheme = target.find("://"); scheme != target.npos && !target.starts_with('/')) {
    const auto path = target.find('/', scheme + 3);
    target = path == target.npos ? "/" : target.substr(path);
  }
  target = target.substr(0, target.find_first_of("?#"));
  std::string route(method);
  route += ' ';
  while (!target.empty()) {
    const auto slash = std::min(target.find('/', 1), target.size());
    std::string_view segment = target.substr(0, slash);
    if (segment.starts_with('/')) {
      route += '/';
      segment.remove_prefix(1);
    }
    route += is_identifier(segment) ? "{id}" : segment;
    target.remove_prefix(slash);
  }
  return route;
}

}  // namespace stormproof::events
