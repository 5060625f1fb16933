#include "scenarios/parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "harness/base/seed.h"
#include "scenarios/document.h"
#include "scenarios/encoding.h"
#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Parser, ReadsARightScenario) {
  const auto scenario = parse(golden::scenario, "dir/s.yaml", golden::environment({}));
  ASSERT_TRUE(scenario.has_value()) << render(scenario.error());
  EXPECT_EQ(scenario->name, "ledger outage");
  EXPECT_EQ(scenario->file, "dir/s.yaml");
  EXPECT_EQ(scenario->text, golden::scenario);
}

TEST(Parser, TakesWindowsFiles) {
  std::string text = "\xEF\xBB\xBF";
  for (const char c : golden::scenario) text += c == '\n' ? "\r\n" : std::string(1, c);
  const auto scenario = parse(text, "s.yaml", golden::environment({}));
  ASSERT_TRUE(scenario.has_value()) << render(scenario.error());
  EXPECT_EQ(scenario->name, "ledger outage");
  EXPECT_EQ(scenario->traffic.capture, "checkout.traffic");
  EXPECT_EQ(scenario->text, text);
}

TEST(Parser, TakesAnExplicitDocumentAndItsEnd) {
  EXPECT_EQ(golden::messages("---\n" + std::string(golden::scenario) + "...\n"), "");
}

TEST(Parser, AliasesStandForWhatTheyName) {
  const auto scenario =
      parse(golden::broken("{p99: 400ms}\n",
                           "&slo {p99: 400ms}\n  - name: recovery\n    for: 9s\n    expect: [latency: *slo]\n"),
            "s.yaml", golden::environment({}));
  ASSERT_TRUE(scenario.has_value()) << render(scenario.error());
  ASSERT_EQ(scenario->phases.size(), 2U);
  const auto& latency = std::get<LatencyExpectation>(scenario->phases[1].expect.at(0).what);
  EXPECT_EQ(latency.limits.at(0).at_most, std::chrono::milliseconds(400));
  EXPECT_EQ(scenario->phases[1].expect.at(0).text, "latency: {p99: 400ms}");
}

TEST(Parser, AVariableThatIsPutInIsChecked) {
  const std::string text = golden::broken("200/s", "${LOAD:-150/s}");
  EXPECT_EQ(parse(text, "s.yaml", golden::environment({}))->traffic.rate_per_second, 150.0);
  EXPECT_EQ(parse(text, "s.yaml", golden::environment({{"LOAD", "90/s"}}))->traffic.rate_per_second, 90.0);
  EXPECT_FALSE(parse(text, "s.yaml", golden::environment({{"LOAD", "90"}})).has_value());
}

TEST(Parser, AVariableCannotBringInYaml) {
  const auto scenario =
      parse(golden::broken("ledger outage", "${N}"), "s.yaml", golden::environment({{"N", "x, owner: {y}"}}));
  ASSERT_TRUE(scenario.has_value()) << render(scenario.error());
  EXPECT_EQ(scenario->name, "x, owner: {y}");
  EXPECT_EQ(scenario->owner, "");
}

TEST(Parser, NoMessageShowsASecret) {
  const Environment environment = golden::environment({{"STORMPROOF_SECRET_S", "hunter2"}});
  for (const std::string_view part : {"ledger outage", "200/s", "20s", "503", "100%", "400ms", "127.0.0.1:19001",
                                      "http://127.0.0.1:9001", "checkout.traffic", "ledger down"}) {
    const auto parsed = parse(golden::broken(part, "${secret:S}"), "s.yaml", environment);
    if (parsed) ADD_FAILURE() << part << " took a secret";
    else EXPECT_FALSE(render(parsed.error()).contains("hunter2")) << render(parsed.error());
  }
}

