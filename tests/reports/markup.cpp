#include "tests/reports/markup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "reports/escape.h"

namespace stormproof::reports {
namespace {

class Markup {
 public:
  explicit Markup(std::string_view text) : whole_(text), rest_(text) {}

  void check() {
    if (clean(whole_) != whole_) fail("bytes that clean() would replace");
    if (rest_.starts_with("<?xml ")) skip_past("?>");
    if (rest_.starts_with("<!DOCTYPE html>")) skip_past(">");
    while (!rest_.empty()) {
      if (rest_.starts_with("</")) close();
      else if (rest_.starts_with("<")) open();
      else text(rest_.substr(0, rest_.find('<')));
    }
    if (!open_.empty()) fail("<" + open_.back() + "> is never closed");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const std::size_t at = whole_.size() - rest_.size();
    throw std::runtime_error(fmt::format("{} at byte {}: {}", what, at, whole_.substr(at, 60)));
  }

  void skip_past(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == rest_.npos) fail("no " + std::string(end));
    rest_.remove_prefix(at + end.size());
  }

  std::string name() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    const std::size_t size = std::min(rest_.find_first_not_of(letters), rest_.size());
    if (size == 0) fail("no name");
    const std::string found(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return found;
  }

  void text(std::string_view words) {
    for (std::size_t at = words.find('&'); at != words.npos; at = words.find('&', at + 1)) {
      constexpr std::array entities = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
      if (std::ranges::none_of(entities, [&](const char* entity) { return words.substr(at).starts_with(entity); }))
        fail("a raw &");
    }
    rest_.remove_prefix(words.size());
  }

  void open() {
    rest_.remove_prefix(1);
    const std::string element = name();
    while (true) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size()));
      if (rest_.starts_with("/>")) {
        rest_.remove_prefix(2);
        return;
      }
      if (rest_.starts_with(">")) break;
      attribute();
    }
    rest_.remove_prefix(1);
    if (element == "style") {
      skip_past("</style>");
      return;
    }
    open_.push_back(element);
  }

  void attribute() {
    name();
    if (!rest_.starts_with("=\"")) fail("an attribute without quotes");
    rest_.remove_prefix(2);
    const std::string_view value = rest_.substr(0, rest_.find('"'));
    if (value.find('<') != value.npos) fail("a raw < in an attribute");
    text(value);
    if (rest_.empty()) fail("an attribute without end");
    rest_.remove_prefix(1);
  }

  void close() {
    rest_.remove_prefix(2);
    const std::string element = name();
    if (open_.empty() || open_.back() != element) fail("</" + element + "> closes nothing");
    open_.pop_back();
    skip_past(">");
  }

  std::string_view whole_;
  std::string_view rest_;
  std::vector<std::string> open_;
};

}  // namespace

std::string trouble_with(std::string_view markup) {
  try {
    Markup(markup).check();
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace stormproof::reports
