#include "replay/value_meaning.h"

#include <algorithm>
#include <array>

#include "replay/url_parts.h"
#include "replay/value_sense.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t x_prefix = 2;

// Members that only wrap: {"data": {"id": 17}}.
bool only_wraps(std::string_view owner) {
  constexpr std::array<std::string_view, 14> wrappers = {"",        "data", "result",    "results", "response",
                                                         "payload", "body", "content",   "item",    "items",
                                                         "value",   "node", "_embedded", "object"};
  return std::ranges::find(wrappers, owner) != wrappers.end();
}

std::string same_name(std::string_view key) {
  std::string name = "=";
  for (const char c : key) {
    if (c >= 'A' && c <= 'Z') name += static_cast<char>(c - 'A' + 'a');
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) name += c;
  }
  return name;
}

void add(std::vector<std::string>& meanings, std::string meaning) {
  if (!meaning.empty() && !names_a_quantity(meaning)) meanings.push_back(std::move(meaning));
}

// "X-Order-Id" means what "Order-Id" does.
std::string_view without_x(std::string_view key) {
  const bool has = key.size() > x_prefix && (key[0] == 'x' || key[0] == 'X') && key[1] == '-';
  return has ? key.substr(x_prefix) : key;
}

}  // namespace

std::vector<std::string> meanings_of_produced(std::string_view key, std::string_view owner, std::string_view target) {
  std::vector<std::string> meanings;
  key = without_x(key);
  if (names_a_return_value(key)) meanings.push_back(same_name(key));
  if (!names_an_identifier(key)) return meanings;
  const std::string noun = noun_of(key);
  if (!noun.empty()) add(meanings, noun);
  else add(meanings, only_wraps(owner) ? noun_of_path(target) : noun_of(owner));
  return meanings;
}

std::vector<std::string> meanings_of_used(std::string_view key, std::string_view noun) {
  std::vector<std::string> meanings;
  key = without_x(key);
  if (names_a_return_value(key)) meanings.push_back(same_name(key));
  add(meanings, std::string(noun));
  return meanings;
}

std::vector<std::string> meanings_of_link_part(std::string_view key, std::string_view noun) {
  // "?colour=3" chooses; "?order_id=3" identifies.
  return meanings_of_used(key, key.empty() || names_an_identifier(key) ? noun : std::string_view());
}

}  // namespace stormproof::replay
