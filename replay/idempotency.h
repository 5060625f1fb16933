// Idempotency keys: by which a server tells a retry from a second order. A replay that sent the recorded ones would be told
// that all had been done already; so each replay, and each loop of it, has keys of its own.
//
// A new key is a function of the seed, the loop and the recorded key: recorded retries stay retries. It has the length and the
// shape of the recorded one (a UUID stays one). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stormproof::replay {

// Where the value of Idempotency-Key or X-Idempotency-Key stands in a request head; size 0: it has none.
struct KeyPlace {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};
KeyPlace idempotency_key(std::string_view head);

std::string fresh_key(std::string_view recorded, std::uint64_t seed, std::uint64_t loop);

}  // namespace stormproof::replay
