// Plan: which rule fires on which request.
//
// A decision is a pure function of (seed, rule, request identity): it does not depend on the order of requests, on
// concurrency, or on the other rules. Editing one rule changes no other rule's decisions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/abort.h"
#include "faults/latency.h"

namespace stormproof::faults {

struct Rule {
  std::string id;                    // unique within a plan
  std::vector<std::string> methods;  // empty: all
  std::vector<std::string> paths;    // globs over the path without query; empty: all
  double share = 1;                  // of the requests that match, 0..1
  std::optional<Latency> latency;
  std::optional<Abort> abort;
};

class Plan {
 public:
  Plan() = default;
  Plan(std::uint64_t seed, std::vector<Rule> rules) : seed_(seed), rules_(std::move(rules)) {}

  const std::vector<Rule>& rules() const { return rules_; }
  std::uint64_t seed() const { return seed_; }

  // Whether `rule` fires on the request.
  bool fires(const Rule& rule, std::string_view method, std::string_view target, std::uint64_t identity) const;

 private:
  std::uint64_t seed_ = 0;
  std::vector<Rule> rules_;
};

}  // namespace stormproof::faults
