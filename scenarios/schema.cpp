#include "scenarios/schema.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "scenarios/language.h"

namespace stormproof::scenarios {
namespace {

namespace json = boost::json;

// A scalar with a ${…} in it is judged only once that is put in.
constexpr std::string_view variable_pattern = "\\$\\{";

std::string definition_name(std::string_view record_name) {
  std::string name(record_name);
  for (char& c : name) c = c == ' ' ? '-' : c;
  return name;
}

json::object reference(const Record& record) { return {{"$ref", "#/definitions/" + definition_name(record.name)}}; }

json::object variable() { return {{"type", "string"}, {"pattern", variable_pattern}}; }

json::object scalar(Form form) {
  switch (form) {
    case Form::version: return {{"enum", json::array{1}}};
    case Form::count: return {{"anyOf", json::array{json::object{{"type", "integer"}, {"minimum", 0}}, variable()}}};
    case Form::status:
      return {
          {"anyOf", json::array{json::object{{"type", "integer"}, {"minimum", 200}, {"maximum", 599}}, variable()}}};
    case Form::flag: return {{"anyOf", json::array{json::object{{"type", "boolean"}}, variable()}}};
    case Form::text:
    case Form::header_value: return {{"type", json::array{"string", "number", "boolean"}}};
    case Form::line: return {{"type", json::array{"string", "number", "boolean"}}, {"pattern", pattern(form)}};
    default: break;
  }
  if (!words(form).empty()) {
    json::array known;
    for (const std::string_view word : words(form)) known.emplace_back(word);
    return {{"enum", std::move(known)}};
  }
  return {{"type", "string"}, {"pattern", fmt::format("({})|{}", pattern(form), variable_pattern)}};
}

json::object value(const Shape& shape) {
  json::array kinds;
  if (shape.scalar) kinds.emplace_back(scalar(*shape.scalar));
  if (shape.map != nullptr) kinds.emplace_back(reference(*shape.map));
  if (shape.list) kinds.emplace_back(json::object{{"type", "array"}, {"minItems", 1}, {"items", value(*shape.list)}});
  if (shape.named) {
    json::object names = {{"type", "object"}, {"additionalProperties", value(*shape.named)}};
    if (!pattern(shape.name_form).empty()) names["propertyNames"] = json::object{{"pattern", pattern(shape.name_form)}};
    kinds.emplace_back(std::move(names));
  }
  if (kinds.size() == 1) return std::move(kinds.front().as_object());
  return {{"anyOf", std::move(kinds)}};
}

json::object property(const Key& key) {
  // Draft 7 ignores what stands beside a $ref: the description goes around it.
  json::object of = value(key.shape);
  json::object property = {{"description", fmt::format("{}\nExample: {}: {}", key.says, key.name, key.example)}};
  if (of.contains("$ref")) property["allOf"] = json::array{std::move(of)};
  else
    for (auto& [name, part] : of) property[name] = std::move(part);
  return property;
}

json::object definition(const Record& record) {
  json::object properties;
  json::array required;
  for (const Key& key : record.keys) {
    properties[key.name] = property(key);
    if (key.required) required.emplace_back(key.name);
  }
  json::object definition = {{"description", record.says},
                             {"type", "object"},
                             {"additionalProperties", false},
                             {"properties", std::move(properties)}};
  if (!required.empty()) definition["required"] = std::move(required);
  if (record.choice) {
    json::array choices;
    for (const std::string_view name : record.choice->of)
      choices.emplace_back(json::object{{"required", json::array{name}}});
    definition[record.choice->exactly_one ? "oneOf" : "anyOf"] = std::move(choices);
  }
  return definition;
}

// Boost.JSON writes in one line only; a committed schema should show its changes line by line.
void print(const json::value& value, const std::string& indent, std::string& text) {
  const std::string deeper = indent + "  ";
  const auto separate = [&](bool first) { text += (first ? "\n" : ",\n") + deeper; };
  bool first = true;
  if (const json::object* const object = value.if_object(); object != nullptr && !object->empty()) {
    text += '{';
    for (const auto& [name, part] : *object) {
      separate(std::exchange(first, false));
      text += json::serialize(json::value(name)) + ": ";
      print(part, deeper, text);
    }
    text += "\n" + indent + '}';
  } else if (const json::array* const array = value.if_array();
             array != nullptr && !array->empty() && !array->front().is_string()) {
    text += '[';
    for (const json::value& part : *array) {
      separate(std::exchange(first, false));
      print(part, deeper, text);
    }
    text += "\n" + indent + ']';
  } else {
    text += json::serialize(value);
  }
}

}  // namespace

std::string schema() {
  json::object definitions;
  for (const Record* const record : all_records()) {
    if (record != &scenario_record()) definitions[definition_name(record->name)] = definition(*record);
  }
  json::object root = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                       {"title", "stormproof scenario, version 1"}};
  for (auto& [name, part] : definition(scenario_record())) root[name] = std::move(part);
  root["definitions"] = std::move(definitions);
  std::string text;
  print(root, "", text);
  return text + '\n';
}

}  // namespace stormproof::scenarios
