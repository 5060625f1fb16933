#include "faults/head_fields.h"

#include <algorithm>

#include "faults/message.h"
#include "harness/base/glob.h"

namespace stormproof::faults {
namespace {

std::size_t size_bit(std::string_view name) { return std::min<std::size_t>(name.size(), 63); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  const auto first = text.find_first_not_of(space);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(space) + 1 - first);
}

}  // namespace

void HeadFields::read(std::string_view head) {
  fields_.clear();
  name_sizes_.reset();
  for (std::size_t at = head.find('\n'); at != head.npos;) {
    const std::size_t end = head.find('\n', at + 1);
    const std::string_view line = head.substr(at + 1, end - (at + 1));
    if (const auto colon = line.find(':'); colon != line.npos) {
      fields_.push_back({line.substr(0, colon), trimmed(line.substr(colon + 1))});
      name_sizes_.set(size_bit(fields_.back().name));
    }
    at = end;
  }
}

bool HeadFields::have(std::string_view name, std::string_view glob) const {
  // What costs least comes first.
  return name_sizes_[size_bit(name)] && std::ranges::any_of(fields_, [&](const Field& field) {
           return field.name.size() == name.size() && base::glob_matches(glob, field.value) &&
                  same_name(field.name, name);
         });
}

}  // namespace stormproof::faults
