#include "tests/tidy/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>

#include "tests/tidy/text.h"

namespace stormproof::tidy {
namespace {

struct Room {
  std::string_view folder;
  int rank;
};

constexpr std::array rooms = {
    Room{"harness/base", 0}, Room{"harness/events", 1}, Room{"harness/wire", 2},  Room{"faults", 3},
    Room{"replay", 3},       Room{"scenarios", 4},      Room{"harness/proxy", 4}, Room{"harness/verify", 5},
    Room{"reports", 6},      Room{"harness/run", 7},    Room{"harness/app", 8},
};
constexpr int top_rank = 9;  // harness/main.cpp

struct Library {
  std::string_view include;  // how its headers begin
  std::string_view name;
  std::vector<std::string_view> folders;  // where it may be included
  bool in_headers;
};

const std::vector<Library>& libraries() {
  static const std::vector<Library> all = {
      {"boost/beast", "Boost.Beast", {"harness/wire/", "tests/wire/", "tests/proxy/"}, true},
      {"nghttp2/", "nghttp2", {"harness/wire/", "tests/wire/"}, true},
      {"openssl/", "OpenSSL", {"harness/wire/", "tests/wire/", "tests/support/"}, true},
      {"yaml-cpp/", "yaml-cpp", {"scenarios/", "tests/"}, false},
      {"pcap", "libpcap", {"replay/", "tests/replay/"}, false},
      {"tins/", "libtins", {"replay/", "tests/replay/"}, false},
      {"sqlite3.h", "SQLite", {"replay/", "reports/", "tests/"}, true},
      {"kainjow/", "mustache", {"reports/", "tests/reports/"}, false},
      {"CLI/", "CLI11", {"harness/app/", "harness/main.cpp", "tests/"}, true},
      {"gtest/", "GoogleTest", {"tests/"}, true},
      {"gmock/", "GoogleMock", {"tests/"}, true},
      {"benchmark/", "Google Benchmark", {"tests/"}, true},
      {"prometheus/", "prometheus-cpp", {"harness/proxy/"}, false},
  };
  return all;
}

constexpr std::array banned_words = {"Manager", "Util", "Utils", "Helper", "Helpers", "Impl", "Handler2", "Misc"};

std::optional<int> rank_of(std::string_view path) {
  if (path == "harness/main.cpp") return top_rank;
  const std::string room = room_of(path);
  for (const Room& each : rooms) {
    if (each.folder == room) return each.rank;
  }
  return std::nullopt;
}

bool has_word(std::string_view name) {
  return std::ranges::any_of(banned_words, [name](std::string_view word) { return name == word; });
}

// "HTTPUtilTable" → HTTP? no: T, ables apart: words begin with a capital that follows a small letter.
std::vector<std::string> title_words(std::string_view name) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool starts = std::isupper(static_cast<unsigned char>(name[i])) != 0 &&
                        (i == 0 || std::isupper(static_cast<unsigned char>(name[i - 1])) == 0);
    if (starts || words.empty()) words.emplace_back();
    words.back().push_back(name[i]);
  }
  return words;
}

// "Nanoseconds sleep(3)" names a thing of its own; "return sleep(3)" calls.
bool declared_at(std::string_view code, std::size_t at) {
  const std::string before = previous_word(code, at);
  static constexpr std::array calling = {"return", "co_return", "co_await", "co_yield", "else", "do", "case", "throw"};
  return !before.empty() && std::ranges::find(calling, before) == calling.end();
}

std::string capitalised(std::string word) {
  if (!word.empty()) word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
  return word;
}

}  // namespace

std::string Breach::to_string() const {
  return line == 0 ? fmt::format("{}: {} [{}]", path, what, rule)
                   : fmt::format("{}:{}: {} [{}]", path, line, what, rule);
}

bool is_cpp(std::string_view path) { return path.ends_with(".h") || path.ends_with(".cpp"); }

std::string room_of(std::string_view path) {
  for (const Room& room : rooms) {
    if (path.starts_with(room.folder) && path.substr(room.folder.size()).starts_with('/'))
      return std::string(room.folder);
  }
  return "";
}

