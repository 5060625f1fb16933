// The test of the repository: every rule over every file that is ours.
//
// A breach that is known and not yet mended stands in debts.txt as "rule path: why"; one that is mended must leave it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/tidy/rules.h"
#include "tests/tidy/text.h"
#include "tests/tidy/tree_rules.h"

namespace stormproof::tidy {
namespace {

namespace fs = std::filesystem;

const fs::path root = STORMPROOF_SOURCE_DIR;

bool left_out(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name == "node_modules" || name == "build" || name == ".cache" || name == "stormproof-out";
}

void add_files_of(const fs::path& folder, std::map<std::string, std::string>& files) {
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && left_out(entry->path())) entry.disable_recursion_pending();
    if (!entry->is_regular_file() || entry->is_symlink()) continue;
    files[entry->path().lexically_relative(root).generic_string()] = support::read_file(entry->path()).value();
  }
}

// What git tracks, or would: found without git, which may refuse a tree of another user.
std::map<std::string, std::string> files_of_the_tree() {
  std::map<std::string, std::string> files;
  for (const char* const folder :
       {"harness", "faults", "replay", "scenarios", "reports", "tests", "cmake", "docs", ".ci"}) {
    if (fs::is_directory(root / folder)) add_files_of(root / folder, files);
  }
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_regular_file() && !entry.is_symlink() && entry.path().filename() != ".git") {
      files[entry.path().filename().string()] = support::read_file(entry.path()).value();
    }
  }
  return files;
}

class Repository : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    files = files_of_the_tree();
    for (const auto& [path, text] : files) paths.insert(path);
  }

  using Rule = std::function<Breaches(const std::string& path, const std::string& text)>;

  // Fails with each breach of the rule that is no known debt.
  static void expect_none_in_each(const Rule& rule) {
    std::size_t looked_at = 0;
    Breaches breaches;
    for (const auto& [path, text] : files) {
      if (text.find('\0') != std::string::npos) continue;  // not text
      ++looked_at;
      for (Breach& breach : rule(path, text)) breaches.push_back(std::move(breach));
    }
    EXPECT_GT(looked_at, 50u);
    expect_none(breaches);
  }

  static void expect_none(const Breaches& breaches) {
    const auto known = debts();
    std::string all;
    for (const Breach& breach : breaches) {
      if (!known.contains(breach.rule + " " + breach.path)) all += "\n  " + breach.to_string();
    }
    EXPECT_TRUE(all.empty()) << all;
  }

  // "rule path" of every line of debts.txt.
  static Paths debts() {
    Paths known;
    for (const std::string& line : split(files.at("tests/tidy/debts.txt"), '\n')) {
      if (!line.empty() && !line.starts_with('#')) known.insert(line.substr(0, line.find(':')));
    }
    return known;
  }

  static inline std::map<std::string, std::string> files;
  static inline Paths paths;
};

TEST_F(Repository, IncludesGoToALowerRank) {
  expect_none_in_each([](const auto& path, const auto& text) { return include_ranks(path, text, paths); });
}
TEST_F(Repository, LibrariesStayInTheirRooms) { expect_none_in_each(library_places); }
TEST_F(Repository, NamesSayWhatAThingDoes) { expect_none_in_each(banned_names); }
TEST_F(Repository, BannedCallsAreNotMade) { expect_none_in_each(banned_calls); }
TEST_F(Repository, NamespacesFollowFolders) { expect_none_in_each(namespaces_follow_folders); }
TEST_F(Repository, MainIsShort) { expect_none_in_each(main_is_short); }
TEST_F(Repository, FilesAreShort) { expect_none_in_each(files_are_short); }
TEST_F(Repository, EveryTestAsserts) { expect_none_in_each(tests_assert); }
TEST_F(Repository, NothingIsLeftToDo) { expect_none_in_each(nothing_is_left_to_do); }
TEST_F(Repository, NoPathsOfOneMachine) { expect_none_in_each(no_machine_paths); }
TEST_F(Repository, NoRegistryHosts) { expect_none_in_each(no_registry_hosts); }
TEST_F(Repository, LinksLeadSomewhere) {
  expect_none_in_each([](const auto& path, const auto& text) { return links_lead_somewhere(path, text, paths); });
}
TEST_F(Repository, HeadersHaveTests) { expect_none(headers_have_tests(paths)); }
TEST_F(Repository, FoldersHaveReadmes) { expect_none(folders_have_readmes(paths)); }

// Each debt is still owed: all rules again, because ctest runs each test in a process of its own.
TEST_F(Repository, DebtsAreStillOwed) {
  Breaches breaches = headers_have_tests(paths);
  const auto add = [&breaches](Breaches more) { breaches.insert(breaches.end(), more.begin(), more.end()); };
  add(folders_have_readmes(paths));
  for (const auto& [path, text] : files) {
    add(include_ranks(path, text, paths));
    add(links_lead_somewhere(path, text, paths));
    for (const auto rule :
         {library_places, banned_names, banned_calls, namespaces_follow_folders, main_is_short, files_are_short,
          tests_assert, nothing_is_left_to_do, no_machine_paths, no_registry_hosts}) {
      add(rule(path, text));
    }
  }
  Paths owed;
  for (const Breach& breach : breaches) owed.insert(breach.rule + " " + breach.path);
  for (const std::string& debt : debts())
    EXPECT_TRUE(owed.contains(debt)) << debt << " is mended: take it out of tests/tidy/debts.txt";
}

#ifdef STORMPROOF_PROGRAM
TEST_F(Repository, LibraryScenariosPassLint) {
  std::vector<std::string> argv = {STORMPROOF_PROGRAM, "lint"};
  for (const std::string& path : paths) {
    if (path.starts_with("scenarios/library/") && path.ends_with(".yaml")) argv.push_back((root / path).string());
  }
  ASSERT_GT(argv.size(), 2u) << "no scenario in scenarios/library";
  const auto lint = support::run_to_end({.argv = argv});
  ASSERT_TRUE(lint.has_value()) << lint.error().message;
  EXPECT_EQ(lint->exit_code, 0) << lint->out << lint->err;
}
#endif

}  // namespace
}  // namespace stormproof::tidy
