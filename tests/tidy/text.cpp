#include "tests/tidy/text.h"

#include <algorithm>
#include <cctype>

namespace stormproof::tidy {
namespace {

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

// Where the raw string whose R stands at `at` ends.
std::size_t end_of_raw_string(std::string_view text, std::size_t at) {
  const std::size_t open = text.find('(', at);
  if (open == std::string_view::npos) return text.size();
  const std::string close = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
  const std::size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

std::size_t end_of_literal(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == quote) return at + 1;
  }
  return std::min(at, text.size());
}

}  // namespace

std::string code_of(std::string_view text) {
  std::string code(text);
  const auto blank = [&code](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const bool in_word = at > 0 && is_word(text[at - 1]);
    std::size_t end = at + 1;
    if (rest.starts_with("//")) {
      end = std::min(text.find('\n', at), text.size());
      blank(at, end);
    } else if (rest.starts_with("/*")) {
      end = text.find("*/", at + 2);
      end = end == std::string_view::npos ? text.size() : end + 2;
      blank(at, end);
    } else if (rest.starts_with("R\"") && !in_word) {
      end = end_of_raw_string(text, at);
      blank(at, end);
    } else if (rest.front() == '"' || (rest.front() == '\'' && !in_word)) {  // 1'000 is no character
      end = end_of_literal(text, at);
      blank(at + 1, end - 1);
    }
    at = end;
  }
  return code;
}

std::vector<Include> includes_of(std::string_view text) {
  std::vector<Include> includes;
  int number = 0;
  for (const std::string& line : split(std::string(text), '\n')) {
    ++number;
    const std::size_t hash = skip_blanks(line, 0);
    if (hash >= line.size() || line[hash] != '#' || !followed_by(line, hash + 1, "include")) continue;
    const std::size_t open = line.find_first_of("\"<", hash);
    const std::size_t close = open == std::string::npos ? open : line.find_first_of("\">", open + 1);
    if (close != std::string::npos)
      includes.push_back({line.substr(open + 1, close - open - 1), line[open] == '"', number});
  }
  return includes;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::vector<std::size_t> words_in(std::string_view text, std::string_view word) {
  std::vector<std::size_t> places;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) places.push_back(at);
  }
  return places;
}

bool followed_by(std::string_view text, std::size_t at, std::string_view what) {
  return what.empty() || text.substr(std::min(skip_blanks(text, at), text.size())).starts_with(what);
}

std::string previous_word(std::string_view text, std::size_t at) {
  while (at > 0 && is_blank(text[at - 1])) --at;
  std::size_t start = at;
  while (start > 0 && is_word(text[start - 1])) --start;
  return std::string(text.substr(start, at - start));
}

bool preceded_by_word(std::string_view text, std::size_t at, std::string_view word) {
  return previous_word(text, at) == word;
}

std::string next_identifier(std::string_view text, std::size_t at) {
  at = skip_blanks(text, at);
  while (text.substr(std::min(at, text.size())).starts_with("[[")) {
    at = text.find("]]", at);
    if (at == std::string_view::npos) return "";
    at = skip_blanks(text, at + 2);
  }
  std::size_t end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  const std::string name(text.substr(std::min(at, text.size()), end - at));
  return name == "class" || name == "struct" ? next_identifier(text, end) : name;
}

std::string next_qualified_name(std::string_view text, std::size_t at) {
  at = skip_blanks(text, at);
  std::size_t end = at;
  while (end < text.size() && (is_word(text[end]) || text[end] == ':')) ++end;
  return std::string(text.substr(std::min(at, text.size()), end - at));
}

std::string_view block_after(std::string_view text, std::size_t at) {
  const std::size_t open = text.find('{', at);
  if (open == std::string_view::npos) return {};
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return text.substr(open, i + 1 - open);
  }
  return text.substr(open);
}

int line_at(std::string_view text, std::size_t at) {
  return 1 + static_cast<int>(std::ranges::count(text.substr(0, at), '\n'));
}

int line_count(std::string_view text) {
  const auto ends = static_cast<int>(std::ranges::count(text, '\n'));
  return text.empty() || text.ends_with('\n') ? ends : ends + 1;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t end = text.find(at); end != std::string::npos; end = text.find(at, from)) {
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  parts.push_back(text.substr(from));
  return parts;
}

}  // namespace stormproof::tidy
