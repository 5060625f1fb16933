#include "replay/place.h"

#include <fmt/format.h>

#include "harness/base/utf8.h"

namespace stormproof::replay {
namespace {

std::string_view kind_name(PlaceKind kind) {
  switch (kind) {
    case PlaceKind::cookie: return "cookie";
    case PlaceKind::header: return "header";
    case PlaceKind::json: return "json";
    case PlaceKind::html: return "html";
    case PlaceKind::text: return "text";
  }
  return "text";
}

std::string_view ordinal_end(std::uint32_t number) {
  if (number % 100 / 10 == 1) return "th";
  switch (number % 10) {
    case 1: return "st";
    case 2: return "nd";
    case 3: return "rd";
    default: return "th";
  }
}

}  // namespace

std::string to_string(const Place& place) {
  std::string text(kind_name(place.kind));
  if (place.kind == PlaceKind::text) {
    text += fmt::format(" after \"{}\"", base::as_utf8(place.name));
  } else {
    text += ' ' + base::as_utf8(place.name);
    if (!place.part.empty()) text += ' ' + base::as_utf8(place.part);
  }
  if (place.index > 0) text += fmt::format(" (the {}{})", place.index + 1, ordinal_end(place.index + 1));
  return text;
}

}  // namespace stormproof::replay
