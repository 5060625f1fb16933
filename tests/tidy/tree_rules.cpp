#include "tests/tidy/tree_rules.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <set>

#include "tests/tidy/text.h"

namespace stormproof::tidy {
namespace {

// Put together here, so that this file does not break its own rules.
std::string joined(std::string_view a, std::string_view b) { return std::string(a) + std::string(b); }

Breaches breaches_of_words(const char* rule, const std::string& path, std::string_view text,
                           const std::vector<std::string>& words, std::string_view why) {
  Breaches breaches;
  for (const std::string& word : words) {
    for (const std::size_t at : words_in(text, word)) {
      breaches.push_back({rule, path, line_at(text, at), fmt::format("{}: {}", word, why)});
    }
  }
  return breaches;
}

bool exists(const Paths& all, const std::string& path) {
  if (path.empty() || path == "." || all.contains(path)) return true;
  const std::string folder = path.ends_with('/') ? path : path + "/";
  const auto inside = all.lower_bound(folder);
  return inside != all.end() && inside->starts_with(folder);
}

// "../a.md#part" of docs/x/y.md is docs/a.md; "" for what leads outside of the tree by protocol.
std::string target_of(const std::string& path, std::string link) {
  link = link.substr(0, link.find_first_of("# \t"));
  if (link.empty() || link.find(':') != std::string::npos) return "";
  return (std::filesystem::path(path).parent_path() / link).lexically_normal().generic_string();
}

// tests/faults and tests/proxy, for faults and harness/proxy.
bool mirrors_a_room(const std::string& folder, const std::set<std::string>& folders) {
  if (!folder.starts_with("tests/")) return false;
  const std::string name = folder.substr(6);
  return folders.contains(name) || folders.contains("harness/" + name);
}

}  // namespace

Breaches nothing_is_left_to_do(const std::string& path, std::string_view text) {
  return breaches_of_words("nothing_is_left_to_do", path, text,
                           {joined("TO", "DO"), joined("FIX", "ME"), joined("XX", "X")}, "do it, or file an issue");
}

Breaches no_machine_paths(const std::string& path, std::string_view text) {
  Breaches breaches;
  for (const std::string& place :
       {joined("/wo", "rk/"), joined("/ho", "me/"), joined("/ro", "ot/"), joined("/tmp/", "wt")}) {
    for (std::size_t at = text.find(place); at != std::string_view::npos; at = text.find(place, at + 1)) {
      // "net/work/" or "http://shop/home/" name no folder of a machine.
      const char before = at == 0 ? ' ' : text[at - 1];
      if (is_word(before) || before == '/' || before == '.' || before == '}' || before == '*') continue;
      breaches.push_back({"no_machine_paths", path, line_at(text, at), place + "…: a path of one machine"});
    }
  }
  return breaches;
}

Breaches no_registry_hosts(const std::string& path, std::string_view text) {
  static const std::vector<std::string> hosts = {
      joined("registry.npm", "js.org"),
      joined("registry.yarn", "pkg.com"),
      joined("py", "pi.org"),
      joined("files.python", "hosted.org"),
      joined("proxy.go", "lang.org"),
      joined("sum.go", "lang.org"),
      joined("crates", ".io"),
      joined("repo1.ma", "ven.org"),
      joined("repo.ma", "ven.apache.org"),
      joined("deb.deb", "ian.org"),
      joined("security.deb", "ian.org"),
      joined("snapshot.deb", "ian.org"),
  };
  Breaches breaches;
  for (const std::string& host : hosts) {
    for (std::size_t at = text.find(host); at != std::string_view::npos; at = text.find(host, at + 1)) {
      breaches.push_back({"no_registry_hosts", path, line_at(text, at),
                          host + ": packages come by name, from wherever the machine is set to"});
    }
  }
  return breaches;
}

Breaches links_lead_somewhere(const std::string& path, std::string_view text, const Paths& all) {
  Breaches breaches;
  if (!path.ends_with(".md")) return breaches;
  bool fenced = false;
  int number = 0;
  for (const std::string& line : split(std::string(text), '\n')) {
    ++number;
    if (line.starts_with("```")) fenced = !fenced;
    if (fenced || line.starts_with("    ")) continue;
    for (std::size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 2)) {
      const std::string target = target_of(path, line.substr(at + 2, line.find(')', at) - at - 2));
      if (!exists(all, target)) breaches.push_back({"links_lead_somewhere", path, number, target + " does not exist"});
    }
  }
  return breaches;
}

Breaches headers_have_tests(const Paths& all) {
  Breaches breaches;
  for (const std::string& path : all) {
    if (!path.ends_with(".h")) continue;
    const std::string stem = path.substr(0, path.size() - 2);
    std::string test;
    if (const std::string room = room_of(path); !room.empty()) {
      test = "tests/" + room.substr(room.rfind('/') + 1) + stem.substr(room.size()) + "_test.cpp";
    } else if (path.starts_with("tests/support/") || path.starts_with("tests/subjects/") ||
               path.starts_with("tests/tidy/")) {
      test = stem + "_test.cpp";
    }
    if (!test.empty() && !all.contains(test)) breaches.push_back({"headers_have_tests", path, 0, "has no " + test});
  }
  return breaches;
}

Breaches folders_have_readmes(const Paths& all) {
  std::set<std::string> folders;
  for (const std::string& path : all) {
    const bool code = is_cpp(path) || path.ends_with(".js") || path.ends_with(".cmake") || path.ends_with(".yaml");
    if (code && path.find('/') != std::string::npos) folders.insert(path.substr(0, path.rfind('/')));
  }
  Breaches breaches;
  for (const std::string& folder : folders) {
    if (mirrors_a_room(folder, folders)) continue;
    if (!all.contains(folder + "/README.md"))
      breaches.push_back({"folders_have_readmes", folder, 0, "has no README.md"});
  }
  return breaches;
}

}  // namespace stormproof::tidy
