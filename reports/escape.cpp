#include "reports/escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace stormproof::reports {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "…";

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 1;
};

// The character at the front, or nothing where the bytes are not one (RFC 3629: no overlong forms, no surrogates).
std::optional<Character> first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return Character{lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return std::nullopt;
  std::uint32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return std::nullopt;
    code = code << 6 | (next & 0x3FU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
  return Character{code, size};
}

bool is_harmful(std::uint32_t code) {
  const bool control = (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code < 0xA0);
  const bool reorders =
      (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F;
  const bool not_xml = (code & 0xFFFE) == 0xFFFE;
  return control || reorders || not_xml;
}

template <typename Replace>
std::string replaced(std::string_view text, Replace replace) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const std::string_view by = replace(c);
    if (by.empty()) out.push_back(c);
    else out += by;
  }
  return out;
}

}  // namespace

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_of(text);
    const std::size_t size = character ? character->size : 1;
    out += character && !is_harmful(character->code) ? text.substr(0, size) : replacement;
    text.remove_prefix(size);
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string line = clean(text);
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\t', ' ');
  return line;
}

std::string escape_xml(std::string_view text) {
  return replaced(clean(text), [](char c) -> std::string_view {
    switch (c) {
      case '&': return "&amp;";
      case '<': return "&lt;";
      case '>': return "&gt;";
      case '"': return "&quot;";
      case '\'': return "&#39;";
      default: return "";
    }
  });
}

std::string escape_markdown(std::string_view text) {
  std::string line = replaced(one_line(text), [](char c) -> std::string_view {
    switch (c) {
      case '&': return "&amp;";
      case '<': return "&lt;";
      case '>': return "&gt;";
      case '|': return "\\|";
      case '\\': return "\\\\";
      case '`': return "\\`";
      case '*': return "\\*";
      case '_': return "\\_";
      case '[': return "\\[";
      case ']': return "\\]";
      case '!': return "\\!";
      case '~': return "\\~";
      case '#': return "\\#";
      case '$': return "\\$";
      case '@': return "&#64;";  // mentions nobody
      default: return "";
    }
  });
  // GitHub makes links of bare addresses.
  constexpr std::string_view address = "://", no_address = "&#58;//";
  for (std::size_t at = line.find(address); at != line.npos; at = line.find(address, at))
    line.replace(at, address.size(), no_address);
  return line;
}

std::string shell_word(std::string_view text) {
  std::string word = one_line(text);
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-";
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
  return "'" + replaced(word, [](char c) -> std::string_view { return c == '\'' ? "'\\''" : ""; }) + "'";
}

std::string shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t size = bytes_max - std::min(bytes_max, ellipsis.size());
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + std::string(ellipsis);
}

std::string grouped(std::uint64_t count) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
  return digits;
}

}  // namespace stormproof::reports
