// Language: every key of a scenario, once: where it stands, what it takes, whether it must be there, what it means.
//
// The check of a file, the JSON Schema and the messages all come from these tables. To add a key: add it here, read it
// in reader.cpp, describe it in docs/scenario-language.md (tests find what was forgotten).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/form.h"

namespace stormproof::scenarios {

struct Record;

// What may stand at a place. Several may be set: then any of them.
struct Shape {
  std::optional<Form> scalar = {};
  const Record* map = nullptr;              // with the keys of the language
  std::shared_ptr<const Shape> list = {};   // of these, at least one
  std::shared_ptr<const Shape> named = {};  // a map whose names are the author's own
  Form name_form = Form::line;              // of those names
  bool may_be_secret = false;               // ${secret:…} is allowed: the value is stored nowhere
};

// How the tables are written.
inline Shape a(Form form) { return {.scalar = form}; }
inline Shape a(const Record& record) { return {.map = &record}; }
inline Shape list_of(Shape item) { return {.list = std::make_shared<const Shape>(std::move(item))}; }
inline Shape hideable(Form form) { return {.scalar = form, .may_be_secret = true}; }
inline Shape named(Shape value, Form name_form) {
  return {.named = std::make_shared<const Shape>(std::move(value)), .name_form = name_form};
}
inline constexpr bool required = true;
inline constexpr bool optional = false;

struct Key {
  std::string_view name;
  Shape shape;
  bool required = false;
  std::string_view says;     // for the schema: one or two sentences
  std::string_view example;  // a value, as YAML in one line
};

// Of some keys of a record exactly one, or at least one, must be there.
struct Choice {
  bool exactly_one = false;
  std::vector<std::string_view> of;
  std::string_view hint = {};  // to one who wrote two
};

struct Record {
  std::string_view name;  // "fault": as in "unknown fault field"; unique
  std::string_view says;
  std::vector<Key> keys;
  std::optional<Choice> choice = {};

  const Key* key(std::string_view key_name) const;
  std::vector<std::string> key_names() const;
};

// The whole file. Every other record is reached from it.
const Record& scenario_record();

// Every record that is reached from `root`, each once, `root` first.
std::vector<const Record*> all_records(const Record& root = scenario_record());

// The quantile that a key of a latency expectation names: 0.999 for "p99.9", 1 for "max".
double quantile_of(std::string_view key);

}  // namespace stormproof::scenarios
