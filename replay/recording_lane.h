// RecordingLane: one relay thread's way into a recording: taps that hand whole exchanges to a ring.
//
// All calls but those of the ring's consumer are made on the relay's thread; none waits or takes a lock, and none allocates
// in steady state. Large bodies go ahead in parts, so memory stays constant. What the ring has no room for is dropped, whole
// exchanges only, counted by cause.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/bell.h"
#include "harness/base/byte_ring.h"
#include "harness/base/clock.h"
#include "harness/wire/intercept.h"
#include "replay/capture_format.h"
#include "replay/capture_series.h"

namespace stormproof::replay {

// A record of the ring, as its consumer sees it; views point into the record.
struct HandedOver {
  enum class Kind : std::uint8_t {
    exchange,  // `entry`, after `parted` bytes of its bodies
    part,      // `bytes` of one body, after `offset` of it
    given_up,  // the exchange whose parts came will not come
  };
  Kind kind = Kind::exchange;
  Entry entry;
  PartedSizes parted = {};
  std::uint64_t bytes_in_all = 0;
  Direction direction = Direction::request;
  std::uint64_t offset = 0;
  std::string_view bytes;
};

HandedOver read_record(std::string_view record);

// Counted on the relay's thread, read on another.
struct Drops {
  std::string_view cause;
  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> bytes{0};
  explicit Drops(std::string_view why) : cause(why) {}
};

class RecordingLane final : public wire::Tapper {
 public:
  static constexpr std::size_t heads_bytes_max = 1 << 20;  // of one exchange, interim responses with them
  static constexpr std::size_t given_up_max = 1024;        // exchanges whose end the ring had no room to tell

  // `part_bytes`: a body goes ahead in pieces of this size, or less where the ring is small. `ids` numbers the exchanges
  // of all lanes; it, the clock and the bell outlive the lane.
  RecordingLane(const base::Clock& clock, std::size_t ring_bytes, std::size_t part_bytes,
                std::atomic<std::uint64_t>& ids, base::Bell& bell);
  ~RecordingLane() override;

  wire::Tap* tap(const wire::RequestSight& request) override;

  base::ByteRing& ring() { return ring_; }
  std::span<Drops> drops() { return drops_; }

 private:
  class Take;
  enum Cause : std::uint8_t { queue_full, heads_too_large, malformed, cause_count };
  bool push(std::span<const std::string_view> parts);
  bool push_given_up();
  void tell_given_up(std::uint64_t exchange);

  const base::Clock& clock_;
  std::atomic<std::uint64_t>& ids_;
  base::ByteRing ring_;
  std::size_t part_bytes_;
  std::vector<std::unique_ptr<Take>> takes_;  // all that were ever made: as many as exchanges were under way at once
  std::vector<Take*> free_takes_;
  std::vector<std::uint64_t> given_up_;  // to be told when there is room
  Drops drops_[cause_count] = {Drops("dropped: queue full"), Drops("dropped: heads above 1 MiB"),
                               Drops("not recorded: malformed request, answered 400")};
};

}  // namespace stormproof::replay
