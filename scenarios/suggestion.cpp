#include "scenarios/suggestion.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace stormproof::scenarios {
namespace {

// "atMost", "at_most" and "At-Most" are one word.
std::string folded(std::string_view word) {
  std::string letters;
  for (const char c : word) {
    if (c == '-' || c == '_' || c == ' ') continue;
    letters += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return letters;
}

// "p98" and "p90" are two different things, not one and a slip of it.
bool differs_in_digits_only(std::string_view one, std::string_view other) {
  const auto letters = [](std::string_view word) {
    std::string kept;
    std::ranges::copy_if(word, std::back_inserter(kept), [](char c) { return c < '0' || c > '9'; });
    return kept;
  };
  return one != other && letters(one) == letters(other);
}

}  // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> before_last(other.size() + 1);
  std::vector<std::size_t> last(other.size() + 1);
  std::vector<std::size_t> row(other.size() + 1);
  for (std::size_t j = 0; j <= other.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[other.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> known) {
  if (word.empty() || word.size() > suggestion_bytes_max) return {};
  const std::string plain = folded(word);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > suggestion_bytes_max || differs_in_digits_only(word, candidate)) continue;
    const std::size_t distance = folded(candidate) == plain ? 0 : edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace stormproof::scenarios
