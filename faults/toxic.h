// Toxic: a stream fault as toxiproxy's control API has it: whole numbers in the units of its type.
//
// The types are toxiproxy's: latency, bandwidth, slow_close, timeout, reset_peer, slicer, limit_data and noop. What a client
// sent is kept as it was sent, so that it is given back the same. Attributes that a type does not have are ignored, as
// there; values that it would choke on are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faults/stream_fault.h"

namespace stormproof::faults {

struct Toxic {
  std::string name;
  std::string type;
  std::string stream = "downstream";  // in any case
  double toxicity = 1;
  std::vector<std::pair<std::string, std::int64_t>> attributes;  // all of the type's, in its order

  // All of the type's attributes at 0; nothing: there is no such type.
  static std::optional<std::vector<std::pair<std::string, std::int64_t>>> attributes_of(std::string_view type);

  // Nothing: neither upstream nor downstream.
  std::optional<Direction> direction() const;
  // Refused: values that mean nothing. Type and stream are right.
  base::Result<StreamFault> fault() const;
};

}  // namespace stormproof::faults
