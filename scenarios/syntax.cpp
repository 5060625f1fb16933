#include "scenarios/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace stormproof::scenarios {
namespace {

char byte_at(std::string_view text, std::size_t at) { return at < text.size() ? text[at] : '\0'; }

// The brackets that are open at `end`, outermost first, read from `begin` on; quotes and comments left out. A bracket
// within a plain text opens nothing.
std::vector<std::size_t> open_brackets_between(std::string_view text, std::size_t begin, std::size_t end) {
  std::vector<std::size_t> open;
  for (std::size_t at = begin; at < std::min(end, text.size()); ++at) {
    const char c = text[at];
    const char before = at == 0 ? '\n' : text[at - 1];
    const bool begins = std::string_view(" [{,:\n").contains(before);
    if ((c == '"' || c == '\'') && begins) {
      const auto length = quoted_length(text, at);
      if (!length) return open;
      at += *length - 1;
    } else if (c == '#' && (before == ' ' || before == '\n')) {
      at = std::min(text.find('\n', at), text.size());
    } else if ((c == '[' || c == '{') && begins) {
      open.push_back(at);
    } else if ((c == ']' || c == '}') && !open.empty()) {
      open.pop_back();
      if (open.empty() && at > begin && end == text.size()) return open;
    }
  }
  return open;
}

bool is_closed(std::string_view text, std::size_t bracket) {
  return open_brackets_between(text, bracket, text.size()).empty();
}

class Explanation {
 public:
  Explanation(const Stopped& stopped, const Source& source, Complaints& complaints)
      : stopped_(stopped),
        source_(source),
        text_(source.text()),
        complaints_(complaints),
        place_(source.place(stopped.offset)) {}

  void explain() {
    const std::string_view words = stopped_.words;
    const char found = byte_at(text_, stopped_.offset);
    if (variable_between_brackets()) return;
    if (words.starts_with("end of sequence flow") || words.starts_with("end of map flow")) return open_bracket();
    if (words == "illegal flow end") return closing_bracket(found);
    if (words == "illegal map value") return map_value();
    if (words == "end of map not found" || words == "end of sequence not found") return wrong_depth(found);
    if (words == "illegal block entry") {
      return say("a list cannot begin here", "begin the list on a line of its own, or put [ ] around it");
    }
    if (words == "unknown token") {
      return say(fmt::format("a value cannot begin with '{}'", found), "put quotes around the value");
    }
    if (words.starts_with("unknown escape character")) {
      const std::size_t backslash = text_.rfind('\\', stopped_.offset);
      const std::size_t start = backslash == std::string_view::npos ? stopped_.offset : backslash;
      return say(source_.place(start, 2), fmt::format("{} is not an escape", in_quotes(text_.substr(start, 2))),
                 "write \\\\ for a backslash, or put the text between single quotes");
    }
    if (words == "the referenced anchor is not defined") {
      const std::size_t end = std::min(text_.find_first_of(" ,]}\r\n", stopped_.offset), text_.size());
      return say(source_.place(stopped_.offset, end - stopped_.offset), "this alias names no anchor",
                 "an anchor '&name' stands before its alias '*name'; put quotes around a text that begins with *");
    }
    say(fmt::format("YAML: {}", words), "");
  }

 private:
  void say(std::string message, std::string hint) { say(place_, std::move(message), std::move(hint)); }
  void say(Place place, std::string message, std::string hint) {
    complaints_.add(place, std::move(message)).hint = std::move(hint);
  }

  // [--port, ${PORT}]: the brace of ${ opens a map for YAML.
  bool variable_between_brackets() {
    if (stopped_.brackets.empty()) return false;
    const std::string_view line = source_.line(place_.line);
    const std::size_t line_start = source_.offset(place_.line - 1, 0);
    const std::size_t found = line.substr(0, stopped_.offset - line_start + 1).rfind("${");
    if (found == std::string_view::npos || line_start + found < stopped_.brackets.back()) return false;
    if (std::ranges::count(line.substr(0, found), '"') % 2 != 0) return false;
    const std::size_t end = line.find('}', found);
    const std::size_t length = end == std::string_view::npos ? 2 : end - found + 1;
    say(source_.place(line_start + found, length), "'${…}' between brackets needs quotes",
        fmt::format("write \"{}\"", end == std::string_view::npos ? "${NAME}" : line.substr(found, length)));
    return true;
  }

