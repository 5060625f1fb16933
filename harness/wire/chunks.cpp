#include "harness/wire/chunks.h"

#include <algorithm>
#include <limits>

#include "harness/wire/characters.h"

namespace stormproof::wire {

std::size_t Chunks::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ != State::done) {
    if (state_ == State::content) {
      const std::size_t piece = std::min<std::uint64_t>(left_, bytes.size() - taken);
      taken += piece;
      left_ -= piece;
      if (left_ == 0) state_ = State::content_cr;
      continue;
    }
    take(bytes[taken]);
    if (state_ == State::failed) return taken;
    ++taken;
  }
  return taken;
}

void Chunks::fail(std::string_view error) {
  state_ = State::failed;
  error_ = error;
}

void Chunks::take(char c) {
  switch (state_) {
    case State::content_cr:
      if (c != '\r') return fail("a chunk does not end with CR LF");
      state_ = State::content_lf;
      return;
    case State::content_lf:
      if (c != '\n') return fail("a chunk does not end with CR LF");
      state_ = State::size_first;
      return;
    case State::last_lf:
      if (c != '\n') return fail("the trailers do not end with CR LF");
      state_ = State::done;
      return;
    case State::trailer_first:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf:
      if (++bytes_ > trailer_bytes_max) return fail("the trailers are larger than 16 KiB");
      return take_of_trailer(c);
    default:
      if (state_ == State::size_first) bytes_ = 0;
      if (++bytes_ > line_bytes_max) return fail("a chunk's size line is larger than 8 KiB");
      return take_of_line(c);
  }
}

void Chunks::take_of_line(char c) {
  switch (state_) {
    case State::size_first:
    case State::size: {
      const int digit = hex_value(c);
      if (digit >= 0) {
        if (state_ == State::size_first) left_ = 0;
        if (left_ > std::numeric_limits<std::uint64_t>::max() >> 4) return fail("a chunk size is too large");
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        state_ = State::size;
      } else if (state_ == State::size_first || (c != ';' && c != '\r')) {
        fail("a chunk size is malformed");
      } else {
        state_ = c == ';' ? State::extension_first : State::size_lf;
      }
      return;
    }
    case State::extension_first:
    case State::extension_name:
      if (is_token(c)) state_ = State::extension_name;
      else if (state_ == State::extension_first) fail("a chunk extension is malformed");
      else if (c == '=') state_ = State::extension_value;
      else if (c == ';') state_ = State::extension_first;
      else if (c == '\r') state_ = State::size_lf;
      else fail("a chunk extension is malformed");
      return;
    case State::extension_value:
      if (is_token(c)) return;
      if (c == '"') state_ = State::quoted;  // between token characters too: what it means is not our affair
      else if (c == ';') state_ = State::extension_first;
      else if (c == '\r') state_ = State::size_lf;
      else fail("a chunk extension is malformed");
      return;
    case State::quoted:
      if (c == '"') state_ = State::quoted_end;
      else if (c == '\\') state_ = State::quoted_pair;
      else if (!is_field_value(c)) fail("a chunk extension is malformed");
      return;
    case State::quoted_pair:
      if (!is_field_value(c)) return fail("a chunk extension is malformed");
      state_ = State::quoted;
      return;
    case State::quoted_end:
      if (c == ';') state_ = State::extension_first;
      else if (c == '\r') state_ = State::size_lf;
      else fail("a chunk extension is malformed");
      return;
    default:  // size_lf
      if (c != '\n') return fail("a chunk size does not end with CR LF");
      bytes_ = 0;
      state_ = left_ == 0 ? State::trailer_first : State::content;
      return;
  }
}

void Chunks::take_of_trailer(char c) {
  switch (state_) {
    case State::trailer_first:
      name_bytes_ = 0;
      if (c == '\r') {
        state_ = State::last_lf;
        return;
      }
      if (!is_token(c)) return fail("a trailer's name has a forbidden character");
      [[fallthrough]];
    case State::trailer_name: {
      if (is_token(c)) {
        if (name_bytes_ < name_.size()) name_[name_bytes_] = c;
        if (name_bytes_ <= name_.size()) ++name_bytes_;
        state_ = State::trailer_name;
        return;
      }
      if (c != ':') return fail("a trailer's name has a forbidden character");
      const std::string_view name(name_.data(), std::min<std::size_t>(name_bytes_, name_.size()));
      if (name_bytes_ <= name_.size() &&
          (equal_ignoring_case(name, "transfer-encoding") || equal_ignoring_case(name, "content-length"))) {
        return fail("a trailer would change where the message ends");
      }
      state_ = State::trailer_value;
      return;
    }
    case State::trailer_value:
      if (c == '\r') state_ = State::trailer_lf;
      else if (!is_field_value(c)) fail("a trailer's value has a forbidden character");
      return;
    default:  // trailer_lf
      if (c != '\n') return fail("a trailer does not end with CR LF");
      state_ = State::trailer_first;
      return;
  }
}

}  // namespace stormproof::wire
