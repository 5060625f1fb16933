#include "scenarios/encoding.h"

#include <fmt/format.h>

#include <string_view>

namespace stormproof::scenarios {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

void check_line(const Source& source, std::size_t start, std::string_view line, Complaints& complaints) {
  if (line.size() > line_bytes_max) {
    complaints.add(source.place(start),
                   fmt::format("the line has {} bytes; a line has at most {}", line.size(), line_bytes_max));
    return;
  }
  const std::size_t content = line.find_first_not_of(" \t");
  const std::size_t tab = line.find('\t');
  if (content != std::string_view::npos && line[content] != '#' && tab < content) {
    complaints.add(source.place(start + tab, content - tab), "a tab in the indentation; YAML indents with spaces");
  }
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t length = character_length(line, at);
    const unsigned byte = byte_at(line, at);
    if (length == 0) {
      complaints.add(source.place(start + at), fmt::format("byte 0x{:02x} is not UTF-8", byte)).hint =
          "save the file as UTF-8";
      return;
    }
    if (byte == '\r') {
      complaints.add(source.place(start + at), "a carriage return without a line feed; end lines with LF or CRLF");
      return;
    }
    const bool c1_control = byte == 0xC2 && byte_at(line, at + 1) < 0xA0;
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F || c1_control) {
      const unsigned code = c1_control ? byte_at(line, at + 1) : byte;
      complaints.add(source.place(start + at), fmt::format("control character U+{:04X}", code)).hint =
          "take it out, or write it as an escape between double quotes";
      return;
    }
    at += length;
  }
}

}  // namespace

void check_encoding(const Source& source, Complaints& complaints) {
  const std::string_view text = source.text();
  if (text.size() > scenario_bytes_max) {
    complaints.add({},
                   fmt::format("the file has {} bytes; a scenario has at most {}", text.size(), scenario_bytes_max));
    return;
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    complaints.add({}, "the file is UTF-16").hint = "save the file as UTF-8";
    return;
  }
  for (int number = 1; number <= source.lines(); ++number) {
    check_line(source, source.offset(number - 1, 0), source.line(number), complaints);
  }
}

}  // namespace stormproof::scenarios
