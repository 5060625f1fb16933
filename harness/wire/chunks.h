// Chunks: where a chunked body ends (RFC 9112 §7.1), fed with pieces cut anywhere.
//
// Holds no byte back and keeps no byte, so that a relay can pass on each one when it comes; Beast's parser wants every
// size line and all trailers whole in one buffer, and counts a chunk's last CRLF to the next one. As strict as llhttp:
// no white space around a size, no bare CR or LF, tokens and quoted strings only in extensions. Trailer fields that
// would change the framing are refused. A value; nothing is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stormproof::wire {

class Chunks {
 public:
  static constexpr std::uint32_t line_bytes_max = 8 * 1024;      // a size with its extensions
  static constexpr std::uint32_t trailer_bytes_max = 16 * 1024;  // all trailer fields

  // How many of these bytes belong to the body. Fewer than all: it is done, or malformed.
  std::size_t feed(std::string_view bytes);

  bool done() const { return state_ == State::done; }
  std::string_view error() const { return error_; }  // one sentence; "" while all is well

 private:
  enum class State : std::uint8_t {
    size_first,
    size,
    extension_first,
    extension_name,
    extension_value,
    quoted,
    quoted_pair,
    quoted_end,
    size_lf,
    content,
    content_cr,
    content_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
    failed,
  };

  void take(char c);
  void take_of_line(char c);
  void take_of_trailer(char c);
  void fail(std::string_view error);

  State state_ = State::size_first;
  std::uint64_t left_ = 0;   // of the chunk
  std::uint32_t bytes_ = 0;  // of the line, or of the trailers
  std::uint8_t name_bytes_ = 0;
  std::array<char, 17> name_ = {};  // of a trailer field, as much as is needed to know the forbidden ones
  std::string_view error_;
};

}  // namespace stormproof::wire
