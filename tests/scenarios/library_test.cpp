// The scenarios that come with stormproof, and those of its documentation, are right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Library, EveryFileIsRight) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STORMPROOF_SOURCE_DIR "/scenarios/library")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const auto scenario = load(entry.path().string(), golden::environment({}));
    EXPECT_TRUE(scenario.has_value()) << render(scenario.error());
    EXPECT_TRUE(text_of(entry.path()).starts_with("# yaml-language-server: $schema=../schema/scenario.schema.json\n"))
        << entry.path();
  }
  EXPECT_GE(files, 3U);
}

TEST(Library, TheDemoTakesItsPortsFromTheEnvironment) {
  const auto scenario = load(STORMPROOF_SOURCE_DIR "/scenarios/library/payments-outage.yaml",
                             golden::environment({{"SHOP", "/opt/shop"},
                                                  {"SHOP_VERSION", "2"},
                                                  {"SHOP_PORT", "1"},
                                                  {"PAYMENTS_PROXY_PORT", "2"},
                                                  {"PAYMENTS_PORT", "3"},
                                                  {"CAPTURE", "c"}}));
  ASSERT_TRUE(scenario.has_value()) << render(scenario.error());
  EXPECT_EQ(scenario->topology.candidate.url, "http://127.0.0.1:1");
  EXPECT_EQ(scenario->topology.candidate.command, (std::vector<std::string>{"/opt/shop", "--version", "2", "--port",
                                                                            "1", "--payments", "http://127.0.0.1:2"}));
  EXPECT_EQ(scenario->topology.dependencies.at(0).proxy, "127.0.0.1:2");
  EXPECT_EQ(scenario->topology.dependencies.at(0).upstream, "http://127.0.0.1:3");
  EXPECT_EQ(scenario->traffic.capture, "c");
  EXPECT_EQ(scenario->traffic.rate_per_second, 100.0);
}

TEST(Documentation, EveryWholeScenarioIsRight) {
  const std::string page = text_of(STORMPROOF_SOURCE_DIR "/docs/scenario-language.md");
  constexpr std::string_view fence = "```yaml\n";
  std::size_t whole = 0;
  for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at + 1)) {
    const std::size_t start = at + fence.size();
    const std::string block = page.substr(start, page.find("```", start) - start);
    if (!block.starts_with("version:")) continue;
    ++whole;
    EXPECT_THAT(golden::messages(block), testing::Not(testing::HasSubstr(": error: "))) << block;
  }
  EXPECT_GE(whole, 2U);
}

}  // namespace
}  // namespace stormproof::scenarios
