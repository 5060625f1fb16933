#include "replay/body_value.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <string>

#include "harness/base/utf8.h"
#include "replay/json_difference.h"
#include "replay/markup_value.h"

namespace stormproof::replay {
namespace {

namespace json = boost::json;

json::string_view jview(std::string_view text) { return {text.data(), text.size()}; }

std::optional<json::value> parse(std::string_view bytes, const json::storage_ptr& storage) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::error_code error;
  json::value value = json::parse(jview(bytes), error, storage, options);
  if (error) return std::nullopt;
  return value;
}

// Line by line, ends of lines left out.
template <typename Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::optional<json::value> parse_lines(std::string_view bytes, const json::storage_ptr& storage) {
  json::array list(storage);
  bool sound = true;
  each_line(bytes, [&](std::string_view line) {
    if (!sound || line.find_first_not_of(" \t") == line.npos) return;
    auto value = parse(line, storage);
    if (value) list.push_back(std::move(*value));
    else sound = false;
  });
  if (!sound) return std::nullopt;
  return json::value(std::move(list));
}

std::string unescaped(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return base::as_utf8(plain);
}

// Each name with the list of its values.
json::value form_value(std::string_view bytes, const json::storage_ptr& storage) {
  json::object form(storage);
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('&'), bytes.size());
    const std::string_view field = bytes.substr(0, end);
    const auto equals = std::min(field.find('='), field.size());
    json::value& values = form[unescaped(field.substr(0, equals))];
    if (!values.is_array()) values.emplace_array();
    values.get_array().emplace_back(unescaped(field.substr(std::min(equals + 1, field.size()))));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return form;
}

json::value text_value(std::string_view bytes, const json::storage_ptr& storage) {
  json::array lines(storage);
  each_line(bytes, [&](std::string_view line) { lines.emplace_back(jview(line)); });
  return lines;
}

std::optional<json::value> read_as(ContentKind kind, std::string_view bytes, const json::storage_ptr& storage) {
  switch (kind) {
    case ContentKind::json: return parse(bytes, storage);
    case ContentKind::json_lines: return parse_lines(bytes, storage);
    case ContentKind::xml: return xml_value(bytes, storage);
    case ContentKind::html: return html_value(bytes, storage);
    case ContentKind::form: return form_value(bytes, storage);
    case ContentKind::text: return text_value(bytes, storage);
    case ContentKind::none:
    case ContentKind::binary: break;
  }
  return std::nullopt;
}

}  // namespace

BodyValue body_value(ContentKind claimed, std::string_view bytes, const json::storage_ptr& storage) {
  if (auto value = read_as(claimed, bytes, storage)) return {claimed, std::move(*value)};
  if (claimed == ContentKind::none || claimed == ContentKind::binary) return {claimed, {}};
  const ContentKind left = kind_of("", bytes) == ContentKind::binary ? ContentKind::binary : ContentKind::text;
  if (left == ContentKind::text) return {left, text_value(bytes, storage)};
  return {left, {}};
}

}  // namespace stormproof::replay
