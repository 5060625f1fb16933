#include "faults/no_answer.h"

#include <cstring>
#include <string>

#include "harness/base/seed.h"

namespace stormproof::faults {

wire::Delivery unanswered(NoAnswer how, std::uint64_t seed, std::string_view rule, std::uint64_t identity) {
  using Ending = wire::Delivery::Ending;
  wire::Delivery delivery{.pieces = {}, .status = 0, .ending = how == NoAnswer::reset ? Ending::reset : Ending::close};
  if (how != NoAnswer::random) return delivery;
  std::string bytes(random_bytes, '\0');
  const std::string source = std::string(rule) + "/random";
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t drawn = base::draw(seed, source, identity + at);
    std::memcpy(bytes.data() + at, &drawn, sizeof drawn);
  }
  bytes.front() = static_cast<char>(bytes.front() | '\x80');  // no chance that it reads as HTTP
  delivery.pieces.push_back({.bytes = std::move(bytes)});
  return delivery;
}

}  // namespace stormproof::faults
