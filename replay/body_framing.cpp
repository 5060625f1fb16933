#include "replay/body_framing.h"

#include <charconv>
#include <limits>

#include "replay/exchange.h"

namespace stormproof::replay {
namespace {

bool parse_number(std::string_view text, int base, std::uint64_t& number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return code == std::errc{} && end == text.data() + text.size() && number <= std::numeric_limits<std::int64_t>::max();
}

// By Transfer-Encoding, else by Content-Length, else `otherwise`.
BodyFraming by_fields(std::string_view head, BodyFraming::Kind otherwise, BodyFraming::Kind coded_but_not_chunked) {
  const auto encodings = headers(head, "transfer-encoding");
  if (!encodings.empty()) {
    const std::string_view last = encodings.back().substr(encodings.back().find_last_of(" ,\t") + 1);
    return {.kind = equal_ignoring_case(last, "chunked") ? BodyFraming::Kind::chunked : coded_but_not_chunked};
  }
  const auto lengths = headers(head, "content-length");
  if (lengths.empty()) return {.kind = otherwise};
  BodyFraming framing{.kind = BodyFraming::Kind::length};
  for (const std::string_view text : lengths) {
    if (text != lengths.front() || !parse_number(text, 10, framing.length)) return {.kind = BodyFraming::Kind::unknown};
  }
  return framing;
}

}  // namespace

BodyFraming request_framing(std::string_view head) {
  return by_fields(head, BodyFraming::Kind::none, BodyFraming::Kind::unknown);
}

BodyFraming response_framing(std::string_view head, std::string_view method) {
  const int status = status_of(head);
  if (status == 101) return {.kind = BodyFraming::Kind::until_close};
  if (method == "HEAD" || status < 200 || status == 204 || status == 304) return {};
  if (method == "CONNECT" && status < 300) return {.kind = BodyFraming::Kind::until_close};
  return by_fields(head, BodyFraming::Kind::until_close, BodyFraming::Kind::until_close);
}

ChunkedWalk::State ChunkedWalk::walk(std::string_view body) {
  State state = State::needs_more;
  while (position_ < body.size() && step(body, state)) {
  }
  return state;
}

// One line, with the chunk behind it. False: `state` is the answer to these bytes.
bool ChunkedWalk::step(std::string_view body, State& state) {
  const auto end = body.find('\n', position_);
  if (end == body.npos) {
    wanted_ = body.size() + 1;
    if (body.size() - position_ > line_bytes_max) state = State::malformed;
    return false;
  }
  std::string_view line = body.substr(position_, end - position_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  position_ = end + 1;
  wanted_ = position_ + 1;
  state = State::needs_more;
  if (at_ == At::data_end) {
    at_ = At::size_line;
    if (!line.empty()) state = State::malformed;
    return line.empty();
  }
  if (at_ == At::trailers) {
    if (line.empty()) {
      wanted_ = position_;
      state = State::complete;
      return false;
    }
    if (position_ - trailers_begin_ <= trailer_bytes_max) return true;
    state = State::malformed;
    return false;
  }
  line = line.substr(0, line.find_first_of("; \t"));
  std::uint64_t size = 0;
  if (!parse_number(line, 16, size) || size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - position_) {
    state = State::malformed;
    return false;
  }
  at_ = size == 0 ? At::trailers : At::data_end;
  trailers_begin_ = position_;
  position_ += size;
  wanted_ = position_ + 1;
  return true;
}

}  // namespace stormproof::replay
