#include "replay/value_coding.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "harness/base/utf8.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t entity_bytes_max = 10;
constexpr std::uint32_t code_point_max = 0x10FFFF;

// Those that template engines write. Numeric ones are read by their number.
constexpr std::array<std::pair<std::string_view, char>, 20> entities = {{
    {"amp", '&'},    {"lt", '<'},    {"gt", '>'},    {"quot", '"'},   {"apos", '\''},  {"nbsp", ' '},   {"equals", '='},
    {"plus", '+'},   {"sol", '/'},   {"colon", ':'}, {"semi", ';'},   {"commat", '@'}, {"num", '#'},    {"percnt", '%'},
    {"period", '.'}, {"comma", ','}, {"excl", '!'},  {"lowbar", '_'}, {"grave", '`'},  {"dollar", '$'},
}};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~").contains(c);
}

bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
}

std::string percent_decoded(std::string_view text, bool form) {
  std::string value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_escape(text, at)) {
      value += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
      at += 2;
    } else {
      value += form && text[at] == '+' ? ' ' : text[at];
    }
  }
  return value;
}

std::string percent_spelled(std::string_view value, std::string_view recorded, bool form) {
  std::string literal;  // what the recorded text left as it is, besides the unreserved
  bool lower_hex = false;
  bool spaces_escaped = false;
  for (std::size_t at = 0; at < recorded.size(); ++at) {
    if (is_escape(recorded, at)) {
      const auto digits = recorded.substr(at + 1, 2);
      lower_hex = lower_hex || std::ranges::any_of(digits, [](char c) { return c >= 'a' && c <= 'f'; });
      spaces_escaped = spaces_escaped || digits == "20";
      at += 2;
    } else if (!is_unreserved(recorded[at]) && recorded[at] != '%' && recorded[at] != '+') {
      literal += recorded[at];
    }
  }
  const std::string_view digits = lower_hex ? "0123456789abcdef" : "0123456789ABCDEF";
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c) || (byte > ' ' && literal.contains(c))) text += c;
    else if (form && c == ' ' && !spaces_escaped) text += '+';
    else text += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// What stands between & and ; — false where that is no reference that is known.
bool append_reference(std::string& value, std::string_view name) {
  if (!name.starts_with('#')) {
    const auto* const found = std::ranges::find(entities, name, &std::pair<std::string_view, char>::first);
    if (found == entities.end()) return false;
    value += found->second;
    return true;
  }
  name.remove_prefix(1);
  const bool hex = name.starts_with('x') || name.starts_with('X');
  if (hex) name.remove_prefix(1);
  std::uint32_t point = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), point, hex ? 16 : 10);
  if (error != std::errc() || end != name.data() + name.size() || point == 0 || point > code_point_max) return false;
  append_utf8(value, point);
  return true;
}

std::string html_decoded(std::string_view text) {
  std::string value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto end = text[at] == '&' ? text.find(';', at) : text.npos;
    if (end != text.npos && end - at <= entity_bytes_max &&
        append_reference(value, text.substr(at + 1, end - at - 1))) {
      at = end;
    } else {
      value += text[at];
    }
  }
  return value;
}

std::string json_decoded(std::string_view text) {
  if (!text.contains('\\')) return std::string(text);
  boost::system::error_code error;
  const auto value = boost::json::parse(std::string("\"").append(text).append("\""), error);
  return !error && value.is_string() ? std::string(value.get_string()) : std::string(text);
}

std::string json_spelled(std::string_view value) {
  return boost::json::serialize(boost::json::string(base::as_utf8(value)));
}

bool is_json_number(std::string_view value) {
  boost::system::error_code error;
  const auto parsed = boost::json::parse(value, error);
  return !error && parsed.is_number() && !value.contains(' ');
}

std::string html_spelled(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '&') text += "&amp;";
    else if (c == '<') text += "&lt;";
    else if (c == '>') text += "&gt;";
    else if (c == '"') text += "&quot;";
    else text += c;
  }
  return text;
}

}  // namespace

std::string_view to_string(Coding coding) {
  switch (coding) {
    case Coding::plain: return "plain";
    case Coding::percent: return "percent";
    case Coding::form: return "form";
    case Coding::json: return "json";
    case Coding::json_number: return "json number";
    case Coding::html: return "html";
  }
  return "plain";
}

std::string decoded(Coding coding, std::string_view text) {
  switch (coding) {
    case Coding::plain:
    case Coding::json_number: break;
    case Coding::percent: return percent_decoded(text, false);
    case Coding::form: return percent_decoded(text, true);
    case Coding::json: return json_decoded(text);
    case Coding::html: return html_decoded(text);
  }
  return std::string(text);
}

std::string spelled(Coding coding, std::string_view value, std::string_view recorded) {
  switch (coding) {
    case Coding::plain: break;
    case Coding::percent: return percent_spelled(value, recorded, false);
    case Coding::form: return percent_spelled(value, recorded, true);
    case Coding::json: {
      const std::string quoted = json_spelled(value);
      return quoted.substr(1, quoted.size() - 2);
    }
    case Coding::json_number: return is_json_number(value) ? std::string(value) : json_spelled(value);
    case Coding::html: return html_spelled(value);
  }
  return std::string(value);
}

}  // namespace stormproof::replay
