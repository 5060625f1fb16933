// Text: looking at source text, word by word. What the rules are made of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stormproof::tidy {

// C++ with comments, and the insides of string and character literals, blanked out. Lines stay where they are.
std::string code_of(std::string_view text);

struct Include {
  std::string name;
  bool quoted = false;
  int line = 0;
};
std::vector<Include> includes_of(std::string_view text);

// A letter, a digit or an underscore.
bool is_word(char c);

// Where `word` stands as a whole word.
std::vector<std::size_t> words_in(std::string_view text, std::string_view word);

// Whether `what` comes at `at`, blanks and line ends apart. "" always does.
bool followed_by(std::string_view text, std::size_t at, std::string_view what);

// The word that ends right before `at`, blanks apart; "" where something else does.
std::string previous_word(std::string_view text, std::size_t at);
bool preceded_by_word(std::string_view text, std::size_t at, std::string_view word);

// The next identifier from `at` on, "class" and attributes in [[ ]] left out; with :: in it for the qualified one. ""
// where none comes next.
std::string next_identifier(std::string_view text, std::size_t at);
std::string next_qualified_name(std::string_view text, std::size_t at);

// From the first brace after `at` to the one that closes it, or to the end.
std::string_view block_after(std::string_view text, std::size_t at);

int line_at(std::string_view text, std::size_t at);
int line_count(std::string_view text);
std::vector<std::string> split(const std::string& text, char at);

}  // namespace stormproof::tidy
