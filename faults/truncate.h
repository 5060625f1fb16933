// Truncate: cut the body of a response short, with framing that says so (legal) or that lies (illegal).
//
// Legal: the length is that of what is left, and the connection goes on. Illegal: the length, or the chunk, is announced
// as it was, and the connection ends before it is whole: what a crash in the middle of an answer looks like. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "faults/message.h"
#include "harness/wire/intercept.h"

namespace stormproof::faults {

struct Truncate {
  double share = 0.5;                 // of the body that is left, 0..1
  std::optional<std::uint64_t> bytes;  // set: so many bytes instead
  bool legal = false;

  // Nothing: there is no body to cut, or all of it would be left.
  std::optional<wire::Delivery> apply(const Message& response) const;
};

}  // namespace stormproof::faults
