#include "replay/body_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "harness/events/names.h"

namespace stormproof::replay {
namespace {

bool plain(std::string_view name) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '@' || c == '#' || c == ':';
  };
  return !name.empty() && std::ranges::all_of(name, word);
}

void append_name(std::string& text, std::string_view name) {
  if (plain(name)) {
    text += '.';
    text += name;
    return;
  }
  text += "['";
  for (const char c : name) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  text += "']";
}

}  // namespace

std::string to_string(const BodyPath& path) {
  std::string text = "$";
  for (const BodyStep& step : path) {
    if (step.element) fmt::format_to(std::back_inserter(text), "[{}]", step.index);
    else append_name(text, step.name);
  }
  return text;
}

std::string folded(const BodyPath& path) {
  std::string text = "$";
  for (const BodyStep& step : path) {
    if (step.element) text += "[*]";
    else if (events::is_identifier(step.name)) text += ".{id}";
    else append_name(text, step.name);
  }
  return text;
}

}  // namespace stormproof::replay
