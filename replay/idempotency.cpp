#include "replay/idempotency.h"

#include "harness/base/seed.h"
#include "replay/exchange.h"

namespace stormproof::replay {
namespace {

bool between(char c, char first, char last) { return c >= first && c <= last; }

bool is_uuid(std::string_view key) {
  return key.size() == 36 && key[8] == '-' && key[13] == '-' && key[18] == '-' && key[23] == '-';
}

}  // namespace

KeyPlace idempotency_key(std::string_view head) {
  for (const std::string_view name : {"idempotency-key", "x-idempotency-key"}) {
    if (const auto value = header(head, name); value && !value->empty()) {
      return {static_cast<std::uint32_t>(value->data() - head.data()), static_cast<std::uint32_t>(value->size())};
    }
  }
  return {};
}

std::string fresh_key(std::string_view recorded, std::uint64_t seed, std::uint64_t loop) {
  constexpr std::string_view hex = "0123456789abcdef";
  const std::uint64_t name = base::identity_of(recorded) ^ base::draw(loop, "idempotency/loop", seed);
  const bool uuid = is_uuid(recorded);
  std::string key(recorded);
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (uuid && (i == 14 || i == 19)) continue;  // its version and its variant
    char& c = key[i];
    const std::uint64_t drawn = base::draw(seed, "idempotency/key", name + i);
    if (between(c, '0', '9') && !uuid) c = static_cast<char>('0' + drawn % 10);
    else if (between(c, 'a', 'f') || between(c, '0', '9')) c = hex[drawn % 16];
    else if (between(c, 'A', 'F')) c = static_cast<char>('A' + drawn % 6);
    else if (between(c, 'g', 'z')) c = static_cast<char>('g' + drawn % 20);
    else if (between(c, 'G', 'Z')) c = static_cast<char>('G' + drawn % 20);
  }
  return key;
}

}  // namespace stormproof::replay
