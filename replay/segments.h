// Segments: when which bytes of a stream passed, as one text beside its two bodies.
//
// Of connections in TCP mode and of tunnels (Upgrade, CONNECT): the bodies alone say neither when their bytes came nor in
// which order those of the two directions did. A segment is what the relay passed on at once. Of a stream whose notes come to
// segments_bytes_max the rest stands in its bodies without a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/events/varint.h"
#include "replay/exchange.h"

namespace stormproof::replay {

inline constexpr std::size_t segments_bytes_max = 256 * 1024;  // some 50,000 segments

struct Segment {
  Direction direction = Direction::request;
  base::Nanoseconds after{0};  // since the start of the exchange, never less than that of the one before
  std::uint64_t bytes = 0;     // the next of that direction's body
  bool operator==(const Segment&) const = default;
};

// Writes them one by one.
class SegmentNotes {
 public:
  void clear();
  // A clock that went back stands still.
  void note(const Segment& segment);
  std::string_view text() const { return text_; }

 private:
  std::string text_;
  base::Nanoseconds last_{0};
};

// Reads them one by one, from bytes of anywhere.
class SegmentReader {
 public:
  explicit SegmentReader(std::string_view text) : reader_(text) {}
  // Nothing: that was the last. An error: these bytes are no segments.
  base::Result<std::optional<Segment>> next();

 private:
  events::VarintReader reader_;
  base::Nanoseconds last_{0};
};

}  // namespace stormproof::replay
