#include "harness/wire/framer.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cassert>
#include <new>

namespace stormproof::wire {
namespace {

namespace http = boost::beast::http;
using BeastView = boost::beast::string_view;
using BeastError = boost::beast::error_code;

std::string_view std_view(BeastView view) { return {view.data(), view.size()}; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

constexpr char hex_digits[] = "0123456789abcdef";

// What is refused beyond Beast's own grammar, per field. Returns "" or the reason.
std::string_view refuse_field(http::field field, std::string_view value) {
  if (field == http::field::transfer_encoding && !equal_ignoring_case(value, "chunked")) {
    return "Transfer-Encoding is something else than 'chunked'";
  }
  return "";
}

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
    case http::error::bad_content_length: return "Content-Length is malformed, repeated or joined with chunks";
    case http::error::bad_transfer_encoding: return "Transfer-Encoding is malformed or joined with Content-Length";
    case http::error::bad_chunk: return "a chunk size is malformed";
    case http::error::bad_chunk_extension: return "a chunk extension is malformed";
    case http::error::bad_obs_fold: return "a header is folded over several lines";
    case http::error::header_limit: return "the head is larger than 32 KiB";
    default: return "it is not HTTP/1.x";
  }
}

// The part that both kinds of parser share: remembering what a Head needs.
struct Sight {
  Head head;
  std::string_view refused;

  void field(http::field field, BeastView name, BeastView value) {
    if (refused.empty()) refused = refuse_field(field, std_view(value));
    if (field == http::field::expect) {
      head.expects_continue = equal_ignoring_case(std_view(value), "100-continue");
    } else if (field == http::field::unknown && name.size() == 11 && equal_ignoring_case(std_view(name), "traceparent")) {
      head.trace = parse_traceparent(std_view(value));
    }
  }
};

}  // namespace

class Framer::RequestParser final : public http::basic_parser<true> {
 public:
  Sight sight;

 private:
  void on_request_impl(http::verb, BeastView method, BeastView target, int, BeastError&) override {
    sight.head.method = std_view(method);
    sight.head.target = std_view(target);
  }
  void on_response_impl(int, BeastView, int, BeastError&) override {}
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

class Framer::ResponseParser final : public http::basic_parser<false> {
 public:
  Sight sight;

 private:
  void on_request_impl(http::verb, BeastView, BeastView, int, BeastError&) override {}
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

Framer::Framer(MessageKind kind) : kind_(kind) { begin(); }

Framer::~Framer() { destroy(); }

Framer::RequestParser& Framer::request() { return *std::launder(reinterpret_cast<RequestParser*>(parser_.data())); }
Framer::ResponseParser& Framer::response() { return *std::launder(reinterpret_cast<ResponseParser*>(parser_.data())); }
const Framer::RequestParser& Framer::request() const {
  return *std::launder(reinterpret_cast<const RequestParser*>(parser_.data()));
}
const Framer::ResponseParser& Framer::response() const {
  return *std::launder(reinterpret_cast<const ResponseParser*>(parser_.data()));
}

void Framer::destroy() {
  if (!alive_) return;
  alive_ = false;
  if (kind_ == MessageKind::request) request().~RequestParser();
  else response().~ResponseParser();
}

void Framer::begin(bool no_body) {
  static_assert(sizeof(RequestParser) <= parser_bytes && sizeof(ResponseParser) <= parser_bytes);
  destroy();
  const auto prepare = [&](auto& parser) {
    parser.header_limit(head_bytes_max);
    parser.body_limit(boost::none);
    parser.skip(no_body);
  };
  if (kind_ == MessageKind::request) prepare(*::new (parser_.data()) RequestParser);
  else prepare(*::new (parser_.data()) ResponseParser);
  alive_ = true;
  started_ = false;
  head_done_ = false;
  head_ = {};
  error_ = {};
}

template <typename Parser>
Step Framer::feed_to(Parser& parser, std::string_view unread) {
  Step step;
  while (step.consumed < unread.size() && !parser.is_done()) {
    BeastError code;
    const std::string_view left = unread.substr(step.consumed);
    step.consumed += parser.put({left.data(), left.size()}, code);
    if (code == http::error::need_more) break;
    if (code) {
      error_ = words_for(code);
      return {0, Progress::error};
    }
    if (!parser.sight.refused.empty()) {
      error_ = parser.sight.refused;
      return {0, Progress::error};
    }
    if (!head_done_ && parser.is_header_done()) {
      head_done_ = true;
      head_ = parser.sight.head;
      head_.bytes = unread.substr(0, step.consumed);
      head_.keep_alive = parser.keep_alive();
      head_.upgrade = parser.upgrade();
      head_.until_eof = parser.need_eof() && !parser.is_done();
      head_.has_body = !parser.is_done();
      if (const auto length = parser.content_length()) head_.content_length = *length;
      return {step.consumed, Progress::head};
    }
  }
  if (parser.is_done()) step.progress = Progress::done;
  else if (step.consumed > 0) step.progress = Progress::body;
  return step;
}

Step Framer::feed(std::string_view unread) {
  if (!unread.empty()) started_ = true;
  return kind_ == MessageKind::request ? feed_to(request(), unread) : feed_to(response(), unread);
}

bool Framer::finish_at_eof() {
  if (!head_done_ || !head_.until_eof) return false;
  BeastError code;
  response().put_eof(code);
  return !code;
}

bool Framer::done() const { return kind_ == MessageKind::request ? request().is_done() : response().is_done(); }

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE";
}

events::TraceId parse_traceparent(std::string_view value) {
  events::TraceId trace;
  if (value.size() < 55 || value[2] != '-' || value[35] != '-') return trace;
  events::TraceId read;
  for (std::size_t i = 0; i < read.bytes.size(); ++i) {
    const int high = hex_value(value[3 + 2 * i]);
    const int low = hex_value(value[4 + 2 * i]);
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
