// ByteRing: a bounded channel of byte records from one thread to one other.
//
// The producer never waits: a record that does not fit is refused and the producer counts it. The consumer sees
// each record whole and contiguous, in order, and may wait for the ring to become non-empty. No allocation after
// construction; one wake-up when the ring turns from empty to non-empty, none while it stays filled. A consumer of
// several rings gives them one bell and waits on that; while it naps there, a ring wakes it once a quarter is filled.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "harness/base/bell.h"

namespace stormproof::base {

class ByteRing {
 public:
  // `capacity` is rounded up to a power of two.
  explicit ByteRing(std::size_t capacity);
  // Rings this bell, which outlives the ring, in the place of its own.
  ByteRing(std::size_t capacity, Bell& bell);
  ByteRing(const ByteRing&) = delete;
  ByteRing& operator=(const ByteRing&) = delete;

  // Producer: puts the parts in as one record. False: no room, or above record_bytes_max(); nothing was put in.
  bool try_push(std::span<const std::string_view> parts);

  // Consumer: the oldest record, or an empty view with data() == nullptr. Valid until pop().
  std::string_view front();
  void pop();

  // Consumer: returns when there may be a record, when wake() was called, or after `at_most`.
  void wait(std::chrono::nanoseconds at_most);

  // Any thread: ends the wait() that is under way, if one is.
  void wake() { bell_.ring(); }

  // Any thread.
  bool empty() const { return tail_.load(std::memory_order_relaxed) == head_.load(std::memory_order_seq_cst); }

  std::size_t capacity() const { return capacity_; }

  // Half the capacity less the record's length field: what always fits an empty ring, wherever its ends stand.
  std::size_t record_bytes_max() const { return capacity_ / 2 - sizeof(std::uint64_t); }
  std::size_t used() const;
  // Any thread: a quarter is filled.
  bool filling() const {
    return head_.load(std::memory_order_seq_cst) - tail_.load(std::memory_order_acquire) > capacity_ / 4;
  }

 private:
  std::size_t capacity_;
  std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::size_t> head_{0};  // written by the producer
  std::size_t tail_seen_ = 0;                     // the producer's last look at tail_
  alignas(64) std::atomic<std::size_t> tail_{0};  // written by the consumer
  Bell own_bell_;
  Bell& bell_;
};

}  // namespace stormproof::base