Breaches include_ranks(const std::string& path, std::string_view text, const Paths& all) {
  Breaches breaches;
  if (!is_cpp(path)) return breaches;
  const auto rank = rank_of(path);
  for (const Include& include : includes_of(text)) {
    if (!include.quoted) continue;
    const auto breach = [&](std::string what) {
      breaches.push_back({"include_ranks", path, include.line, std::move(what)});
    };
    if (!all.contains(include.name)) {
      breach(fmt::format("\"{}\" is no file: includes are by path from the root", include.name));
      continue;
    }
    if (!rank) continue;  // tests may include anything
    const auto other = rank_of(include.name);
    if (!other) breach(fmt::format("the product does not include {}", include.name));
    else if (room_of(path) == "harness/proxy" && room_of(include.name) == "faults") {
      breach("the proxy never names a fault: it knows wire::Intercept");
    } else if (room_of(include.name) != room_of(path) && *other >= *rank) {
      breach(fmt::format("rank {} does not include {} of rank {}", *rank, include.name, *other));
    }
  }
  return breaches;
}

Breaches library_places(const std::string& path, std::string_view text) {
  Breaches breaches;
  if (!is_cpp(path)) return breaches;
  for (const Include& include : includes_of(text)) {
    for (const Library& library : libraries()) {
      if (!include.name.starts_with(library.include)) continue;
      const bool allowed =
          std::ranges::any_of(library.folders, [&](std::string_view folder) { return path.starts_with(folder); });
      const auto breach = [&](std::string what) {
        breaches.push_back({"library_places", path, include.line, std::move(what)});
      };
      if (!allowed) breach(fmt::format("{} is included only in {}", library.name, fmt::join(library.folders, ", ")));
      else if (!library.in_headers && path.ends_with(".h"))
        breach(fmt::format("{} stays out of headers", library.name));
    }
  }
  return breaches;
}

Breaches banned_names(const std::string& path, std::string_view text) {
  Breaches breaches;
  if (!is_cpp(path)) return breaches;
  const std::string stem = std::filesystem::path(path).stem().string();
  for (const std::string& word : split(stem, '_')) {
    if (has_word(capitalised(word)))
      breaches.push_back({"banned_names", path, 0, fmt::format("'{}' in a file's name says nothing", word)});
  }
  const std::string code = code_of(text);
  for (const std::string_view keyword : {"class", "struct", "union", "enum", "using", "concept"}) {
    for (const std::size_t at : words_in(code, keyword)) {
      if (keyword != "enum" && preceded_by_word(code, at, "enum")) continue;  // seen with its enum
      const std::string name = next_identifier(code, at + keyword.size());
      for (const std::string& word : title_words(name)) {
        if (has_word(word))
          breaches.push_back(
              {"banned_names", path, line_at(code, at), fmt::format("{}: name it for what it does", name)});
      }
    }
  }
  return breaches;
}

