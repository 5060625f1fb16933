#include "faults/segments.h"

#include <utility>

namespace stormproof::faults {

void Segments::push(Segment segment) {
  held_ += segment.left().size() + overhead;
  bytes_pushed_ += segment.left().size();
  segments_.push_back(std::move(segment));
  ++moves_;
}

Segment Segments::pop() {
  Segment segment = std::move(segments_.front());
  segments_.pop_front();
  held_ -= segment.left().size() + overhead;
  ++moves_;
  return segment;
}

Segment Segments::take(std::size_t bytes) {
  Segment& whole = segments_.front();
  if (bytes >= whole.left().size()) return pop();
  Segment part{std::string(whole.left().substr(0, bytes)), whole.received};
  whole.begin += bytes;
  held_ -= bytes;
  ++moves_;
  return part;
}

void Segments::skip(std::size_t bytes) {
  Segment& front = segments_.front();
  if (bytes >= front.left().size()) {
    pop();
    return;
  }
  front.begin += bytes;
  held_ -= bytes;
  ++moves_;
}

void Segments::drop_all() {
  if (segments_.empty()) return;
  segments_.clear();
  held_ = 0;
  ++moves_;
}

void Segments::prepend(Segments& other) {
  while (!other.segments_.empty()) {
    Segment segment = std::move(other.segments_.back());
    other.segments_.pop_back();
    held_ += segment.left().size() + overhead;
    segments_.push_front(std::move(segment));
  }
  other.held_ = 0;
  if (other.end_ && !end_) end_ = other.end_;
  other.end_.reset();
  ++moves_;
}

void Segments::end(End end) {
  if (end_) return;
  end_ = std::move(end);
  ++moves_;
}

}  // namespace stormproof::faults
