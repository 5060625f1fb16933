// Source: the text of a scenario and where each byte of it stands.
//
// A byte order mark at the start is left out. The text must outlive the Source. Lines end with LF; a CR before it
// is not part of the line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/diagnostic.h"

namespace stormproof::scenarios {

class Source {
 public:
  Source(std::string file, std::string_view text);

  const std::string& file() const { return file_; }
  std::string_view text() const { return text_; }

  // The place of `bytes` bytes from `offset`; cut at the end of the line, at least one character wide.
  Place place(std::size_t offset, std::size_t bytes = 1) const;

  // The offset of a line and a column in bytes, both counted from 0 as yaml-cpp does; at most the text's end.
  std::size_t offset(int line, int column) const;

  // A line, counted from 1, without its end; empty where there is none.
  std::string_view line(int number) const;
  int lines() const { return static_cast<int>(starts_.size()); }

 private:
  std::string file_;
  std::string_view text_;
  std::vector<std::size_t> starts_;  // of each line
};

// Characters (not bytes) of some UTF-8.
int characters_in(std::string_view text);

// The bytes of the UTF-8 character at `at`; 0 where there is none (table 3-7 of the Unicode standard).
std::size_t character_length(std::string_view text, std::size_t at);

}  // namespace stormproof::scenarios
