#include "faults/stream_fault.h"

#include "harness/base/seed.h"

namespace stormproof::faults {

std::string_view StreamFault::type() const {
  return std::visit([](const auto& fault) { return fault.type; }, kind);
}

base::Result<void> StreamFault::check() const {
  if (name.empty()) return base::fail("a fault without a name");
  if (!(share >= 0 && share <= 1)) return base::fail("'share' lies outside of 0 to 1");
  if (std::holds_alternative<TlsFault>(kind) && place != Place::client)
    return base::fail("'tls' is about the client's handshake with the relay");
  if (std::holds_alternative<Opening>(kind) && place != Place::client)
    return base::fail("'open' is about the client's connection; 'connect' is about that to the upstream");
  return std::visit([](const auto& fault) { return fault.check(); }, kind);
}

bool StreamFault::hits(std::uint64_t seed, std::uint64_t connection) const {
  return base::draw_unit(seed, name, connection) < share;
}

std::string_view to_string(Direction direction) { return direction == Direction::upstream ? "upstream" : "downstream"; }

std::string_view to_string(Place place) { return place == Place::client ? "client" : "upstream"; }

}  // namespace stormproof::faults
