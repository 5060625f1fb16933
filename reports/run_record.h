// RunRecord: one run as it is stored and rendered; a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/events/log.h"
#include "harness/verify/finding.h"

namespace stormproof::reports {

struct RunRecord {
  std::string id;                  // "20261123-093600-4f2a": start time and seed; unique in a store
  std::string stormproof_version;  // "0.1.0"
  std::string scenario_file;
  std::string scenario_text;       // the YAML, whole
  std::string scenario_name;
  std::string owner;
  std::uint64_t seed = 0;
  base::Time started{};
  base::Time ended{};
  std::string ended_because;       // "completed", "steady state violated", "aborted: …", "interrupted (SIGINT)"
  events::Log log;
  std::vector<verify::Finding> findings;
};

}  // namespace stormproof::reports
