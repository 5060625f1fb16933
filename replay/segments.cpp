#include "replay/segments.h"

#include <algorithm>

#include "harness/events/varint.h"

namespace stormproof::replay {
void SegmentNotes::clear() {
  text_.clear();
  last_ = {};
}

void SegmentNotes::note(const Segment& segment) {
  if (text_.size() + 2 * events::varint_bytes_max > segments_bytes_max) return;
  const base::Nanoseconds after = std::max(segment.after, last_);
  events::put_varint(text_, static_cast<std::uint64_t>((after - last_).count()));
  events::put_varint(text_, segment.bytes << 1 | static_cast<std::uint64_t>(segment.direction));
  last_ = after;
}

base::Result<std::optional<Segment>> SegmentReader::next() {
  if (reader_.left() == 0) return std::nullopt;
  const std::uint64_t later = reader_.take();
  const std::uint64_t bytes = reader_.take();
  const auto time_left = static_cast<std::uint64_t>((base::Nanoseconds::max() - last_).count());
  if (reader_.failed() || later > time_left) return base::fail("the times of its segments are damaged");
  last_ += base::Nanoseconds(static_cast<std::int64_t>(later));
  return Segment{static_cast<Direction>(bytes & 1), last_, bytes >> 1};
}

}  // namespace stormproof::replay
