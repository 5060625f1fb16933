#include "scenarios/language.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

TEST(Language, EveryRecordHasItsOwnName) {
  std::set<std::string_view> names;
  for (const Record* const record : all_records()) EXPECT_TRUE(names.insert(record->name).second) << record->name;
  EXPECT_EQ(all_records().front(), &scenario_record());
  EXPECT_EQ(names.size(), 67U) << "a record that is not reached is not part of the language";
}

TEST(Language, EveryKeyIsDescribed) {
  for (const Record* const record : all_records()) {
    EXPECT_FALSE(record->says.empty()) << record->name;
    for (const Key& key : record->keys) {
      EXPECT_TRUE(key.says.ends_with('.')) << record->name << '.' << key.name;
      EXPECT_FALSE(key.example.empty()) << record->name << '.' << key.name;
      EXPECT_TRUE(key.shape.scalar || key.shape.map != nullptr || key.shape.list || key.shape.named) << key.name;
    }
  }
}

TEST(Language, ChoicesAreAmongKeysThatMayBeLeftOut) {
  for (const Record* const record : all_records()) {
    if (!record->choice) continue;
    EXPECT_GE(record->choice->of.size(), 2U);
    for (const std::string_view name : record->choice->of) {
      ASSERT_NE(record->key(name), nullptr) << record->name << '.' << name;
      EXPECT_FALSE(record->key(name)->required) << record->name << '.' << name;
    }
  }
}

TEST(Language, FindsKeysByName) {
  EXPECT_EQ(scenario_record().key("phases")->name, "phases");
  EXPECT_EQ(scenario_record().key("phase"), nullptr);
  EXPECT_EQ(scenario_record().key_names().front(), "version");
}

TEST(Language, QuantilesComeFromTheirNames) {
  EXPECT_DOUBLE_EQ(quantile_of("p50"), 0.5);
  EXPECT_DOUBLE_EQ(quantile_of("p99"), 0.99);
  EXPECT_DOUBLE_EQ(quantile_of("p99.9"), 0.999);
  EXPECT_EQ(quantile_of("max"), 1.0);
}

// What the hints show must itself be right.
TEST(Language, EveryExampleIsRight) {
  const auto messages_with = [](const std::string& phase_part, const std::string& top_part) {
    return golden::messages(
        golden::broken("phases:\n", top_part + "phases:\n  - name: extra\n    for: 60s\n" + phase_part));
  };
  const auto example = [](std::string_view record, std::string_view key) {
    for (const Record* const one : all_records()) {
      if (one->name == record) return std::string(one->key(key)->example);
    }
    return std::string("no such record");
  };
  std::string phase_part = "    faults:\n";
  for (const std::string_view key : {"latency", "abort"}) {
    phase_part += "      - {on: ledger, share: " + example("fault", "share") +
                  ", methods: " + example("fault", "methods") + ", paths: " + example("fault", "paths") + ", " +
                  std::string(key) + ": " + example("fault", key) + "}\n";
  }
  phase_part += "    expect:\n";
  for (const std::string_view key : {"errors", "latency", "recovers"})
    phase_part += "      - " + std::string(key) + ": " + example("expectation", key) + "\n";
  for (const std::string_view key : {"opens-within", "leaks-at-most", "probes-every", "closes-within"}) {
    phase_part += "      - circuit-breaker: {on: ledger, " + std::string(key) + ": " +
                  example("circuit-breaker expectation", key) + "}\n";
  }
  for (const std::string_view kind : {"timeout", "retries", "trace-propagation", "bulkhead", "fallback"}) {
    for (const Record* const one : all_records()) {
      if (one->name != std::string(kind) + " expectation") continue;
      for (const Key& key : one->keys) {
        if (key.name == "on") continue;
        phase_part += fmt::format("      - {}: {{on: ledger, {}: {}}}\n", kind, key.name, key.example);
      }
    }
  }
  phase_part += "      - rate-limit: {";
  for (const std::string_view key :
       {"rate", "burst", "wrongly-refused-at-most", "truthful-retry-after", "status", "per"})
    phase_part += fmt::format("{}: {}, ", key, example("rate-limit expectation", key));
  phase_part += "}\n";
  for (const std::string_view key : {"p50", "p90", "p95", "p99", "p99.9", "max"}) {
    phase_part += "      - latency: {" + std::string(key) + ": " + example("latency expectation", key) + "}\n";
  }
  std::string top_part;
  for (const std::string_view key : {"owner", "tags", "gate"})
    top_part += std::string(key) + ": " + example("scenario", key) + "\n";
  EXPECT_EQ(messages_with(phase_part, top_part), "");
  EXPECT_EQ(golden::messages(golden::broken(
                "rate: 200/s", "only: " + example("traffic", "only") + "\n  allow-writes: " +
                                   example("traffic", "allow-writes") + "\n  ramp: " + example("traffic", "ramp"))),
            "");
  EXPECT_EQ(golden::messages(golden::broken("command: [./shop, --port, 8082]",
                                            "command: " + example("target", "command") + ", env: " +
                                                example("target", "env") + ", health: " + example("target", "health"))),
            "");
  EXPECT_EQ(
      golden::messages(golden::broken("{status: 503}", "{status: 503, body: " + example("abort fault", "body") +
                                                           ", headers: " + example("abort fault", "headers") + "}")),
      "");
}

// A key that the page does not name is a key that nobody finds.
TEST(Language, EveryKeyIsInTheReference) {
  std::ifstream file(STORMPROOF_SOURCE_DIR "/docs/scenario-language.md");
  ASSERT_TRUE(file.is_open());
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  for (const Record* const record : all_records()) {
    for (const Key& key : record->keys) {
      EXPECT_TRUE(text.contains("`" + std::string(key.name) + "`"))
          << "docs/scenario-language.md lacks `" << key.name << "` of " << record->name;
    }
  }
}

}  // namespace
}  // namespace stormproof::scenarios
