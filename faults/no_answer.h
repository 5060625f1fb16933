// No answer: what comes in the place of a response that is none: nothing, a reset, or random bytes.
//
// The upstream has been called and has answered; the client does not learn it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "harness/wire/intercept.h"

namespace stormproof::faults {

enum class NoAnswer : std::uint8_t {
  empty,   // the connection ends without a byte
  reset,   // the connection is reset without a byte
  random,  // `random_bytes` bytes that are no HTTP, then the end
};
inline constexpr std::array<std::string_view, 3> no_answer_names = {"empty", "reset", "random"};

inline constexpr std::uint64_t random_bytes = 512;

// The random bytes are a function of the three.
wire::Delivery unanswered(NoAnswer how, std::uint64_t seed, std::string_view rule, std::uint64_t identity);

}  // namespace stormproof::faults
