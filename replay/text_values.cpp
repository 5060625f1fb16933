#include "replay/text_values.h"

#include <algorithm>

#include "replay/value_sense.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t value_bytes_min = 8;
constexpr std::size_t context_bytes = 24;
constexpr std::size_t context_bytes_min = 3;
constexpr std::string_view word = "word";
constexpr std::string_view run = "run";
constexpr std::string_view quoted = "string";

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}
bool is_run(char c) { return is_word(c) || std::string_view(".~+/%").contains(c); }

std::size_t word_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_word(text[at])) ++at;
  return at;
}

std::size_t run_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_run(text[at])) ++at;
  for (int padding = 0; padding < 2 && at < text.size() && text[at] == '='; ++padding) ++at;
  return at;
}

// Behind the closing quote's place, or npos: a string ends on its line.
std::size_t string_end(std::string_view text, std::size_t at, char quote) {
  const std::size_t limit = std::min(text.size(), at + text_value_bytes_max);
  while (at < limit && text[at] != quote && text[at] != '\n') at += text[at] == '\\' ? 2 : 1;
  return at < limit && text[at] == quote ? at : text.npos;
}

// What is before `at` and will be before it again: nothing of another token, and of this line only where that says enough.
std::string_view context_before(std::string_view text, std::size_t at) {
  std::size_t begin = at - std::min(at, context_bytes);
  if (const auto line = text.substr(begin, at - begin).rfind('\n'); line != text.npos) {
    if (at - (begin + line + 1) >= context_bytes_min) begin += line + 1;
  }
  std::size_t scan = begin;
  while (scan < at) {
    const std::size_t end = std::min(word_end(text, scan), at);
    const bool cut_in_two = scan == begin && begin > 0 && end > scan && is_word(text[begin - 1]);
    const auto digits =
        std::ranges::count_if(text.substr(scan, end - scan), [](char c) { return c >= '0' && c <= '9'; });
    if (end > scan && (digits >= 3 || is_token(text.substr(scan, end - scan)) || cut_in_two) &&
        at - end >= context_bytes_min)
      begin = end;
    scan = std::max(end, scan + 1);
  }
  return text.substr(begin, at - begin);
}

std::uint32_t occurrences(std::string_view text, std::string_view what) {
  std::uint32_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class Scan {
 public:
  Scan(std::string_view text, const std::function<bool(std::string_view)>& wants,
       const std::function<void(const Place&, std::string_view)>& found)
      : text_(text), wants_(wants), found_(found) {}

  void runs() {
    std::size_t at = 0;
    while (at < text_.size()) {
      if (!is_run(text_[at])) {
        ++at;
        continue;
      }
      const std::size_t end = run_end(text_, at);
      offer(at, end, run);
      for (std::size_t inner = at; inner < end;) {
        const std::size_t stop = std::min(word_end(text_, inner), end);
        if (stop - inner < end - at) offer(inner, stop, word);
        inner = std::max(stop, inner + 1);
      }
      at = end;
    }
  }

  // Only those with escapes: the others are runs.
  void strings() {
    std::size_t at = 0;
    while ((at = text_.find_first_of("\"'", at)) != text_.npos) {
      const std::size_t end = string_end(text_, at + 1, text_[at]);
      if (end == text_.npos) {
        ++at;
        continue;
      }
      const std::string_view raw = text_.substr(at + 1, end - at - 1);
      if (raw.size() >= value_bytes_min && raw.contains('\\')) offer_decoded(at + 1, raw, Coding::json);
      if (raw.size() >= value_bytes_min && raw.contains('&')) offer_decoded(at + 1, raw, Coding::html);
      at = end;  // this quote may also begin a string
    }
  }

 private:
  void offer(std::size_t begin, std::size_t end, std::string_view shape) {
    const std::string_view raw = text_.substr(begin, end - begin);
    if (raw.size() < value_bytes_min || raw.size() > text_value_bytes_max) return;
    if (wants_(raw)) tell(begin, raw, shape, Coding::plain);
    if (!raw.contains('%')) return;
    const std::string value = decoded(Coding::percent, raw);
    if (value != raw && wants_(value)) tell(begin, value, shape, Coding::percent);
  }
  void offer_decoded(std::size_t begin, std::string_view raw, Coding coding) {
    const std::string value = decoded(coding, raw);
    if (value != raw && wants_(value)) tell(begin, value, quoted, coding);
  }
  void tell(std::size_t begin, std::string_view value, std::string_view shape, Coding coding) const {
    const std::string_view before = context_before(text_, begin);
    if (before.size() < context_bytes_min) return;
    const std::uint32_t index = occurrences(text_.substr(0, begin), before) - 1;
    found_({PlaceKind::text, std::string(before), std::string(shape), index, coding}, value);
  }

  std::string_view text_;
  const std::function<bool(std::string_view)>& wants_;
  const std::function<void(const Place&, std::string_view)>& found_;
};

}  // namespace

void each_text_value(std::string_view text, const std::function<bool(std::string_view)>& wants,
                     const std::function<void(const Place&, std::string_view)>& found) {
  Scan scan(text, wants, found);
  scan.runs();
  scan.strings();
}

std::optional<std::string> text_value_at(std::string_view text, const Place& place) {
  std::size_t at = text.find(place.name);
  for (std::uint32_t i = 0; i < place.index && at != text.npos; ++i) at = text.find(place.name, at + 1);
  if (at == text.npos || place.name.empty()) return std::nullopt;
  at += place.name.size();
  std::size_t end = at;
  if (place.part == word) end = word_end(text, at);
  else if (place.part == run) end = run_end(text, at);
  else end = string_end(text, at, place.name.back());
  if (end == text.npos || end == at) return std::nullopt;
  return decoded(place.coding, text.substr(at, end - at));
}

}  // namespace stormproof::replay
