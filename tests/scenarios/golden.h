// Golden: a correct scenario, broken in one place, and the exact messages that it gives.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/parser.h"

namespace stormproof::scenarios {
namespace golden {

inline constexpr std::string_view scenario = R"(version: 1
name: ledger outage
topology:
  service:
    name: checkout
    candidate: {url: "http://127.0.0.1:8082", command: [./shop, --port, 8082]}
  dependencies:
    ledger: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001"}
traffic:
  capture: checkout.traffic
  rate: 200/s
steady-state:
  for: 20s
  expect: [{errors: {at-most: 0.1%}}]
phases:
  - name: ledger down
    for: 20s
    faults: [{on: ledger, abort: {status: 503}, share: 100%}]
    expect:
      - circuit-breaker: {on: ledger, opens-within: 3s}
      - latency: {p99: 400ms}
)";

inline constexpr std::string_view whole = {};

// An environment of a few variables, of which nothing else is set.
inline Environment environment(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

// The scenario with the first `from` replaced; `to` alone where `from` is whole.
inline std::string broken(std::string_view from, std::string_view to) {
  if (from.empty()) return std::string(to);
  std::string text(scenario);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "the scenario lacks what is to be replaced: " << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// The messages about a text, warnings where it is right.
inline std::string messages(std::string_view text) {
  const auto parsed =
      parse(text, "s.yaml", environment({{"RATE", "fast"}, {"EMPTY", ""}, {"STORMPROOF_SECRET_TOKEN", "hunter2"}}));
  if (!parsed) return render(parsed.error());
  std::string warnings;
  for (const std::string& warning : parsed->warnings) warnings += warning;
  return warnings;
}

struct Case {
  std::string_view name;
  std::string_view from;
  std::string_view to;
  std::string_view expected;  // after a line feed
};

inline std::string name_of(const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); }

}  // namespace golden

class Golden : public testing::TestWithParam<golden::Case> {};

}  // namespace stormproof::scenarios
