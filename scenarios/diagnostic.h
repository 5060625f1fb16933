// Diagnostic: one mistake in a scenario, shown where it stands, in words for the person who can mend it.
//
// A value. Lines and columns count from 1 and columns count characters, not bytes; line 0 is "not in the text" (the
// file cannot be opened). Everything printed is printable: control characters of the input are replaced.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stormproof::scenarios {

// The characters of a line that are meant.
struct Place {
  int line = 0;
  int column = 0;
  int width = 1;

  auto operator<=>(const Place&) const = default;
};

// Longer lines are shown as a window around the place, with "…" where they were cut.
inline constexpr int excerpt_characters_max = 160;
inline constexpr std::size_t allowed_shown_max = 20;

struct Diagnostic {
  std::string file;
  Place place;
  std::string message;
  std::string suggestion;            // what was probably meant: "error"; empty: no idea
  std::vector<std::string> allowed;  // what may stand there; empty: not a matter of choice
  std::string hint;                  // how to write it; one line
  std::string source;                // the line, or the window of it that is shown
  int source_column = 0;             // the place's column within `source`
  bool warning = false;              // the scenario is right, but may not mean what its author thinks
};

// `place` on `line` (without its line end): fills source and source_column.
void show_excerpt(Diagnostic& diagnostic, std::string_view line);

// file:line:col: error: message (or warning: message); did you mean 'x'?, the line, the carets, then "allowed:" and "hint:" where there are
// some. Ends with a line feed.
std::string render(const Diagnostic& diagnostic);
std::string render(const std::vector<Diagnostic>& diagnostics);

// Text of the input within a message: control characters and what is not UTF-8 as \xNN, cut at `quoted_bytes_max`.
inline constexpr std::size_t quoted_bytes_max = 80;
std::string printable(std::string_view text);
std::string in_quotes(std::string_view text);  // printable, cut, between ' and '

}  // namespace stormproof::scenarios
