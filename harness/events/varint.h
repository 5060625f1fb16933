// Varint: numbers in as few bytes as they need, seven bits a byte, the lowest first (LEB128).
//
// VarintReader takes any bytes: past the end, or at a number of more than 64 bits, it answers 0 and stays failed,
// so a caller may read a whole record and ask once. Neither allocates beyond the bytes it holds. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stormproof::events {

inline constexpr std::size_t varint_bytes_max = 10;

// A signed difference as an unsigned number that is small where the difference is: 0, -1, 1, -2 … -> 0, 1, 2, 3 …
constexpr std::uint64_t zigzag(std::uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
constexpr std::uint64_t unzigzag(std::uint64_t folded) { return (folded >> 1) ^ (0 - (folded & 1)); }

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value | 0x80)));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t take() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest_.size() && i < varint_bytes_max; ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      if (i == varint_bytes_max - 1 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7FU} << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    fail();
    return 0;
  }

  // Exactly `size` bytes; an empty view where there are fewer.
  std::string_view take_bytes(std::uint64_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view bytes = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

  bool failed() const { return failed_; }
  std::size_t left() const { return rest_.size(); }
  // Everything was read, and nothing went wrong.
  bool finished() const { return !failed_ && rest_.empty(); }

 private:
  void fail() {
    failed_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace stormproof::events
