#include "replay/value_sense.h"

#include <algorithm>
#include <array>

namespace stormproof::replay {
namespace {

constexpr double token_bits = 40;
constexpr double digit_bits = 3.3;
constexpr double letter_bits = 4.7;
constexpr double word_bits_beside_digits = 1.5;
constexpr std::size_t word_letters_max = 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_lower(c) || is_upper(c); }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_vowel(char c) { return std::string_view("aeiouy").contains(lower(c)); }

// Letters of one case, or with a capital at the beginning, that read like a word of some language.
bool reads_like_a_word(std::string_view letters) {
  if (letters.size() > word_letters_max) return false;
  if (letters.size() <= 3) return true;
  std::size_t vowels = 0, consonants_in_a_row = 0, most = 0;
  for (const char c : letters) {
    vowels += is_vowel(c) ? 1 : 0;
    consonants_in_a_row = is_vowel(c) ? 0 : consonants_in_a_row + 1;
    most = std::max(most, consonants_in_a_row);
  }
  const double share = static_cast<double>(vowels) / static_cast<double>(letters.size());
  return share >= 0.15 && share <= 0.75 && most < 5;
}

// Where the word that begins at `at` ends: "XMLHttpRequest" is XML, Http, Request.
std::size_t camel_end(std::string_view letters, std::size_t at) {
  std::size_t end = at + 1;
  if (is_upper(letters[at]) && end < letters.size() && is_upper(letters[end])) {
    while (end < letters.size() && is_upper(letters[end])) ++end;
    return end < letters.size() ? std::max(end - 1, at + 1) : end;
  }
  while (end < letters.size() && is_lower(letters[end])) ++end;
  return end;
}

double bits_of_letters(std::string_view letters, bool beside_digit) {
  const double all = letter_bits * static_cast<double>(letters.size());
  if (beside_digit && letters.size() <= 3) return all;  // hexadecimal rather than a word
  std::size_t words = 0;
  double bits = 0;
  for (std::size_t at = 0; at < letters.size(); ++words) {
    const std::size_t end = camel_end(letters, at);
    if (!reads_like_a_word(letters.substr(at, end - at))) bits += letter_bits * static_cast<double>(end - at);
    else if (beside_digit) bits += word_bits_beside_digits * static_cast<double>(end - at);
    at = end;
  }
  // Capitals where no words begin.
  const bool scattered = words > 1 && static_cast<double>(letters.size()) < 3.5 * static_cast<double>(words);
  return scattered ? all : bits;
}

// "2026-11-23", "2026-11-23T16:09:21.123Z", "Mon, 23 Nov 2026 16:09:21 GMT".
bool is_time(std::string_view value) {
  const bool iso = value.size() >= 10 && value.size() <= 35 && value[4] == '-' && value[7] == '-' &&
                   std::ranges::all_of(value.substr(0, 4), is_digit) && is_digit(value[5]) && is_digit(value[8]) &&
                   (value.size() == 10 || value[10] == 'T' || value[10] == ' ');
  return iso || (value.size() >= 25 && value.size() <= 35 && value.ends_with(" GMT"));
}

std::string normalised(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (is_letter(c) || is_digit(c)) text += lower(c);
  }
  return text;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& all, std::string_view text) {
  return std::ranges::find(all, text) != all.end();
}

constexpr std::array<std::string_view, 5> identifier_ends = {"uuid", "guid", "number", "ref", "id"};

// Where the identifying part of a name begins ("orderId", "order_id", "ORDER-ID", "id"); npos: there is none.
std::size_t identifier_part(std::string_view name) {
  const std::string text = normalised(name);
  for (const std::string_view end : identifier_ends) {
    if (!text.ends_with(end)) continue;
    if (text.size() == end.size()) return 0;
    // "paid" and "valid" end in "id" but are other words: there must be a seam.
    const std::size_t at = name.size() - std::min(end.size(), name.size());
    const char before = name[at - 1];
    const bool seam = !is_letter(before) || (is_lower(before) && is_upper(name[at]));
    if (seam) return at;
  }
  return name.npos;
}

}  // namespace

bool is_token(std::string_view value) {
  if (value.size() < 8 || is_time(value)) return false;
  double bits = 0;
  std::size_t at = 0;
  while (at < value.size()) {
    std::size_t end = at;
    while (end < value.size() && is_letter(value[end])) ++end;
    if (end > at) {
      const bool beside_digit = (at > 0 && is_digit(value[at - 1])) || (end < value.size() && is_digit(value[end]));
      bits += bits_of_letters(value.substr(at, end - at), beside_digit);
      at = end;
      continue;
    }
    if (is_digit(value[at])) bits += digit_bits;
    ++at;
  }
  return bits >= token_bits;
}

std::string noun_of(std::string_view name) {
  const auto part = identifier_part(name);
  std::string noun = normalised(part == name.npos ? name : name.substr(0, part));
  if (noun.size() > 4 && noun.ends_with("ies")) noun.replace(noun.size() - 3, 3, "y");
  else if (noun.size() > 4 && (noun.ends_with("sses") || noun.ends_with("xes") || noun.ends_with("ches")))
    noun.resize(noun.size() - 2);
  else if (noun.size() > 2 && noun.ends_with('s') && !noun.ends_with("ss")) noun.pop_back();
  return noun;
}

bool names_an_identifier(std::string_view name) { return identifier_part(name) != name.npos; }

bool names_a_return_value(std::string_view name) {
  static constexpr std::array<std::string_view, 26> names = {"csrf",
                                                             "xsrf",
                                                             "token",
                                                             "nonce",
                                                             "state",
                                                             "version",
                                                             "lockversion",
                                                             "rev",
                                                             "revision",
                                                             "etag",
                                                             "cursor",
                                                             "nextcursor",
                                                             "pagetoken",
                                                             "session",
                                                             "sessionid",
                                                             "continuationtoken",
                                                             "sid",
                                                             "ticket",
                                                             "challenge",
                                                             "captcha",
                                                             "viewstate",
                                                             "viewstategenerator",
                                                             "eventvalidation",
                                                             "signature",
                                                             "rowversion",
                                                             "transaction"};
  const std::string text = normalised(name);
  return is_one_of(names, text) || text.ends_with("token") || text.contains("csrf") || text.contains("xsrf") ||
         text.ends_with("nonce") || text.ends_with("cursor");
}

bool names_a_quantity(std::string_view noun) {
  static constexpr std::array<std::string_view, 34> names = {
      "page",   "pagenumber", "pagesize", "offset",   "limit",  "size",  "count",     "qty",  "quantity",
      "amount", "price",      "total",    "width",    "height", "year",  "month",     "day",  "week",
      "step",   "tab",        "sort",     "level",    "rating", "score", "status",    "port", "api",
      "v",      "line",       "index",    "position", "age",    "hour",  "statuscode"};
  return is_one_of(names, noun);
}

bool may_identify(std::string_view value) {
  if (value.empty() || value.size() > 64 || is_time(value)) return false;
  if (!std::ranges::any_of(value, is_digit)) return false;
  const bool version = value.size() <= 4 && lower(value[0]) == 'v' && std::ranges::all_of(value.substr(1), is_digit);
  const bool decimal =
      std::ranges::all_of(value, [](char c) { return is_digit(c) || c == '.' || c == '-' || c == '+'; }) &&
      (value.contains('.') || !is_digit(value[0]));
  const bool spaced = value.find_first_of(" \t\r\n<>{}") != value.npos;
  return !version && !decimal && !spaced;
}

}  // namespace stormproof::replay
