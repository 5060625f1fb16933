// Framer: where one HTTP/1.x message ends and the next begins, without changing a byte.
//
// Fed with the bytes of one direction of a connection, it says how many belong to the current message and tells the
// little that a relay must know. A head is looked at once, when it is whole: by Boost.Beast's parser and, for requests,
// by strictness.h; what either refuses is an error, and nothing of that message may be forwarded. A body's bytes are
// never held back. Nothing is copied or allocated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/events/event.h"
#include "harness/wire/chunks.h"

namespace stormproof::wire {

enum class Progress : std::uint8_t {
  need_more,  // feed again when there are more bytes than now
  blank,      // `consumed` bytes of an empty line before the message, no part of it (RFC 9112 §2.2)
  head,       // the head has just become whole: `consumed` is its length
  body,       // `consumed` bytes of the body
  done,       // these bytes, if any, were the last of the message
  error,      // not HTTP; see error()
};

struct Step {
  std::size_t consumed = 0;
  Progress progress = Progress::need_more;
};

// What is known of a head. The views point into the bytes that were fed and are good until those move.
struct Head {
  std::string_view bytes;   // raw, with the empty line
  std::string_view method;  // requests
  std::string_view target;
  int status = 0;         // responses
  events::TraceId trace;  // from `traceparent` or one of B3's headers: trace_context.h
  std::uint32_t trace_parent = 0;
  std::uint8_t trace_carriers = 0;
  bool keep_alive = false;
  bool upgrade = false;           // asks for, or agrees to, another protocol
  bool expects_continue = false;  // Expect: 100-continue
  bool ambiguous = false;         // a request that servers may read differently: Tier::ambiguous
  bool until_eof = false;         // the body ends with the connection
  bool has_body = false;
  std::optional<std::uint64_t> content_length;
};

enum class MessageKind : std::uint8_t { request, response };

class Framer {
 public:
  static constexpr std::size_t head_bytes_max = 32 * 1024;

  explicit Framer(MessageKind kind) : kind_(kind) {}

  // Starts on the next message. `no_body`: a response to HEAD, whose head may claim a length.
  void begin(bool no_body = false);

  // `unread`: every byte that was not consumed yet. A head is consumed whole or not at all. Once the head has been
  // returned, feed() returns body, need_more or done; `done` comes with no byte where the head's were the last.
  Step feed(std::string_view unread);

  // The connection ended. True: that completes the message (a body until EOF).
  bool finish_at_eof();

  bool started() const { return started_; }  // some byte of this message has been seen
  bool done() const { return state_ == State::done; }
  bool head_done() const { return head_done_; }
  const Head& head() const { return head_; }
  std::string_view error() const { return error_; }  // one sentence; "" while all is well
  bool head_too_large() const { return head_too_large_; }

 private:
  enum class State : std::uint8_t { head, counted, chunked, until_eof, done, failed };

  Step fail(std::string_view error);
  Step feed_head(std::string_view unread);
  std::size_t find_head_end(std::string_view unread);
  Step parse_request(std::string_view head);
  Step parse_response(std::string_view head);
  template <typename Parser>
  Step take_head(const Parser& parser, std::string_view head);

  MessageKind kind_;
  State state_ = State::head;
  bool no_body_ = false;
  bool started_ = false;
  bool head_done_ = false;
  bool head_too_large_ = false;
  std::size_t line_begin_ = 0;  // of the head's first line that is not whole yet
  std::uint64_t left_ = 0;      // of a counted body
  Chunks chunks_;
  Head head_;
  std::string_view error_;
};

// May be sent again when nothing is known of the first try (RFC 9110 §9.2.2).
bool is_idempotent(std::string_view method);

// "00-<32 hex>-<16 hex>-<2 hex>": the trace id of a W3C traceparent, none if it is not one.
events::TraceId parse_traceparent(std::string_view value);

// A traceparent of ours for this trace id: "00-…-<span>-01".
std::array<char, 55> make_traceparent(const events::TraceId& trace, std::uint64_t span);

}  // namespace stormproof::wire
