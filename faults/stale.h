// Stale: answer with the first response to the same request that was seen since the faults began, as a cache that is never
// renewed; and duplicate: send a response twice.
//
// Bounded: beyond responses_max requests or bytes_max no more are kept, and what is not kept passes as it came. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "faults/message.h"
#include "harness/wire/intercept.h"

namespace stormproof::faults {

class StaleResponses {
 public:
  static constexpr std::size_t responses_max = 1024;
  static constexpr std::size_t bytes_max = std::size_t{16} << 20;

  // What was kept for `request` (a hash of its method and target). Nothing: this one is the first, and is kept now.
  std::optional<Message> take(std::uint64_t request, const Message& fresh);

 private:
  std::unordered_map<std::uint64_t, Message> kept_;
  std::size_t bytes_ = 0;
};

// The second one is an answer to nothing, or is taken for the next one's: the connection goes on.
wire::Delivery duplicated(const Message& response);

}  // namespace stormproof::faults
