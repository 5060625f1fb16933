// Body framing: where the body of a recorded message ends, by its head (RFC 9112 §6.3).
//
// For bytes at rest, in which nothing is to be refused: what a live proxy answers with 400 is here a body whose end
// the head does not tell (`unknown`). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stormproof::replay {

struct BodyFraming {
  enum class Kind : std::uint8_t {
    none,
    length,
    chunked,
    until_close,  // or until the tunnel ends
    unknown,      // the head contradicts itself
  };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
  bool operator==(const BodyFraming&) const = default;
};

BodyFraming request_framing(std::string_view head);

// `method`: of the request that it answers; empty where that is not known.
BodyFraming response_framing(std::string_view head, std::string_view method);

// Walks over a chunked body with its trailers as the bytes come. Lines may end in LF alone.
class ChunkedWalk {
 public:
  static constexpr std::size_t line_bytes_max = 16 * 1024;
  static constexpr std::size_t trailer_bytes_max = 256 * 1024;

  enum class State : std::uint8_t { needs_more, complete, malformed };

  // `body`: all bytes from the body's start, at each call at least as many as before.
  State walk(std::string_view body);

  // complete: the length of the body. needs_more: how many bytes are needed to go on.
  std::uint64_t length() const { return wanted_; }

  // complete: where the trailers begin, with the empty line behind them.
  std::uint64_t trailers_begin() const { return trailers_begin_; }

 private:
  enum class At : std::uint8_t { size_line, data_end, trailers };
  bool step(std::string_view body, State& state);

  At at_ = At::size_line;
  std::uint64_t position_ = 0;
  std::uint64_t wanted_ = 1;
  std::uint64_t trailers_begin_ = 0;
};

}  // namespace stormproof::replay