TEST(Parser, HoldsItsLimits) {
  EXPECT_TRUE(golden::messages(std::string(scenario_bytes_max + 1, '\n')).contains("the file has 1048577 bytes"));
  EXPECT_TRUE(golden::messages("a: " + repeated("[", 33) + repeated("]", 33)).contains("nested deeper than 32 levels"));
  EXPECT_FALSE(golden::messages("a: " + repeated("[", 31) + repeated("]", 31)).contains("nested deeper"));
  EXPECT_TRUE(golden::messages("tags:\n" + repeated("- a\n", nodes_max)).contains("more than 20000 values"));
  EXPECT_FALSE(golden::messages("tags:\n" + repeated("- a\n", nodes_max - 10)).contains("more than 20000 values"));
}

TEST(Parser, AliasesDoNotMultiply) {
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(before + ",", 9) + before + "]\n";
  }
  EXPECT_TRUE(golden::messages(laughs).contains("more than 20000 values"));
  const std::string large =
      "a: &a \"" + repeated(std::string(1000, 'x') + "\n", 400) + "\"\nb: [" + repeated("*a,", 1000) + "*a]\n";
  EXPECT_TRUE(golden::messages(large).contains("aliases copy more than 1048576 bytes"));
}

// Each damage of a right scenario gives a scenario or messages, never a crash; every message has its place in the text.
TEST(Parser, SurvivesDamage) {
  constexpr std::string_view tokens[] = {"[",  "]",  "{",    "}",  ": ",  ":",    "- ", "\"", "'",     "\n",
                                         "  ", "\t", "&a ",  "*a", "!x ", "${",   "}",  "|",  ">",     "%",
                                         "#",  "~",  "<<: ", "? ", "±",   "\xff", "\r", ",",  "---\n", "...\n"};
  std::uint64_t refused = 0;
  for (std::uint64_t round = 0; round < 400; ++round) {
    std::string text(golden::scenario);
    for (std::uint64_t edit = 0; edit < 3; ++edit) {
      const std::uint64_t dice = base::draw(round, "damage", edit);
      const std::size_t at = dice % (text.size() + 1);
      if (dice % 3 == 0) text.erase(at, (dice >> 32U) % 9);
      else text.insert(at, tokens[(dice >> 32U) % std::size(tokens)]);
    }
    const auto parsed = parse(text, "s.yaml", golden::environment({}));
    if (parsed) continue;
    ++refused;
    ASSERT_FALSE(parsed.error().empty()) << text;
    const auto lines = std::ranges::count(text, '\n') + 1;
    for (const Diagnostic& diagnostic : parsed.error()) {
      EXPECT_GE(diagnostic.place.line, 1) << text;
      EXPECT_LE(diagnostic.place.line, lines) << text;
      EXPECT_FALSE(diagnostic.message.empty()) << text;
    }
  }
  EXPECT_GT(refused, 300U);
}

TEST(Parser, LoadsAFile) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "stormproof-parser-test.yaml";
  {
    std::ofstream(path) << golden::scenario;
  }
  const auto scenario = load(path.string(), golden::environment({}));
  std::filesystem::remove(path);
  ASSERT_TRUE(scenario.has_value()) << render(scenario.error());
  EXPECT_EQ(scenario->name, "ledger outage");
  EXPECT_EQ(scenario->file, path.string());
}

TEST(Parser, AFileThatCannotBeReadIsOneMessage) {
  const auto missing = load("no/such.yaml", golden::environment({}));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(render(missing.error()), "no/such.yaml: error: cannot open the scenario: No such file or directory\n");
  const auto folder = load(testing::TempDir(), golden::environment({}));
  ASSERT_FALSE(folder.has_value());
  EXPECT_TRUE(render(folder.error()).contains("cannot read the scenario: Is a directory")) << render(folder.error());
  const auto endless = load("/dev/zero", golden::environment({}));
  ASSERT_FALSE(endless.has_value());
  EXPECT_TRUE(render(endless.error()).contains("a scenario has at most")) << render(endless.error());
}

}  // namespace
}  // namespace stormproof::scenarios
