#include "scenarios/schema.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "scenarios/language.h"

namespace stormproof::scenarios {
namespace {

namespace json = boost::json;

TEST(Schema, TheCommittedFileIsWhatTheCodePrints) {
  std::ifstream file(STORMPROOF_SOURCE_DIR "/scenarios/schema/scenario.schema.json");
  ASSERT_TRUE(file.is_open());
  std::stringstream committed;
  committed << file.rdbuf();
  EXPECT_EQ(committed.str(), schema()) << "write it anew: stormproof schema > scenarios/schema/scenario.schema.json";
}

// The definition that stands for a record.
const json::object& definition(const json::object& root, const Record& record) {
  if (&record == &scenario_record()) return root;
  std::string name(record.name);
  std::ranges::replace(name, ' ', '-');
  return root.at("definitions").as_object().at(name).as_object();
}

TEST(Schema, KnowsTheKeysThatTheParserKnowsAndNoOther) {
  const json::value value = json::parse(schema());
  const json::object& root = value.as_object();
  for (const Record* const record : all_records()) {
    const json::object& schema_of = definition(root, *record);
    std::set<std::string> in_schema;
    for (const auto& [name, property] : schema_of.at("properties").as_object()) in_schema.emplace(name);
    const auto names = record->key_names();
    EXPECT_EQ(in_schema, std::set<std::string>(names.begin(), names.end())) << record->name;
    EXPECT_EQ(schema_of.at("additionalProperties"), json::value(false)) << record->name;
    std::set<std::string> required_in_schema;
    if (const json::value* const required = schema_of.if_contains("required")) {
      for (const json::value& name : required->as_array()) required_in_schema.emplace(name.as_string());
    }
    std::set<std::string> required;
    for (const Key& key : record->keys) {
      if (key.required) required.emplace(key.name);
    }
    EXPECT_EQ(required_in_schema, required) << record->name;
  }
  EXPECT_EQ(root.at("definitions").as_object().size() + 1, all_records().size());
}

TEST(Schema, EveryReferenceHasItsDefinition) {
  const std::string text = schema();
  const json::value value = json::parse(text);
  constexpr std::string_view mark = "\"#/definitions/";
  std::size_t references = 0;
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1), ++references) {
    const std::size_t start = at + mark.size();
    const std::string name = text.substr(start, text.find('"', start) - start);
    EXPECT_TRUE(value.as_object().at("definitions").as_object().contains(name)) << name;
  }
  EXPECT_GE(references, all_records().size() - 1);
}

TEST(Schema, DescribesEveryKeyWithAnExample) {
  const json::value value = json::parse(schema());
  for (const Record* const record : all_records()) {
    for (const auto& [name, property] : definition(value.as_object(), *record).at("properties").as_object()) {
      EXPECT_TRUE(std::string(property.at("description").as_string()).contains("\nExample: "))
          << record->name << '.' << std::string(name);
    }
  }
}

TEST(Schema, IsTheSameEachTime) { EXPECT_EQ(schema(), schema()); }

}  // namespace
}  // namespace stormproof::scenarios
