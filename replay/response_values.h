// Response values: what a response gives that a later request may send back, and where each stands.
//
// Cookies that it sets, headers and the parts of URLs in them, the leaves of JSON, the fields of forms and attributes of a page,
// tokens in any other text. Pure; content above `content_bytes_max` is not looked into.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/exchange.h"
#include "replay/place.h"

namespace stormproof::replay {

// A response with its content decoded. Head and body, as they were on the wire, outlive it.
class ReadableResponse {
 public:
  static constexpr std::size_t content_bytes_max = 4 << 20;

  enum class Form : std::uint8_t { none, json, page, text };

  // `target`: of its request.
  ReadableResponse(std::string_view head, std::string_view body, std::string_view target);
  ReadableResponse(const Message& response, std::string_view target)
      : ReadableResponse(response.head, response.body, target) {}

  std::string_view head() const { return head_; }
  std::string_view target() const { return target_; }
  std::string_view content() const { return content_; }
  Form form() const { return form_; }
  const std::string& trouble() const { return trouble_; }  // why the content cannot be read; "" where it can

 private:
  std::string_view head_;
  std::string_view target_;
  std::string content_;
  std::string trouble_;
  Form form_ = Form::none;
};

struct ResponseValue {
  Place place;
  std::string value;
  std::vector<std::string> meanings;  // by which a value that is no token is recognised; see value_meaning.h
  bool in_list = false;               // one of several of its kind
};

// `wants` is asked with each value; `found` gets those it wants.
void each_response_value(const ReadableResponse& response, const std::function<bool(std::string_view)>& wants,
                         const std::function<void(ResponseValue)>& found);

struct WantedValue {
  const Place* place = nullptr;
  std::string_view recorded;
};

// The values at these places of another response of the kind, in one walk; where several stand in a list and the recorded one is
// still one of them, that. Nothing: it has no such place.
std::vector<std::optional<std::string>> values_at(const ReadableResponse& response,
                                                  const std::vector<WantedValue>& wanted);
std::optional<std::string> value_at(const ReadableResponse& response, const Place& place, std::string_view recorded);

struct SetCookie {
  std::string_view name;
  std::string_view value;
  std::string_view path;  // "" where it is not said
  bool removed = false;   // by Max-Age=0 or less, or an Expires of 1970
};
std::vector<SetCookie> cookies_set_by(std::string_view head);

}  // namespace stormproof::replay
