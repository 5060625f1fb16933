#include "reports/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/reports/golden.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

TEST(Json, IsAsItEverWas) {
  expect_golden("holds.json", render_json(sample_run(Sample::holds)));
  expect_golden("violated.json", render_json(sample_run(Sample::violated)));
  expect_golden("starved.json", render_json(sample_run(Sample::starved)));
}

TEST(Json, IsAPureFunctionOfTheRecord) {
  EXPECT_EQ(render_json(sample_run(Sample::violated)), render_json(sample_run(Sample::violated)));
}

TEST(Json, CarriesItsSchemaFirst) {
  const auto document = boost::json::parse(render_json(sample_run(Sample::violated))).as_object();
  EXPECT_EQ(document.begin()->key(), "schema");
  EXPECT_EQ(document.at("schema").as_string(), "stormproof.run/1");
  EXPECT_EQ(document.at("verdict").as_string(), "VIOLATED");
  EXPECT_EQ(document.at("seed").as_string(), "11400714819323198485") << "a string: no double holds it";
  EXPECT_EQ(document.at("findings").as_array().size(), 6U);
  EXPECT_EQ(document.at("faults").at(0).at("fired").as_int64(), 2000);
}

TEST(Json, AnEmptyRecordIsWholeAndInconclusive) {
  const auto document = boost::json::parse(render_json({}));
  EXPECT_EQ(document.at("verdict").as_string(), "INCONCLUSIVE");
  EXPECT_TRUE(document.at("findings").as_array().empty());
  EXPECT_TRUE(document.at("traffic").at("targets").as_array().empty());
}

TEST(Json, HostileStringsAreValidJsonAndValidUtf8) {
  const std::string json = render_json(hostile_run());
  boost::system::error_code error;
  const auto document = boost::json::parse(json, error);  // refuses invalid UTF-8
  ASSERT_FALSE(error) << error.message();
  EXPECT_THAT(std::string(document.at("scenario").at("name").as_string()), ::testing::HasSubstr("</script>"));
  for (const char c : json) ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

TEST(Json, AQuantileWithoutAnAnswerIsNull) {
  RunRecord record;
  const base::Time start = base::Time{} + std::chrono::seconds(1000);
  record.log.exchanges = {{.outcome = events::Outcome::refused,
                           .party = record.log.names.id_of("candidate"),
                           .intended = start,
                           .start = start,
                           .end = start}};
  const auto target = boost::json::parse(render_json(record)).at("traffic").at("targets").at(0);
  EXPECT_TRUE(target.at("latency").at("p50_ms").is_null());
  EXPECT_TRUE(target.at("latency").at("max_ms").is_null());
  EXPECT_EQ(target.at("without_answer").at("refused").as_int64(), 1);
}

}  // namespace
}  // namespace stormproof::reports
