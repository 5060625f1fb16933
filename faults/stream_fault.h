// StreamFault: one fault on the bytes of connections, as a plain value.
//
// Its direction is that of the bytes; its place, which of a relay's two connections it stands on. In TCP mode both are
// one way, and the client's side is the usual one. Whether it is on a connection is a draw from (seed, name, number of the
// connection), once and for all: the unit of `share` is a connection. A larger share meets the same ones and more.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "faults/bandwidth.h"
#include "faults/blackhole.h"
#include "faults/connecting.h"
#include "faults/corrupt.h"
#include "faults/half_open.h"
#include "faults/limit_data.h"
#include "faults/noop.h"
#include "faults/opening.h"
#include "faults/reset.h"
#include "faults/slicer.h"
#include "faults/slow_close.h"
#include "faults/stream_latency.h"
#include "faults/tls_fault.h"

namespace stormproof::faults {

enum class Direction : std::uint8_t { upstream, downstream };  // to the upstream; from it
enum class Place : std::uint8_t { client, upstream };          // the connection to the client; to the upstream

using StreamFaultKind = std::variant<Noop, StreamLatency, Bandwidth, SlowClose, Blackhole, Reset, Slicer, LimitData,
                                     HalfOpen, Corrupt, Opening, TlsFault, Connecting>;

struct StreamFault {
  std::string name;  // unique on its relay
  Direction direction = Direction::downstream;
  Place place = Place::client;
  double share = 1;  // of connections
  StreamFaultKind kind = {};

  std::string_view type() const;
  base::Result<void> check() const;
  bool hits(std::uint64_t seed, std::uint64_t connection) const;

  bool operator==(const StreamFault&) const = default;
};

std::string_view to_string(Direction direction);
std::string_view to_string(Place place);

}  // namespace stormproof::faults
