// RunRecord: one run as it is stored and rendered; a value.
//
// Every report is a pure function of it: nothing else, no clock and no machine, has a say.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/events/log.h"
#include "harness/verify/finding.h"

namespace stormproof::reports {

// A fault rule of the scenario, so that a report can name the one that never fired.
struct PlannedFault {
  std::string rule;  // "payments down#1": the name that its firings carry in the log
  std::string phase;
  std::string on;      // a dependency
  std::string effect;  // "abort with 503", "hold back 200ms ± 50ms"
  double share = 1;    // of the requests that match
  bool operator==(const PlannedFault&) const = default;
};

// Among the digests of a run that made another's faults again: the id of that one.
inline constexpr std::string_view faults_of_run = "faults of";

struct RunRecord {
  std::string id;                  // "20261123-093600-4f2a": start time and seed; unique in a store
  std::string stormproof_version;  // "0.1.0"
  std::string scenario_file;
  std::string scenario_text;  // the YAML, whole
  std::string scenario_name;
  std::string owner;
  std::uint64_t seed = 0;
  base::Time started{};
  base::Time ended{};
  std::string ended_because;  // "completed", "steady state violated", "aborted: …", "interrupted (SIGINT)"
  std::map<std::string, std::string> variables;  // what ${…} of the scenario meant, without secrets: to judge it again
  std::map<std::string, std::string> digests;    // "scenario", "capture", "candidate" (its program) -> "xxh3:6a02…"
  std::vector<PlannedFault> planned_faults;      // in the order of the scenario
  events::Log log;
  std::vector<verify::Finding> findings;
};

}  // namespace stormproof::reports