  void open_bracket() {
    if (stopped_.brackets.empty()) return say("a bracket is not closed", "");
    const std::size_t opening = stopped_.brackets.back();
    if (is_closed(text_, opening) && byte_at(text_, stopped_.offset) == ':') {
      const std::size_t word = start_of_word(stopped_.offset);
      return say(source_.place(word, stopped_.offset - word), "a comma is missing before this key", "");
    }
    if (is_closed(text_, opening) && byte_at(text_, stopped_.offset) != '\0') {
      const std::size_t before = text_.find_last_not_of(' ', stopped_.offset == 0 ? 0 : stopped_.offset - 1);
      const bool after_quote = before != std::string_view::npos && (text_[before] == '"' || text_[before] == '\'');
      return say(after_quote ? "a comma is missing here, or a quote before it" : "a comma is missing here",
                 "between brackets, commas stand between the items; texts with , : [ ] { } need quotes");
    }
    say(source_.place(opening), fmt::format("'{}' is never closed", text_[opening]), "");
  }

  void closing_bracket(char found) {
    // The library reads ahead of what it tells, so `brackets` may be behind: read them again.
    const std::size_t begin =
        stopped_.brackets.empty() ? source_.offset(place_.line - 1, 0) : stopped_.brackets.front();
    const std::vector<std::size_t> open = open_brackets_between(text_, begin, stopped_.offset);
    if (open.empty()) return say(fmt::format("'{}' closes nothing", found), "");
    const std::size_t opening = open.back();
    const char wanted = text_[opening] == '[' ? ']' : '}';
    say(source_.place(opening),
        fmt::format("'{}' is not closed by the '{}' on line {}", text_[opening], found, place_.line),
        fmt::format("a '{}' is missing before column {}", wanted, place_.column));
  }

  void map_value() {
    const int before = place_.line - 1;
    if (const auto colon = colon_without_space(before)) {
      return say(source_.place(*colon), "a space is missing after this ':'", "");
    }
    const int scalar_line = stopped_.scalar ? source_.place(*stopped_.scalar).line : 0;
    if (scalar_line > 0 && scalar_line < place_.line) {
      const std::size_t word = start_of_line(place_.line);
      return say(source_.place(word, stopped_.offset - word),
                 fmt::format("this key stands below a value, on line {}, that has no fields", scalar_line),
                 "check the indentation: fields of one map begin in the same column");
    }
    say("a second ':' in one value", "put quotes around a text that has ': ' in it, or begin a new line");
  }

  void wrong_depth(char found) {
    const int scalar_line = stopped_.scalar ? source_.place(*stopped_.scalar).line : 0;
    const char quote = stopped_.scalar ? byte_at(text_, *stopped_.scalar) : '\0';
    if (scalar_line == place_.line && (quote == '"' || quote == '\'')) {
      return say("text after the closing quote", "put the quotes around the whole text");
    }
    if (found == '-')
      return say("a list item where a field was expected",
                 "check the indentation: items of one list begin in the same column");
    say("this line begins in a column that no line above begins in",
        "check the indentation: fields of one map begin in the same column");
  }

  // "share:30%" as a line of its own, `line` counted from 1.
  std::optional<std::size_t> colon_without_space(int line) const {
    const std::string_view text = source_.line(line);
    if (text.contains(": ") || text.ends_with(':')) return std::nullopt;
    std::size_t at = text.find_first_not_of(" -");
    while (at < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '-' || text[at] == '_'))
      ++at;
    if (byte_at(text, at) != ':' || at + 1 >= text.size()) return std::nullopt;
    return source_.offset(line - 1, 0) + at;
  }

  std::size_t start_of_line(int line) const {
    const std::size_t start = source_.offset(line - 1, 0);
    const std::size_t content = source_.line(line).find_first_not_of(" -");
    return std::min(start + (content == std::string_view::npos ? 0 : content), stopped_.offset);
  }

  std::size_t start_of_word(std::size_t end) const {
    while (end > 0 && !std::string_view(" ,[{\n\"'").contains(text_[end - 1])) --end;
    return end;
  }

  const Stopped& stopped_;
  const Source& source_;
  std::string_view text_;
  Complaints& complaints_;
  Place place_;
};

}  // namespace

void explain(const Stopped& stopped, const Source& source, Complaints& complaints) {
  Explanation(stopped, source, complaints).explain();
}

std::optional<std::size_t> quoted_length(std::string_view text, std::size_t offset) {
  const char quote = byte_at(text, offset);
  for (std::size_t at = offset + 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '\'' && byte_at(text, at + 1) == '\'') ++at;
      else return at + 1 - offset;
    }
  }
  return std::nullopt;
}

}  // namespace stormproof::scenarios
