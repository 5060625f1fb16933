// Segments: bytes on their way through a flow, each with the instant at which it came, and what stands at their end.
//
// A plain bounded queue; the bound is the reader's to keep (room()). A segment keeps its borders: what was one write
// stays one write, unless a fault cuts it. Instants are those of the steady clock, given by whoever calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "harness/wire/net.h"

namespace stormproof::faults {

using Instant = std::chrono::steady_clock::time_point;
inline constexpr Instant never = Instant::max();

struct Segment {
  std::string bytes;
  Instant received{};
  std::size_t begin = 0;  // what stands before it has gone

  std::string_view left() const { return std::string_view(bytes).substr(begin); }
};

// How a flow ends: as its sender ended it (in order, or broken), or because a fault cut it.
struct End {
  enum class Kind : std::uint8_t { in_order, broken, cut, reset };

  Kind kind = Kind::in_order;
  Instant received{};
  wire::ErrorCode error = {};  // of broken

  bool by_fault() const { return kind == Kind::cut || kind == Kind::reset; }
};

class Segments {
 public:
  static constexpr std::size_t overhead = 64;  // counted for each segment beside its bytes

  explicit Segments(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  bool empty() const { return segments_.empty(); }
  std::size_t held() const { return held_; }
  std::size_t bytes() const { return held_ - overhead * segments_.size(); }
  // All that was ever pushed.
  std::uint64_t bytes_pushed() const { return bytes_pushed_; }
  std::size_t room() const { return held_ < bytes_max_ ? bytes_max_ - held_ : 0; }
  void set_bytes_max(std::size_t bytes_max) { bytes_max_ = bytes_max; }
  // Changes with every byte and end that comes or goes.
  std::uint64_t moves() const { return moves_; }

  void push(Segment segment);
  Segment& front() { return segments_.front(); }
  Segment pop();
  // The first bytes of the front; a segment of its own.
  Segment take(std::size_t bytes);
  // The first bytes of the front have gone.
  void skip(std::size_t bytes);
  void drop_all();
  // Puts all that `other` holds before what is here, and takes its end over.
  void prepend(Segments& other);

  // Behind the last segment; the first end stays.
  void end(End end);
  const std::optional<End>& ended() const { return end_; }
  // Nothing comes before the end any more.
  bool at_end() const { return end_ && segments_.empty(); }
  void take_end() {
    end_.reset();
    ++moves_;
  }

 private:
  std::size_t bytes_max_;
  std::deque<Segment> segments_;
  std::size_t held_ = 0;
  std::optional<End> end_;
  std::uint64_t moves_ = 0;
  std::uint64_t bytes_pushed_ = 0;
};

}  // namespace stormproof::faults
