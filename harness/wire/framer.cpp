#include "harness/wire/framer.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cassert>

#include "harness/wire/characters.h"
#include "harness/wire/strictness.h"
#include "harness/wire/trace_context.h"

namespace stormproof::wire {
namespace {

namespace http = boost::beast::http;
using BeastView = boost::beast::string_view;
using BeastError = boost::beast::error_code;

std::string_view std_view(BeastView view) { return {view.data(), view.size()}; }

// A traceparent is in lower case.
int trace_digit(char c) { return c >= 'A' && c <= 'F' ? -1 : hex_value(c); }

constexpr char hex_digits[] = "0123456789abcdef";

// Beast's own words are for programmers; these are for whoever reads the log.
std::string_view words_for(const BeastError& code) {
  switch (static_cast<http::error>(code.value())) {
    case http::error::bad_line_ending: return "a line does not end with CR LF";
    case http::error::bad_method: return "the method has a forbidden character";
    case http::error::bad_target: return "the request target has a forbidden character";
    case http::error::bad_version: return "the version is not HTTP/1.0 or HTTP/1.1";
    case http::error::bad_status: return "the status is not three digits";
    case http::error::bad_reason: return "the reason phrase has a forbidden character";
    case http::error::bad_field: return "a header name has a forbidden character";
    case http::error::bad_value: return "a header value has a forbidden character";
    case http::error::bad_content_length: return "Content-Length is malformed or joined with chunks";
    case http::error::multiple_content_length: return "there are several values of Content-Length";
    case http::error::bad_transfer_encoding: return "Transfer-Encoding is malformed or joined with Content-Length";
    default: return "it is not HTTP/1.x";
  }
}

// What a Head needs, and what is refused beyond Beast's own grammar.
struct Sight {
  Head head;
  TraceReader trace;
  bool has_codings = false;
  bool ends_chunked = false;  // the last coding is 'chunked' and nothing else
  bool has_length = false;
  std::string_view refused;

  void field(http::field field, BeastView name, BeastView value) {
    switch (field) {
      case http::field::transfer_encoding:
        if (has_length) refused = "Transfer-Encoding and Content-Length are both there";
        has_codings = true;
        ends_chunked = equal_ignoring_case(trim_blanks(std_view(value.substr(value.rfind(',') + 1))), "chunked");
        return;
      case http::field::content_length:
        if (has_length || value.find(',') != value.npos) refused = "Content-Length is repeated";
        if (has_codings) refused = "Transfer-Encoding and Content-Length are both there";
        has_length = true;
        return;
      case http::field::expect: head.expects_continue = equal_ignoring_case(std_view(value), "100-continue"); return;
      case http::field::unknown: trace.take(std_view(name), std_view(value)); return;
      default: return;
    }
  }
};

// Beast's parser for heads only. The head is given whole, so it is never asked to go on.
template <bool is_request>
class HeadParser final : public http::basic_parser<is_request> {
 public:
  HeadParser() {
    this->header_limit(Framer::head_bytes_max + 1);
    this->body_limit(boost::none);
  }

  Sight sight;

