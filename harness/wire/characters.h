// Characters: the classes of RFC 9110 that strict checks need, one table look-up each.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace stormproof::wire {

namespace detail {

inline constexpr std::uint8_t token_bit = 1;  // tchar: what names and methods are made of
inline constexpr std::uint8_t value_bit = 2;  // field-vchar, SP, HTAB
inline constexpr std::uint8_t alnum_bit = 4;

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes = {};
  for (unsigned c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool token = alnum || std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c));
    const bool value = (c >= 0x20 && c != 0x7f) || c == '\t';
    classes[c] = static_cast<std::uint8_t>((token ? token_bit : 0) | (value ? value_bit : 0) | (alnum ? alnum_bit : 0));
  }
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> classes = make_classes();

constexpr bool is(char c, std::uint8_t bit) { return (classes[static_cast<unsigned char>(c)] & bit) != 0; }

}  // namespace detail

constexpr bool is_token(char c) { return detail::is(c, detail::token_bit); }
constexpr bool is_field_value(char c) { return detail::is(c, detail::value_bit); }
constexpr bool is_alnum(char c) { return detail::is(c, detail::alnum_bit); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// -1: no hexadecimal digit.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// No byte below 0x20 (so no HTAB either) and no DEL; eight bytes at a time.
inline bool is_plain(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x80 * ones;
  // The top bit of each byte that is below 0x20 or DEL; a borrow may add one above such a byte, never alone.
  const auto odd = [](std::uint64_t word) {
    const std::uint64_t deleted = word ^ (0x7f * ones);
    return ((word - 0x20 * ones) & ~word & tops) | ((deleted - ones) & ~deleted & tops);
  };
  std::uint64_t found = 0;
  std::uint64_t word = 0;
  while (text.size() >= sizeof word) {
    std::memcpy(&word, text.data(), sizeof word);
    found |= odd(word);
    text.remove_prefix(sizeof word);
  }
  word = 0x2020202020202020;
  std::memcpy(&word, text.data(), text.size());
  return (found | odd(word)) == 0;
}

constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace stormproof::wire
