// Each rule catches a bad example and lets its good twin pass: a check that cannot fail is no check.
#include "tests/tidy/rules.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::tidy {
namespace {

const Paths tree = {"harness/base/clock.h",  "harness/events/event.h", "harness/wire/net.h",    "faults/plan.h",
                    "replay/script.h",       "scenarios/model.h",      "harness/proxy/relay.h", "reports/store.h",
                    "tests/support/ports.h", "harness/app/commands.h"};

Breaches ranks(const std::string& path, const std::string& included) {
  return include_ranks(path, "#include \"" + included + "\"\n", tree);
}

TEST(TidyRules, IncludesGoToALowerRank) {
  EXPECT_TRUE(ranks("faults/plan.cpp", "faults/plan.h").empty());
  EXPECT_TRUE(ranks("faults/plan.cpp", "harness/base/clock.h").empty());
  EXPECT_TRUE(ranks("harness/proxy/relay.cpp", "harness/wire/net.h").empty());
  EXPECT_TRUE(ranks("harness/main.cpp", "harness/app/commands.h").empty());
  EXPECT_TRUE(ranks("tests/faults/plan_test.cpp", "reports/store.h").empty());
  EXPECT_EQ(ranks("harness/base/clock.cpp", "harness/events/event.h").size(), 1u);
  EXPECT_EQ(ranks("scenarios/model.cpp", "harness/proxy/relay.h").size(), 1u) << "equal ranks do not know each other";
  EXPECT_EQ(ranks("reports/store.cpp", "tests/support/ports.h").size(), 1u);
}

TEST(TidyRules, FaultsAndReplayNeverIncludeEachOther) {
  EXPECT_EQ(ranks("faults/plan.cpp", "replay/script.h").size(), 1u);
  EXPECT_EQ(ranks("replay/script.cpp", "faults/plan.h").size(), 1u);
}

TEST(TidyRules, TheProxyNeverNamesAFault) {
  EXPECT_EQ(ranks("harness/proxy/relay.cpp", "faults/plan.h").size(), 1u);
  EXPECT_TRUE(ranks("harness/app/commands.cpp", "faults/plan.h").empty());
}

TEST(TidyRules, IncludesAreByPathFromTheRoot) {
  const auto breaches = ranks("faults/plan.cpp", "plan.h");
  ASSERT_EQ(breaches.size(), 1u);
  EXPECT_EQ(breaches[0].to_string(),
            "faults/plan.cpp:1: \"plan.h\" is no file: includes are by path from the root [include_ranks]");
  EXPECT_EQ(ranks("tests/faults/plan_test.cpp", "plan.h").size(), 1u);
}

TEST(TidyRules, LibrariesStayInTheirRooms) {
  EXPECT_TRUE(library_places("harness/wire/framer.cpp", "#include <boost/beast/http.hpp>\n").empty());
  EXPECT_EQ(library_places("scenarios/parser.cpp", "#include <boost/beast/http.hpp>\n").size(), 1u);
  EXPECT_EQ(library_places("replay/sniff.cpp", "#include <openssl/ssl.h>\n").size(), 1u);
  EXPECT_EQ(library_places("harness/proxy/relay.cpp", "#include <nghttp2/nghttp2.h>\n").size(), 1u);
  EXPECT_TRUE(library_places("scenarios/parser.cpp", "#include <yaml-cpp/yaml.h>\n").empty());
  EXPECT_EQ(library_places("scenarios/parser.h", "#include <yaml-cpp/yaml.h>\n").size(), 1u) << "in .cpp files only";
  EXPECT_EQ(library_places("harness/run/run.cpp", "#include <yaml-cpp/yaml.h>\n").size(), 1u);
  EXPECT_EQ(library_places("harness/wire/net.cpp", "#include <sqlite3.h>\n").size(), 1u);
  EXPECT_EQ(library_places("faults/plan.h", "#include <gtest/gtest.h>\n").size(), 1u);
  EXPECT_TRUE(library_places("tests/faults/plan_test.cpp", "#include <gtest/gtest.h>\n").empty());
}

TEST(TidyRules, NamesSayWhatAThingDoes) {
  EXPECT_EQ(banned_names("faults/fault_manager.h", "").size(), 1u);
  EXPECT_EQ(banned_names("replay/utils.cpp", "").size(), 1u);
  EXPECT_TRUE(banned_names("replay/utility_bills.cpp", "").empty());
  for (const auto code : {"class SessionManager {", "struct [[nodiscard]] StringUtil {", "enum class HelperKind {",
                          "using Impl = int;", "class RelayImpl final {"}) {
    EXPECT_EQ(banned_names("faults/plan.h", code).size(), 1u) << code;
  }
  for (const auto code : {"class Management {", "// class Manager", "struct Simple {", "auto x = \"class Util\";",
                          "using namespace impl;"}) {
    EXPECT_TRUE(banned_names("faults/plan.h", code).empty()) << code;
  }
  EXPECT_TRUE(banned_names("docs/util.md", "class Manager").empty());
}

TEST(TidyRules, CallsThatAreNotMade) {
  for (const auto code :
       {"std::this_thread::sleep_for(1s);", "sleep_until(t);", "usleep(3);", "sleep (1);", "thread.detach();",
        "co_spawn(io, f(), asio::detached);", "class A : std::enable_shared_from_this<A> {};", "shared_from_this();",
        "int r = rand();", "return rand();", "std::system(\"ls\");", "strcpy(a, b);", "sprintf(a, b);", "gets(a);",
        "using namespace std;", "try { f(); } catch (...) {}", "try { f(); } catch (const E& e) {\n  // nothing\n}"}) {
    EXPECT_EQ(banned_calls("faults/plan.cpp", code).size(), 1u) << code;
    EXPECT_EQ(banned_calls("tests/faults/plan_test.cpp", code).size(), 1u) << "in tests too: " << code;
  }
  for (const auto code : {"// sleep_for", "const Nanoseconds sleep(3);", "using namespace std::chrono_literals;",
                          "options.sleep = 2s;", "strand(x);", "boost::system::error_code e;", "snprintf(a, 3, b);",
                          "catch (const E& e) { return fail(e.what()); }", "bool detach = true;", "text = \"rand()\";",
                          "fgets(a, 3, f);"}) {
    EXPECT_TRUE(banned_calls("faults/plan.cpp", code).empty()) << code;
  }
}

TEST(TidyRules, AHeaderOpensNoNamespaceForOthers) {
  EXPECT_EQ(banned_calls("faults/plan.h", "using namespace stormproof;").size(), 1u);
  EXPECT_TRUE(banned_calls("faults/plan.cpp", "using namespace stormproof;").empty());
}

TEST(TidyRules, SaysTheLine) {
  const auto breaches = banned_calls("faults/plan.cpp", "int a;\n\nint b = rand();\n");
  ASSERT_EQ(breaches.size(), 1u);
  EXPECT_EQ(breaches[0].line, 3);
}

TEST(TidyRules, NamespacesFollowFolders) {
  EXPECT_TRUE(namespaces_follow_folders("harness/base/clock.h", "namespace stormproof::base {\nnamespace detail {}\n}")
                  .empty());
  EXPECT_TRUE(namespaces_follow_folders("harness/base/task.h",
                                        "namespace stormproof::base {}\nnamespace stormproof::base::detail {}")
                  .empty());
  EXPECT_EQ(namespaces_follow_folders("harness/base/clock.h", "namespace stormproof::harness {}").size(), 2u)
      << "wrong, and its own is absent";
  EXPECT_EQ(namespaces_follow_folders("harness/base/clock.h", "int x;").size(), 1u);
  EXPECT_EQ(namespaces_follow_folders("faults/plan.cpp", "namespace stormproof {}").size(), 1u);
  EXPECT_TRUE(namespaces_follow_folders("harness/wire/beast_separate.cpp", "#include <x>").empty());
  EXPECT_TRUE(namespaces_follow_folders("faults/plan.cpp",
                                        "namespace other = stormproof::replay;\nnamespace stormproof::faults {}")
                  .empty());
  EXPECT_TRUE(namespaces_follow_folders("tests/faults/plan_test.cpp", "namespace anything {}").empty());
}

TEST(TidyRules, MainIsShort) {
  std::string text;
  for (int i = 0; i < 39; ++i) text += "x\n";
  EXPECT_TRUE(main_is_short("harness/main.cpp", text).empty());
  EXPECT_EQ(main_is_short("harness/main.cpp", text + "x\n").size(), 1u);
  EXPECT_TRUE(main_is_short("tests/subjects/shop/main.cpp", text + "x\n").empty());
}

TEST(TidyRules, ALongFileSaysWhy) {
  std::string text;
  for (int i = 0; i < file_lines_max; ++i) text += "x\n";
  EXPECT_TRUE(files_are_short("faults/plan.cpp", text).empty());
  EXPECT_EQ(files_are_short("faults/plan.cpp", text + "x\n").size(), 1u);
  EXPECT_TRUE(files_are_short("faults/plan.cpp", "// Long because: one table.\n" + text).empty());
  EXPECT_EQ(files_are_short("faults/plan.cpp", text + "// Long because: too late.\n").size(), 1u);
  EXPECT_TRUE(files_are_short("docs/faults.md", text + "x\n").empty());
}

TEST(TidyRules, EveryTestAsserts) {
  EXPECT_TRUE(tests_assert("tests/a_test.cpp", "TEST(A, B) { EXPECT_EQ(1, 1); }").empty());
  EXPECT_TRUE(tests_assert("tests/a_test.cpp", "TEST_F(A, B) { for (;;) { check_one(x); } }").empty());
  EXPECT_EQ(tests_assert("tests/a_test.cpp", "TEST(A, B) { run(); }\nTEST(A, C) { EXPECT_TRUE(x); }").size(), 1u);
  EXPECT_EQ(tests_assert("tests/a_test.cpp", "TEST(A, B) { run(); /* EXPECT_TRUE(x) */ }").size(), 1u);
}

TEST(TidyRules, KnowsItsRooms) {
  EXPECT_EQ(room_of("harness/base/clock.h"), "harness/base");
  EXPECT_EQ(room_of("reports/web/page.h"), "reports");
  EXPECT_EQ(room_of("faults_more/x.h"), "");
  EXPECT_EQ(room_of("harness/main.cpp"), "");
  EXPECT_EQ(room_of("tests/base/clock_test.cpp"), "");
}

}  // namespace
}  // namespace stormproof::tidy
