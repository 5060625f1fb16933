// Rules: what every C++ file of this repository keeps to. Each rule is a pure function of a path and a text.
//
// Paths are relative to the root, with slashes. A breach names the place and says what to do about it. The rules
// look at code without comments and the insides of strings, so that speaking of a thing is not doing it.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stormproof::tidy {

struct Breach {
  std::string rule;  // the function's name
  std::string path;
  int line = 0;  // from 1; 0: the file as a whole
  std::string what;

  std::string to_string() const;  // "path:line: what [rule]"
  auto operator<=>(const Breach&) const = default;
};
using Breaches = std::vector<Breach>;
using Paths = std::set<std::string>;  // of all files of the repository

inline constexpr int file_lines_max = 400;
inline constexpr int main_lines_max = 39;

// Quoted includes go to a file that exists, of the same room or of a lower rank; the product never includes tests.
Breaches include_ranks(const std::string& path, std::string_view text, const Paths& all);
// Beast, nghttp2, OpenSSL, yaml-cpp, … stay in the room that is their adapter.
Breaches library_places(const std::string& path, std::string_view text);
// No type and no file is named for being a Manager, a Helper, …
Breaches banned_names(const std::string& path, std::string_view text);
// Sleeps, detached threads and coroutines, C string functions, empty catch blocks, …
Breaches banned_calls(const std::string& path, std::string_view text);
// harness/base/clock.h is in stormproof::base.
Breaches namespaces_follow_folders(const std::string& path, std::string_view text);
// harness/main.cpp only wires.
Breaches main_is_short(const std::string& path, std::string_view text);
// A long file says why, in its first lines: "// Long because: …".
Breaches files_are_short(const std::string& path, std::string_view text);
// Every TEST has an assertion in it, or calls something named expect_… or check_….
Breaches tests_assert(const std::string& path, std::string_view text);

// The room of a product file, "harness/base" or "faults"; "" for any other file.
std::string room_of(std::string_view path);

bool is_cpp(std::string_view path);

}  // namespace stormproof::tidy
