// Escape: text from anywhere, made fit for a report.
//
// Scenario names, findings and routes may carry any bytes. What comes out of clean() is valid UTF-8 without control
// characters (but newline and tab) and without characters that reorder text on the screen; each bad one is
// replaced by U+FFFD. The escapes clean first, so their output is safe whatever came in. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stormproof::reports {

std::string clean(std::string_view text);

// clean(), and newlines and tabs become spaces.
std::string one_line(std::string_view text);

// For XML and HTML, as text or as an attribute in quotes.
std::string escape_xml(std::string_view text);

// For a line or a table cell of GitHub's Markdown: nothing in it is markup.
std::string escape_markdown(std::string_view text);

// For a POSIX shell, as one word: quoted only where it must be.
std::string shell_word(std::string_view text);

// At most `bytes_max` bytes (3 or more), cut between characters and ended by "…".
std::string shortened(std::string_view text, std::size_t bytes_max);

// "12,000".
std::string grouped(std::uint64_t count);

}  // namespace stormproof::reports
