#include "reports/evidence.h"

#include <boost/json.hpp>

namespace stormproof::reports {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

value parse(std::string_view json) {
  // Our own strings may hold any bytes, and the serializer passes them through.
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  return boost::json::parse(json, {}, options);
}

std::string string_of(const value& node) { return std::string(std::string_view(node.as_string())); }

value estimate_of(const verify::Check& check) {
  if (!check.estimate) return nullptr;
  return object{{"of", check.estimate->of}, {"low", check.estimate->low}, {"high", check.estimate->high}};
}

// Runs that were stored before have none.
std::optional<verify::Estimate> read_estimate(const value& check) {
  const value* const found = check.as_object().if_contains("estimate");
  if (found == nullptr || found->is_null()) return std::nullopt;
  return verify::Estimate{string_of(found->at("of")), found->at("low").to_number<double>(),
                          found->at("high").to_number<double>()};
}

void take_evidence(const value& node, verify::Finding& finding) {
  for (const value& item : node.at("checks").as_array()) {
    finding.checks.push_back({.name = string_of(item.at("name")),
                              .verdict = verdict_of(string_of(item.at("verdict"))).value(),
                              .expected = string_of(item.at("expected")),
                              .measured = string_of(item.at("measured")),
                              .missing = string_of(item.at("missing")),
                              .samples = item.at("samples").to_number<std::uint64_t>(),
                              .estimate = read_estimate(item)});
  }
  for (const value& item : node.at("timeline").as_array()) {
    const base::Nanoseconds at(item.at("at_ns").to_number<std::int64_t>());
    finding.timeline.push_back({base::Time(at), string_of(item.at("what"))});
  }
  for (const value& item : node.at("requests").as_array()) finding.exchanges.push_back(item.to_number<std::uint64_t>());
}

}  // namespace

std::string evidence_of(const verify::Finding& finding) {
  array checks, instants;
  for (const verify::Check& check : finding.checks) {
    checks.push_back(object{{"name", check.name},
                            {"verdict", verify::to_string(check.verdict)},
                            {"expected", check.expected},
                            {"measured", check.measured},
                            {"missing", check.missing},
                            {"samples", check.samples},
                            {"estimate", estimate_of(check)}});
  }
  for (const verify::Instant& instant : finding.timeline) {
    instants.push_back(object{{"at_ns", instant.at.time_since_epoch().count()}, {"what", instant.what}});
  }
  return boost::json::serialize(object{{"checks", std::move(checks)},
                                       {"timeline", std::move(instants)},
                                       {"requests", array(finding.exchanges.begin(), finding.exchanges.end())}});
}

base::Result<void> read_evidence(std::string_view json, verify::Finding& finding) try {
  take_evidence(parse(json), finding);
  return {};
} catch (const std::exception& error) {
  return base::fail(std::string("the evidence of a finding cannot be read: ") + error.what());
}

base::Result<verify::Verdict> verdict_of(std::string_view word) {
  for (const auto verdict : {verify::Verdict::holds, verify::Verdict::violated, verify::Verdict::inconclusive}) {
    if (word == verify::to_string(verdict)) return verdict;
  }
  return base::fail("there is no verdict '" + std::string(word) + "'");
}

std::string json_of(const std::map<std::string, std::string>& values) {
  object out;
  for (const auto& [name, words] : values) out[name] = words;
  return boost::json::serialize(out);
}

base::Result<std::map<std::string, std::string>> read_values(std::string_view json) try {
  std::map<std::string, std::string> values;
  for (const auto& field : parse(json).as_object()) values.emplace(field.key(), string_of(field.value()));
  return values;
} catch (const std::exception& error) {
  return base::fail(std::string("the values cannot be read: ") + error.what());
}

}  // namespace stormproof::reports
