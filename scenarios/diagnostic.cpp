#include "scenarios/diagnostic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace stormproof::scenarios {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20U || byte == 0x7F; }

// The line as characters, one string each; control characters but the tab are replaced.
std::vector<std::string> characters_of(std::string_view line) {
  std::vector<std::string> characters;
  for (const char byte : line) {
    if (continues_character(byte) && !characters.empty()) characters.back() += byte;
    else if (is_control(byte) && byte != '\t') characters.emplace_back("?");
    else characters.emplace_back(1, byte);
  }
  return characters;
}

// The padding under `source` up to the carets: tabs stay tabs, so that a terminal aligns both lines alike.
std::string padding_under(std::string_view source, int column) {
  std::string padding;
  for (const std::string& character : characters_of(source)) {
    if (static_cast<int>(padding.size()) >= column - 1) break;
    padding += character == "\t" ? '\t' : ' ';
  }
  padding.resize(static_cast<std::size_t>(std::max(column - 1, 0)), ' ');
  return padding;
}

}  // namespace

void show_excerpt(Diagnostic& diagnostic, std::string_view line) {
  const std::vector<std::string> characters = characters_of(line);
  const int length = static_cast<int>(characters.size());
  const int column = std::clamp(diagnostic.place.column, 1, length + 1);
  int begin = 0;
  int end = length;
  if (length > excerpt_characters_max) {
    begin = std::clamp(column - 1 - excerpt_characters_max / 4, 0, length - excerpt_characters_max);
    end = begin + excerpt_characters_max;
  }
  diagnostic.source = begin > 0 ? "…" : "";
  for (int i = begin; i < end; ++i) diagnostic.source += characters[static_cast<std::size_t>(i)];
  if (end < length) diagnostic.source += "…";
  diagnostic.source_column = column - begin + (begin > 0 ? 1 : 0);
}

std::string render(const Diagnostic& diagnostic) {
  const Place& place = diagnostic.place;
  std::string text = printable(diagnostic.file);
  if (place.line > 0) text += fmt::format(":{}:{}", place.line, place.column);
  text += ": error: " + printable(diagnostic.message);
  if (!diagnostic.suggestion.empty()) text += fmt::format("; did you mean {}?", quoted(diagnostic.suggestion));
  text += '\n';
  if (place.line > 0) {
    const std::string number = fmt::format("{:>5}", place.line);
    const int room = std::max(1, excerpt_characters_max + 1 - diagnostic.source_column);
    text += fmt::format("{} | {}\n", number, diagnostic.source);
    text += fmt::format("{} | {}{}\n", std::string(number.size(), ' '), padding_under(diagnostic.source, diagnostic.source_column),
                        std::string(static_cast<std::size_t>(std::clamp(place.width, 1, room)), '^'));
  }
  if (!diagnostic.allowed.empty()) text += fmt::format("  allowed: {}\n", fmt::join(diagnostic.allowed, ", "));
  if (!diagnostic.hint.empty()) text += fmt::format("  hint: {}\n", printable(diagnostic.hint));
  return text;
}

std::string render(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += render(diagnostic);
  return text;
}

std::string printable(std::string_view text) {
  std::string clean;
  for (const char byte : text) {
    if (is_control(byte)) clean += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
    else clean += byte;
  }
  return clean;
}

std::string quoted(std::string_view text) {
  if (text.size() <= quoted_bytes_max) return "'" + printable(text) + "'";
  std::size_t end = quoted_bytes_max;
  while (end > 0 && continues_character(text[end])) --end;
  return "'" + printable(text.substr(0, end)) + "…'";
}

}  // namespace stormproof::scenarios
