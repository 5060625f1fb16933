// Illegal framing: a response whose end cannot be told, as a broken or hostile server sends it. Then the connection ends.
//
// Never repaired on the way: the bytes go out as made here. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "faults/message.h"
#include "harness/wire/intercept.h"

namespace stormproof::faults {

enum class IllegalFraming : std::uint8_t {
  length_and_chunked,  // Content-Length and Transfer-Encoding: chunked, and the body is not in chunks (RFC 9112 §6.1)
  two_lengths,         // two Content-Length fields that differ
  cut_chunk,           // a chunk that ends before it is whole
  bad_chunk_size,      // a chunk whose size is no number
};
inline constexpr std::array<std::string_view, 4> illegal_framing_names = {"length-and-chunked", "two-lengths",
                                                                          "cut-chunk", "bad-chunk-size"};

wire::Delivery framed_illegally(const Message& response, IllegalFraming how);

}  // namespace stormproof::faults
