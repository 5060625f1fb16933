// Compare options: the flags of `stormproof compare`, and what they mean.
//
// Kept as they were typed; each function reads its part and says what is wrong with it in one sentence. Nothing is asked of the
// network but by targets().
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/app/tls_flags.h"
#include "harness/base/error.h"
#include "harness/verify/comparison_gates.h"
#include "replay/difference_rules.h"
#include "replay/pairing.h"

namespace stormproof::app {

struct CompareOptions {
  std::string file;
  std::string baseline;
  std::string second;
  std::string candidate;
  bool recorded = false;
  std::string speed;
  std::string rate;
  std::size_t at_once = 4;
  std::uint64_t loop = 1;
  bool allow_writes = false;
  bool no_links = false;
  bool keep_idempotency_keys = false;
  std::vector<std::string> methods;
  std::vector<std::string> paths;
  std::vector<std::string> ignored;
  std::vector<std::string> unordered;
  std::vector<std::string> tolerated;
  std::vector<std::string> gate_names;
  std::string latency_margin = "2%";
  std::string error_margin = "1%";
  std::string tail;
  std::string false_alarms = "1%";
  std::string timeout = "30s";
  std::uint64_t seed = 1;
  bool json = false;
  UpstreamTlsFlags tls;

  void add_to(CLI::App& command);

  base::Result<void> check() const;
  base::Result<replay::DifferenceRules> rules() const;
  base::Result<verify::ComparisonGates> gates() const;
  base::Result<replay::PairingOptions> pairing() const;
  // Resolved: baseline, second baseline where there is one, candidate.
  base::Result<std::vector<replay::PairingTarget>> targets() const;
  // The first of so many requests, whose latency does not count: connections and caches are new.
  std::uint64_t warm_up(std::uint64_t requests) const;
};

}  // namespace stormproof::app
