#include "harness/app/inputs.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "reports/run_store.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace stormproof::app {
namespace {

constexpr const char* text = R"(version: 1
name: ${SP_TEST_NAME:-outage}
topology:
  service: {name: shop, candidate: {url: "http://127.0.0.1:8082", env: {KEY: "${secret:SP_TEST}"}}}
  dependencies: {payments: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"}}
traffic: {capture: x.traffic, rate: 100/s}
steady-state: {for: 5s, expect: [{errors: {at-most: 1%}}]}
phases: [{name: down, for: 5s, expect: [{errors: {at-most: 5%}}]}]
)";

class Inputs : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("SP_TEST_NAME", "chosen", 1);
    setenv("STORMPROOF_SECRET_SP_TEST", "hush", 1);
    ASSERT_TRUE(support::write_file(file_, text).has_value());
  }
  void TearDown() override {
    unsetenv("SP_TEST_NAME");
    unsetenv("STORMPROOF_SECRET_SP_TEST");
  }
  support::TempDir folder_;
  std::filesystem::path file_ = folder_.path() / "s.yaml";
};

TEST_F(Inputs, AScenarioIsLoadedWithTheVariablesThatItUsedAndNoSecret) {
  std::map<std::string, std::string> variables;
  const auto scenario = load_scenario(file_.string(), &variables);
  ASSERT_TRUE(scenario.has_value());
  EXPECT_EQ(scenario->name, "chosen");
  EXPECT_EQ(variables, (std::map<std::string, std::string>{{"SP_TEST_NAME", "chosen"}}));
}

TEST_F(Inputs, AStoredRunHasTheScenarioOfThenWhateverTheEnvironmentIsNow) {
  reports::RunRecord record;
  record.scenario_text = text;
  record.scenario_file = "s.yaml";
  record.variables = {{"SP_TEST_NAME", "of then"}};
  TearDown();
  const auto scenario = scenario_of(record);
  ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
  EXPECT_EQ(scenario->name, "of then");
}

TEST_F(Inputs, ARunIsFoundByItsIdItsStoreOrItsFolder) {
  const auto store_file = folder_.path() / store_name;
  reports::RunRecord record;
  record.id = "20260101-000000-000-0001";
  {
    auto store = reports::RunStore::open(store_file.string());
    ASSERT_TRUE(store.has_value()) << store.error().message;
    ASSERT_TRUE(store->save(record).has_value());
  }
  EXPECT_EQ(load_run(record.id, store_file.string()).value().id, record.id);
  EXPECT_EQ(load_run("latest", store_file.string()).value().id, record.id);
  EXPECT_EQ(load_run(store_file.string(), "").value().id, record.id);
  EXPECT_EQ(load_run(folder_.path().string(), "").value().id, record.id);
  EXPECT_FALSE(load_run("20260101-000000-000-0002", store_file.string()).has_value());
}

}  // namespace
}  // namespace stormproof::app
