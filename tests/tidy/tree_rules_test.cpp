#include "tests/tidy/tree_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::tidy {
namespace {

// The bad examples are put together here: this file is looked at by the rules too.
std::string join(std::string_view a, std::string_view b) { return std::string(a) + std::string(b); }

TEST(TidyTreeRules, NothingIsLeftToDo) {
  for (const auto& word : {join("TO", "DO"), join("FIX", "ME"), join("XX", "X")}) {
    EXPECT_EQ(nothing_is_left_to_do("a.cpp", "ok\n// " + word + ": later\n").size(), 1u) << word;
    EXPECT_EQ(nothing_is_left_to_do("README.md", word).size(), 1u) << word;
  }
  EXPECT_TRUE(nothing_is_left_to_do("a.cpp", join("mkdtemp(\"dir-XX", "XXXX\")")).empty());
  EXPECT_TRUE(nothing_is_left_to_do("a.cpp", "// nothing to do").empty());
}

TEST(TidyTreeRules, NoPathsOfOneMachine) {
  for (const auto& path :
       {join("/wo", "rk/main"), join("/ho", "me/ada/x"), join("/ro", "ot/.npmrc"), join("/tmp/", "wt/house")}) {
    EXPECT_EQ(no_machine_paths("a.cpp", "see " + path).size(), 1u) << path;
    EXPECT_EQ(no_machine_paths("a.cpp", path).size(), 1u) << path;
    EXPECT_EQ(no_machine_paths("dev", "x=\"" + path + "\"").size(), 1u) << path;
  }
  EXPECT_TRUE(no_machine_paths("a.md", "the net/work/ folder, http://shop/home/, /tmp/stormproof").empty());
}

TEST(TidyTreeRules, NoRegistryHosts) {
  for (const auto& host : {join("registry.npm", "js.org"), join("py", "pi.org"), join("proxy.go", "lang.org"),
                           join("crates", ".io"), join("repo1.ma", "ven.org"), join("deb.deb", "ian.org")}) {
    EXPECT_EQ(no_registry_hosts("package-lock.json", "\"resolved\": \"https://" + host + "/x\"").size(), 1u) << host;
  }
  EXPECT_TRUE(no_registry_hosts("README.md", "npm, PyPI and Debian's packages; www.apache.org").empty());
}

TEST(TidyTreeRules, LinksLeadSomewhere) {
  const Paths all = {"README.md", "docs/a.md", "docs/b/c.md", "faults/README.md"};
  EXPECT_TRUE(links_lead_somewhere("docs/b/c.md",
                                   "[a](../a.md) [r](../../README.md#part) [f](../../faults) [f](../../faults/)", all)
                  .empty());
  EXPECT_TRUE(links_lead_somewhere("README.md", "[w](https://example.org/x) [p](#part) [m](mailto:a@b)", all).empty());
  EXPECT_TRUE(links_lead_somewhere("README.md", "```\n[x](none.md)\n```\n    [x](none.md)\n", all).empty());
  const auto breaches = links_lead_somewhere("docs/a.md", "ok\n[x](none.md)\n", all);
  ASSERT_EQ(breaches.size(), 1u);
  EXPECT_EQ(breaches[0].to_string(), "docs/a.md:2: docs/none.md does not exist [links_lead_somewhere]");
  EXPECT_EQ(links_lead_somewhere("docs/a.md", "[x](b/d.md) and [y](../fault)", all).size(), 2u);
  EXPECT_TRUE(links_lead_somewhere("a.cpp", "[x](none.md)", all).empty());
}

TEST(TidyTreeRules, HeadersHaveTests) {
  EXPECT_TRUE(headers_have_tests({"faults/plan.h", "tests/faults/plan_test.cpp"}).empty());
  EXPECT_TRUE(headers_have_tests({"harness/base/clock.h", "tests/base/clock_test.cpp"}).empty());
  EXPECT_TRUE(headers_have_tests({"tests/support/ports.h", "tests/support/ports_test.cpp"}).empty());
  EXPECT_TRUE(headers_have_tests({"tests/replay/fixtures.h"}).empty());
  EXPECT_EQ(headers_have_tests({"faults/plan.h", "tests/replay/plan_test.cpp"}).size(), 1u);
  EXPECT_EQ(headers_have_tests({"tests/subjects/shop/web.h"}).size(), 1u);
}

TEST(TidyTreeRules, FoldersHaveReadmes) {
  EXPECT_TRUE(folders_have_readmes({"faults/plan.h", "faults/README.md", "dev"}).empty());
  EXPECT_EQ(folders_have_readmes({"faults/plan.h", "faults/abort.h"}).size(), 1u);
  EXPECT_TRUE(folders_have_readmes({"faults/plan.h", "faults/README.md", "tests/faults/plan_test.cpp"}).empty());
  EXPECT_TRUE(
      folders_have_readmes({"harness/wire/net.h", "harness/wire/README.md", "tests/wire/net_test.cpp"}).empty());
  EXPECT_EQ(folders_have_readmes({"tests/e2e/run_test.cpp"}).size(), 1u);
  EXPECT_EQ(folders_have_readmes({"scenarios/library/a.yaml", "scenarios/README.md"}).size(), 1u);
}

}  // namespace
}  // namespace stormproof::tidy
