#include "replay/answer_content.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <set>
#include <string>

#include "harness/base/seed.h"
#include "replay/content.h"
#include "replay/exchange.h"
#include "replay/text_values.h"

namespace stormproof::replay {
namespace {

namespace json = boost::json;
using events::Content;

void take_places(const json::value& value, const std::string& place, std::set<std::string>& places) {
  switch (value.kind()) {
    case json::kind::object:
      places.insert(place + " object");
      for (const auto& member : value.get_object())
        take_places(member.value(), place + '.' + std::string(member.key()), places);
      return;
    case json::kind::array:
      places.insert(place + " array");
      for (const json::value& item : value.get_array()) take_places(item, place + "[]", places);
      return;
    case json::kind::string: places.insert(place + " string"); return;
    case json::kind::bool_: places.insert(place + " flag"); return;
    case json::kind::null: places.insert(place + " null"); return;
    default: places.insert(place + " number"); return;
  }
}

std::uint32_t shape_of(const json::value& value) {
  std::set<std::string> places;
  take_places(value, "$", places);
  std::string text;
  for (const std::string& place : places) text += place + '\n';
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(base::identity_of(text)));
}

std::uint32_t age_of(std::string_view head) {
  std::uint32_t age = events::Advice::not_said;
  const auto said = header(head, "age");
  if (!said) return age;
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(said->data(), said->data() + said->size(), seconds);
  const bool read = error == std::errc() && end == said->data() + said->size() && seconds != events::Advice::not_said;
  return read ? seconds : age;
}

}  // namespace

Content content_of(std::string_view head, std::string_view its_body) {
  Content content{.kind = Content::Kind::other, .age = age_of(head)};
  std::string whole;
  std::string decoded;
  const std::string_view framed = without_chunks(head, its_body, whole);
  const Decoded body = decoded_content(head, framed, decoded);
  if (body.bytes.empty()) {
    content.kind = Content::Kind::empty;
    return content;
  }
  if (body.failed) return content;
  const ContentKind kind = kind_of(head, body.bytes);
  if (kind != ContentKind::json) return content;
  json::error_code error;
  const json::value value = json::parse(json::string_view(body.bytes.data(), body.bytes.size()), error);
  content.kind = error ? Content::Kind::broken_json : Content::Kind::json;
  if (!error) content.shape = shape_of(value);
  return content;
}

}  // namespace stormproof::replay