 private:
  void on_request_impl(http::verb, BeastView method, BeastView target, int, BeastError&) override {
    sight.head.method = std_view(method);
    sight.head.target = std_view(target);
  }
  void on_response_impl(int status, BeastView, int, BeastError&) override { sight.head.status = status; }
  void on_field_impl(http::field field, BeastView name, BeastView value, BeastError&) override {
    sight.field(field, name, value);
  }
  void on_header_impl(BeastError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
  std::size_t on_body_impl(BeastView body, BeastError&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastView, BeastError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, BeastError&) override { return body.size(); }
  void on_finish_impl(BeastError&) override {}
};

constexpr std::string_view not_chunked = "the last Transfer-Encoding is not 'chunked'";

// The status line without the space before an absent reason: servers send it, and Beast wants the space.
constexpr std::string_view bare_status_line = "HTTP/1.1 200\r\n";

}  // namespace

void Framer::begin(bool no_body) {
  no_body_ = no_body;
  state_ = State::head;
  started_ = head_done_ = head_too_large_ = false;
  line_begin_ = 0;
  head_ = {};
  error_ = {};
}

Step Framer::fail(std::string_view error) {
  state_ = State::failed;
  error_ = error;
  return {0, Progress::error};
}

Step Framer::feed(std::string_view unread) {
  switch (state_) {
    case State::head: return feed_head(unread);
    case State::counted: {
      const std::size_t taken = std::min<std::uint64_t>(left_, unread.size());
      left_ -= taken;
      if (left_ == 0) state_ = State::done;
      return {taken, left_ == 0 ? Progress::done : taken > 0 ? Progress::body : Progress::need_more};
    }
    case State::chunked: {
      const std::size_t taken = chunks_.feed(unread);
      if (!chunks_.error().empty()) return fail(chunks_.error());
      if (chunks_.done()) state_ = State::done;
      return {taken, chunks_.done() ? Progress::done : taken > 0 ? Progress::body : Progress::need_more};
    }
    case State::until_eof: return {unread.size(), unread.empty() ? Progress::need_more : Progress::body};
    case State::done: return {0, Progress::done};
    case State::failed: return {0, Progress::error};
  }
  return {};
}

Step Framer::feed_head(std::string_view unread) {
  if (line_begin_ == 0 && unread.starts_with('\r')) {
    if (unread.size() == 1) return {};
    if (unread[1] == '\n') return {2, Progress::blank};
  }
  if (unread.empty()) return {};
  started_ = true;
  const std::size_t end = find_head_end(unread);
  if (state_ == State::failed) return {0, Progress::error};
  if (end == 0) return {};
  const std::string_view head = unread.substr(0, end);
  return kind_ == MessageKind::request ? parse_request(head) : parse_response(head);
}

// The length of the head; 0: it is not whole yet, or an error.
std::size_t Framer::find_head_end(std::string_view unread) {
  const std::string_view whole = unread.substr(0, head_bytes_max);
  while (true) {
    const std::size_t lf = whole.find('\n', line_begin_);
    if (lf == whole.npos) break;
    if (lf == line_begin_ || whole[lf - 1] != '\r') {
      fail("a line does not end with CR LF");
      return 0;
    }
    if (lf == line_begin_ + 1) return lf + 1;
    if (line_begin_ > 0 && is_blank(whole[line_begin_])) {
      fail("a header is folded over several lines");
      return 0;
    }
    line_begin_ = lf + 1;
  }
  // What speaks another protocol is told so at once, not when it has waited for the time limit.
  const bool is_request = kind_ == MessageKind::request;
  if (is_request ? !is_token(unread.front()) : !std::string_view("HTTP/1.").starts_with(unread.substr(0, 7))) {
    fail("it is not HTTP/1.x");
  } else if (unread.size() >= head_bytes_max) {
    head_too_large_ = true;
    fail("the head is larger than 32 KiB");
  }
  return 0;
}

Step Framer::parse_request(std::string_view bytes) {
  HeadParser<true> parser;
  BeastError code;
  parser.put({bytes.data(), bytes.size()}, code);
  if (code) return fail(words_for(code));
  if (!parser.sight.refused.empty()) return fail(parser.sight.refused);
  if (parser.sight.has_codings && !parser.chunked()) return fail(not_chunked);
  const Judgement judgement = judge_request(bytes);
  if (judgement.tier == Tier::severe) return fail(judgement.reason);
  parser.sight.head.ambiguous = judgement.tier == Tier::ambiguous;
  return take_head(parser, bytes);
}

Step Framer::parse_response(std::string_view bytes) {
  HeadParser<false> parser;
  parser.skip(no_body_);
  BeastError code;
  std::string_view rest = bytes;
  if (bytes.find('\r') == bare_status_line.size() - 2) {
    std::array<char, bare_status_line.size() + 1> line;
    const std::string_view text = bytes.substr(0, bare_status_line.size() - 2);
    std::ranges::copy(std::string_view(" \r\n"), std::ranges::copy(text, line.begin()).out);
    parser.put({line.data(), line.size()}, code);
    if (code == http::error::need_more) code = {};
    rest.remove_prefix(bare_status_line.size());
  }
  if (!code) parser.put({rest.data(), rest.size()}, code);
  if (code) return fail(words_for(code));
  if (!parser.sight.refused.empty()) return fail(parser.sight.refused);
  return take_head(parser, bytes);
}

template <typename Parser>
Step Framer::take_head(const Parser& parser, std::string_view bytes) {
  if (!parser.is_header_done()) return fail("it is not HTTP/1.x");
  if (parser.chunked() != parser.sight.ends_chunked) return fail(not_chunked);
  head_done_ = true;
  head_ = parser.sight.head;
  const TraceContext trace = parser.sight.trace.finish();
  head_.trace = trace.trace;
  head_.trace_parent = trace.parent;
  head_.trace_carriers = trace.carriers;
  head_.bytes = bytes;
  head_.keep_alive = parser.keep_alive();
  head_.upgrade = parser.upgrade();
  head_.has_body = !parser.is_done();
  if (const auto length = parser.content_length()) head_.content_length = *length;
  if (!head_.has_body) {
    state_ = State::done;
  } else if (parser.chunked()) {
    state_ = State::chunked;
    chunks_ = {};
  } else if (head_.content_length) {
    state_ = State::counted;
    left_ = *head_.content_length;
  } else {
    state_ = State::until_eof;
    head_.until_eof = true;
  }
  return {bytes.size(), Progress::head};
}

bool Framer::finish_at_eof() {
  if (state_ != State::until_eof) return false;
  state_ = State::done;
  return true;
}

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE";
}

events::TraceId parse_traceparent(std::string_view value) {
  events::TraceId trace;
  if (value.size() < 55 || value[2] != '-' || value[35] != '-') return trace;
  events::TraceId read;
  for (std::size_t i = 0; i < read.bytes.size(); ++i) {
    const int high = trace_digit(value[3 + 2 * i]);
    const int low = trace_digit(value[4 + 2 * i]);
    if (high < 0 || low < 0) return trace;
    read.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return read;
}

std::array<char, 55> make_traceparent(const events::TraceId& trace, std::uint64_t span) {
  std::array<char, 55> text;
  char* at = text.data();
  const auto put_byte = [&at](unsigned byte) {
    *at++ = hex_digits[byte >> 4 & 15];
    *at++ = hex_digits[byte & 15];
  };
  put_byte(0);
  *at++ = '-';
  for (const std::uint8_t byte : trace.bytes) put_byte(byte);
  *at++ = '-';
  for (int shift = 56; shift >= 0; shift -= 8) put_byte(static_cast<unsigned>(span >> shift));
  *at++ = '-';
  put_byte(1);
  assert(at == text.data() + text.size());
  return text;
}

}  // namespace stormproof::wire