Breaches banned_calls(const std::string& path, std::string_view text) {
  struct Ban {
    std::string_view word;
    std::string_view then;  // what must follow, blanks apart; "": anything
    std::string_view why;
  };
  static constexpr std::array bans = {
      Ban{"sleep_for", "", "wait for the event, not for a time"},
      Ban{"sleep_until", "", "wait for the event, not for a time"},
      Ban{"usleep", "(", "wait for the event, not for a time"},
      Ban{"nanosleep", "(", "wait for the event, not for a time"},
      Ban{"sleep", "(", "wait for the event, not for a time"},
      Ban{"detach", "(", "a thread is joined by its owner"},
      Ban{"detached", "", "a task belongs to a task group"},
      Ban{"shared_from_this", "", "say who owns it"},
      Ban{"enable_shared_from_this", "", "say who owns it"},
      Ban{"rand", "(", "chance comes from base::draw"},
      Ban{"srand", "(", "chance comes from base::draw"},
      Ban{"random_shuffle", "(", "chance comes from base::draw"},
      Ban{"system", "(", "no shell"},
      Ban{"popen", "(", "no shell"},
      Ban{"strcpy", "(", "no bound"},
      Ban{"strcat", "(", "no bound"},
      Ban{"sprintf", "(", "no bound"},
      Ban{"vsprintf", "(", "no bound"},
      Ban{"gets", "(", "no bound"},
      Ban{"strtok", "(", "hidden state"},
  };
  Breaches breaches;
  if (!is_cpp(path)) return breaches;
  const std::string code = code_of(text);
  for (const Ban& ban : bans) {
    for (const std::size_t at : words_in(code, ban.word)) {
      if (!followed_by(code, at + ban.word.size(), ban.then) || (!ban.then.empty() && declared_at(code, at))) continue;
      breaches.push_back({"banned_calls", path, line_at(code, at), fmt::format("{}: {}", ban.word, ban.why)});
    }
  }
  for (const std::size_t at : words_in(code, "namespace")) {
    const bool whole = preceded_by_word(code, at, "using");
    const std::string name = next_qualified_name(code, at + 9);
    if (whole && name == "std")
      breaches.push_back({"banned_calls", path, line_at(code, at), "using namespace std: name what is used"});
    else if (whole && path.ends_with(".h")) {
      breaches.push_back(
          {"banned_calls", path, line_at(code, at), "using namespace in a header reaches every file that includes it"});
    }
  }
  for (const std::size_t at : words_in(code, "catch")) {
    const std::size_t body = code.find('{', at);
    if (body != std::string::npos && followed_by(code, body + 1, "}")) {
      breaches.push_back({"banned_calls", path, line_at(code, at), "an empty catch hides an error"});
    }
  }
  return breaches;
}

Breaches namespaces_follow_folders(const std::string& path, std::string_view text) {
  Breaches breaches;
  const std::string room = room_of(path);
  if (!is_cpp(path) || room.empty()) return breaches;
  const std::string wanted = "stormproof::" + room.substr(room.rfind('/') + 1);
  const std::string code = code_of(text);
  bool found = false;
  for (const std::size_t at : words_in(code, "namespace")) {
    const std::string name = next_qualified_name(code, at + 9);
    if (!name.starts_with("stormproof") || preceded_by_word(code, at, "using") ||
        !followed_by(code, code.find(name, at) + name.size(), "{"))
      continue;
    found = found || name == wanted;
    if (name != wanted && !name.starts_with(wanted + "::")) {
      breaches.push_back(
          {"namespaces_follow_folders", path, line_at(code, at), fmt::format("{} here is {}", name, wanted)});
    }
  }
  if (!found && path.ends_with(".h"))
    breaches.push_back({"namespaces_follow_folders", path, 0, "nothing here is in " + wanted});
  return breaches;
}

Breaches main_is_short(const std::string& path, std::string_view text) {
  const int lines = line_count(text);
  if (path != "harness/main.cpp" || lines <= main_lines_max) return {};
  return {{"main_is_short", path, 0, fmt::format("{} lines: main only wires, in at most {}", lines, main_lines_max)}};
}

Breaches files_are_short(const std::string& path, std::string_view text) {
  const int lines = line_count(text);
  if (!is_cpp(path) || lines <= file_lines_max) return {};
  const std::size_t reason = text.find("// Long because: ");
  if (reason != std::string_view::npos && line_at(text, reason) <= 20) return {};
  return {{"files_are_short", path, 0,
           fmt::format("{} lines, above {}: part it, or say why near the top (// Long because: …)", lines,
                       file_lines_max)}};
}

Breaches tests_assert(const std::string& path, std::string_view text) {
  Breaches breaches;
  if (!path.ends_with("_test.cpp")) return breaches;
  const std::string code = code_of(text);
  for (const std::string_view macro : {"TEST", "TEST_F", "TEST_P"}) {
    for (const std::size_t at : words_in(code, macro)) {
      if (!followed_by(code, at + macro.size(), "(")) continue;
      const std::string_view body = block_after(code, at);
      const bool asserts = std::ranges::any_of(
          std::array<std::string_view, 7>{"EXPECT_", "ASSERT_", "FAIL(", "ADD_FAILURE", "expect_", "check_", "assert_"},
          [body](std::string_view sign) { return body.find(sign) != std::string_view::npos; });
      if (!asserts)
        breaches.push_back({"tests_assert", path, line_at(code, at), "a test without an assertion cannot fail"});
    }
  }
  return breaches;
}

}  // namespace stormproof::tidy
