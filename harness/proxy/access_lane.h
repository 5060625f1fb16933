// AccessLane: one relay thread's way into an access log: a tapper that stands before another one.
//
// Of each exchange it keeps method and target at the head and hands a record to a ring at the end. It passes every call
// on to the tapper within, whose taps' id() is the tap's. Nothing here waits, takes a lock or wakes anybody; what the
// ring has no room for is dropped and counted. Taps are used again: in steady state nothing is allocated. All calls but
// those of the ring's consumer and dropped() are made on the relay's thread. It outlives its taps.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/base/byte_ring.h"
#include "harness/proxy/access_line.h"
#include "harness/wire/intercept.h"

namespace stormproof::proxy {

struct AccessLaneOptions {
  std::size_t ring_bytes = 4 << 20;
  std::size_t target_bytes_max = 2048;  // more of a target is not kept
  bool query = true;                    // false: nothing of a target from its '?' on is kept
};

class AccessLane final : public wire::Tapper {
 public:
  static constexpr std::size_t method_bytes_max = 64;         // more of a method is not kept
  static constexpr std::size_t target_bytes_least = 16;       // what target_bytes_max is at least
  static constexpr std::size_t target_bytes_most = 64 << 10;  // and at most; no head is longer

  // `inner` may be nullptr; it outlives its use here.
  AccessLane(wire::Tapper* inner, AccessLaneOptions options);
  ~AccessLane() override;

  wire::Tap* tap(const wire::RequestSight& request) override;

  // From the next exchange on; taps under way keep theirs.
  void pass_to(wire::Tapper* inner) { inner_ = inner; }

  // For the consumer: a record of the ring as the line that it is. The views are those of the record.
  base::ByteRing& ring() { return ring_; }
  static AccessLine read_record(std::string_view record);

  // Any thread.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  class Note;

  wire::Tapper* inner_;
  AccessLaneOptions options_;
  base::ByteRing ring_;
  std::vector<std::unique_ptr<Note>> notes_;  // all that were ever made: as many as exchanges were under way at once
  std::vector<Note*> free_notes_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace stormproof::proxy
