// Request values: what a request sends that an earlier response may have given, where it stands, and how to put another
// value in its place.
//
// Segments and parameters of the target, cookies, headers, forms, JSON, multipart parts, tokens in any other body. Bodies in
// chunks are read and written again as one chunk; bodies with a content coding are not looked into. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/value_coding.h"

namespace stormproof::replay {

// A request with its body out of its chunks. `fields` and `body` outlive it.
class ReadableRequest {
 public:
  static constexpr std::size_t body_bytes_max = 4 << 20;  // a larger one is not looked into

  // `fields`: the head, with or without the empty line at its end.
  ReadableRequest(std::string_view fields, std::string_view body);

  std::string_view fields() const { return fields_; }
  std::string_view content() const { return chunked_ ? std::string_view(unchunked_) : content_; }
  bool chunked() const { return chunked_; }
  std::string_view trailers() const { return trailers_; }  // of a chunked body, with the empty line

 private:
  std::string_view fields_;
  std::string_view content_;
  std::string_view trailers_;
  std::string unchunked_;
  bool chunked_ = false;
};

struct RequestValue {
  std::string
      place;  // "path /orders/{}", "query token", "cookie sid", "header x-csrf-token", "form csrf", "json $.id", "part csrf", "body"
  std::string value;
  std::vector<std::string> meanings;  // value_meaning.h
  std::string_view raw;               // where it stands: in fields() or content()
  Coding coding = Coding::plain;
  bool in_body = false;
  bool is_whole = true;  // not one piece of several of what stands at that place
};

// `wants` is asked with each value, from the whole of a place to its pieces; pieces of what was wanted are not offered.
void each_request_value(const ReadableRequest& request, const std::function<bool(std::string_view)>& wants,
                        const std::function<void(RequestValue)>& found);

struct Replacement {
  std::string_view raw;  // of a RequestValue
  bool in_body = false;
  std::string text;  // as the place spells it
};

struct RewrittenRequest {
  std::string fields;
  std::string body;           // where it changed
  bool body_changed = false;  // false: the recorded body stands as it is
};

// The request with these replacements; Content-Length says the new length. Overlapping ones: the first holds.
RewrittenRequest rewritten(const ReadableRequest& request, std::vector<Replacement> replacements);

}  // namespace stormproof::replay
