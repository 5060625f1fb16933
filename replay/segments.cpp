#include "replay/segments.h"

#include <algorithm>
#include <limits>

namespace stormproof::replay {
namespace {

constexpr std::size_t number_bytes_max = 10;  // of 64 bits, seven a byte

// Seven bits a byte, the lowest first; the highest bit says that more follow.
void put(std::string& text, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) text += static_cast<char>(number | 0x80);
  text += static_cast<char>(number);
}

std::optional<std::uint64_t> take(std::string_view& text) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < std::min(text.size(), number_bytes_max); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (i == number_bytes_max - 1 && byte > 1) return std::nullopt;  // above 64 bits
    number |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    text.remove_prefix(i + 1);
    return number;
  }
  return std::nullopt;
}

}  // namespace

void SegmentNotes::clear() {
  text_.clear();
  last_ = {};
}

void SegmentNotes::note(const Segment& segment) {
  if (text_.size() + 2 * number_bytes_max > segments_bytes_max) return;
  const base::Nanoseconds after = std::max(segment.after, last_);
  put(text_, static_cast<std::uint64_t>((after - last_).count()));
  put(text_, segment.bytes << 1 | static_cast<std::uint64_t>(segment.direction));
  last_ = after;
}

base::Result<std::optional<Segment>> SegmentReader::next() {
  if (left_.empty()) return std::nullopt;
  const auto later = take(left_);
  const auto bytes = later ? take(left_) : std::nullopt;
  const auto time_left = static_cast<std::uint64_t>((base::Nanoseconds::max() - last_).count());
  if (!bytes || *later > time_left) return base::fail("the times of its segments are damaged");
  last_ += base::Nanoseconds(static_cast<std::int64_t>(*later));
  return Segment{static_cast<Direction>(*bytes & 1), last_, *bytes >> 1};
}

}  // namespace stormproof::replay
