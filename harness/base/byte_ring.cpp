#include "harness/base/byte_ring.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace stormproof::base {
namespace {

// Each record: a length of 8 bytes, its bytes, padding to 8. A length of `wrapped` means: go on at the start.
using Length = std::uint64_t;
constexpr Length wrapped = ~Length{0};
constexpr std::size_t step = sizeof(Length);

std::size_t padded(std::size_t size) { return (size + step - 1) / step * step; }

}  // namespace

ByteRing::ByteRing(std::size_t capacity)
    : capacity_(std::bit_ceil(std::max<std::size_t>(capacity, 64))),
      bytes_(std::make_unique_for_overwrite<char[]>(capacity_)),
      bell_(own_bell_) {}

ByteRing::ByteRing(std::size_t capacity, Bell& bell)
    : capacity_(std::bit_ceil(std::max<std::size_t>(capacity, 64))),
      bytes_(std::make_unique_for_overwrite<char[]>(capacity_)),
      bell_(bell) {}

bool ByteRing::try_push(std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  if (size > record_bytes_max()) return false;

  std::size_t head = head_.load(std::memory_order_relaxed);
  const std::size_t offset = head & (capacity_ - 1);
  const std::size_t to_end = capacity_ - offset;
  const std::size_t record = step + padded(size);
  const std::size_t needed = record <= to_end ? record : to_end + record;
  if (capacity_ - (head - tail_seen_) < needed) {
    tail_seen_ = tail_.load(std::memory_order_acquire);
    if (capacity_ - (head - tail_seen_) < needed) return false;
  }
  if (record > to_end) {
    std::memcpy(bytes_.get() + offset, &wrapped, step);
    head += to_end;
  }
  char* at = bytes_.get() + (head & (capacity_ - 1));
  const Length length = size;
  std::memcpy(at, &length, step);
  at += step;
  for (const auto part : parts) at = std::copy(part.begin(), part.end(), at);

  // Sequentially consistent, as Bell wants it: either the consumer sees the record or we see it asleep.
  head_.store(head + record, std::memory_order_seq_cst);
  bell_.ring_for([this, end = head + record] {
    // The last look at tail_ may be long ago: then it seems fuller than it is, and one more look tells.
    if (end - tail_seen_ <= capacity_ / 4) return false;
    tail_seen_ = tail_.load(std::memory_order_acquire);
    return end - tail_seen_ > capacity_ / 4;
  });
  return true;
}

std::string_view ByteRing::front() {
  std::size_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == head_.load(std::memory_order_acquire)) return {};
  Length length = 0;
  std::memcpy(&length, bytes_.get() + (tail & (capacity_ - 1)), step);
  if (length == wrapped) {
    tail += capacity_ - (tail & (capacity_ - 1));
    tail_.store(tail, std::memory_order_release);
    std::memcpy(&length, bytes_.get(), step);
  }
  return {bytes_.get() + (tail & (capacity_ - 1)) + step, length};
}

void ByteRing::pop() {
  const std::string_view record = front();
  if (record.data() == nullptr) return;
  tail_.store(tail_.load(std::memory_order_relaxed) + step + padded(record.size()), std::memory_order_release);
}

void ByteRing::wait(std::chrono::nanoseconds at_most) {
  bell_.wait(at_most, [this] { return !empty(); });
}

std::size_t ByteRing::used() const {
  return head_.load(std::memory_order_acquire) - tail_.load(std::memory_order_acquire);
}

}  // namespace stormproof::base
