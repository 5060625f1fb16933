#include "faults/huge_head.h"

#include <fmt/format.h>

#include <algorithm>

namespace stormproof::faults {

void grow_head(Message& response, std::uint64_t bytes) {
  constexpr std::uint64_t field_bytes = 4096;
  constexpr std::uint64_t least = 32;
  bytes = std::min(bytes, huge_head_bytes_max);
  for (std::uint64_t number = 0, grown = 0; grown < bytes; ++number) {
    const std::string name = fmt::format("X-Stormproof-Fill-{}", number);
    const std::uint64_t around = name.size() + 4;  // ": " and the line's end
    const std::uint64_t line = std::clamp(bytes - grown, least + around, field_bytes);
    response.fields.push_back({name, std::string(line - around, 'f')});
    grown += line;
  }
}

}  // namespace stormproof::faults
