#include "scenarios/encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::scenarios {
namespace {

std::string first_message(std::string_view text) {
  const Source source("s.yaml", text);
  Complaints complaints(source);
  check_encoding(source, complaints);
  return complaints.empty() ? "" : complaints.in_order().front().message;
}

TEST(Encoding, LetsOrdinaryTextPass) {
  EXPECT_EQ(first_message(""), "");
  EXPECT_EQ(first_message("a: 2s ± 20%\r\n# \ttab in a comment\n\t\n  \t# and here\nb: c\td\n"), "");
  EXPECT_EQ(first_message("\xEF\xBB\xBF"
                          "a: b"),
            "");
}

TEST(Encoding, RefusesWhatYamlWouldMisread) {
  EXPECT_EQ(first_message("a:\n\tb: 1\n"), "a tab in the indentation; YAML indents with spaces");
  EXPECT_EQ(first_message("a:\n  \tb: 1\n"), "a tab in the indentation; YAML indents with spaces");
  EXPECT_EQ(first_message("a: b\rc: d"), "a carriage return without a line feed; end lines with LF or CRLF");
  EXPECT_EQ(first_message("a: \xC3"), "byte 0xc3 is not UTF-8");
  EXPECT_EQ(first_message(std::string_view("a\0b", 3)), "control character U+0000");
  EXPECT_EQ(first_message("\xC2\x85"), "control character U+0085");
  EXPECT_EQ(first_message("\xFF\xFE"
                          "a"),
            "the file is UTF-16");
}

TEST(Encoding, HoldsTheLimitsOfSize) {
  std::string lines;
  while (lines.size() + line_bytes_max + 1 <= scenario_bytes_max) lines += std::string(line_bytes_max, '#') + '\n';
  lines.resize(scenario_bytes_max, '\n');
  EXPECT_EQ(first_message(lines), "");
  EXPECT_EQ(first_message(lines + '\n'), "the file has 1048577 bytes; a scenario has at most 1048576");
  EXPECT_EQ(first_message(std::string(line_bytes_max + 1, '#')), "the line has 16385 bytes; a line has at most 16384");
}

}  // namespace
}  // namespace stormproof::scenarios
