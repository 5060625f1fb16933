// Buffer: bytes of a fixed size, taken from the thread's own stock and given back to it.
//
// Large buffers are lent to connections only while a large message streams; the stock keeps at most `kept_max` of each
// size for the next. A value that moves; the contents are not cleared.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace stormproof::wire {

class Buffer {
 public:
  static constexpr std::size_t kept_max = 64;

  Buffer() = default;
  explicit Buffer(std::size_t bytes);
  Buffer(Buffer&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer();

  char* get() { return bytes_.get(); }
  const char* get() const { return bytes_.get(); }
  std::size_t size() const { return size_; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace stormproof::wire
