#include "scenarios/diagnostic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "scenarios/source.h"

namespace stormproof::scenarios {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// What a terminal would act on, or show as nothing: C0, DEL, C1.
bool is_control(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  return byte(0) < 0x20U || byte(0) == 0x7FU || (byte(0) == 0xC2U && byte(1) < 0xA0U);
}

// The line as characters, one string each; what is not printable is replaced, but for the tab.
std::vector<std::string> characters_of(std::string_view line) {
  std::vector<std::string> characters;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t length = character_length(line, at);
    const std::string_view character = line.substr(at, std::max<std::size_t>(length, 1));
    if (length == 0 && continues_character(line[at]) && at > 0)
      ++at;  // counted as part of the one before, as in a Place
    else {
      characters.emplace_back(length == 0 || (is_control(character) && character != "\t") ? "?" : character);
      at += character.size();
    }
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
  text += (diagnostic.warning ? ": warning: " : ": error: ") + printable(diagnostic.message);
  if (!diagnostic.suggestion.empty()) text += fmt::format("; did you mean {}?", in_quotes(diagnostic.suggestion));
  text += '\n';
  if (place.line > 0) {
    const std::string number = fmt::format("{:>5}", place.line);
    const int room = std::max(1, excerpt_characters_max + 1 - diagnostic.source_column);
    text += fmt::format("{} | {}\n", number, diagnostic.source);
    text += fmt::format("{} | {}{}\n", std::string(number.size(), ' '),
                        padding_under(diagnostic.source, diagnostic.source_column),
                        std::string(static_cast<std::size_t>(std::clamp(place.width, 1, room)), '^'));
  }
  if (!diagnostic.allowed.empty()) {
    const std::span<const std::string> shown(diagnostic.allowed.data(),
                                             std::min(diagnostic.allowed.size(), allowed_shown_max));
    const bool all = shown.size() == diagnostic.allowed.size();
    text += fmt::format("  allowed: {}{}\n", printable(fmt::format("{}", fmt::join(shown, ", "))), all ? "" : ", …");
  }
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
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    const std::string_view character = text.substr(at, std::max<std::size_t>(length, 1));
    if (length > 0 && !is_control(character)) clean += character;
    else
      for (const char byte : character)
        clean += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    at += character.size();
  }
  return clean;
}

std::string in_quotes(std::string_view text) {
  if (text.size() <= quoted_bytes_max) return "'" + printable(text) + "'";
  std::size_t end = quoted_bytes_max;
  while (end > 0 && continues_character(text[end])) --end;
  return "'" + printable(text.substr(0, end)) + "…'";
}

}  // namespace stormproof::scenarios
