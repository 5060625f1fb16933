// Preview: what a scenario will do, before anything is sent: its timeline, and which recorded requests each rule will hit.
//
// Pure: a function of scenario, capture and seed. A rule is about calls to a dependency, the capture holds requests to the
// service; how the one follows from the other is the rule's `basis`, and `known` says whether it is more than an
// assumption. What the clock decides (which phase a request falls in) is by the schedule: a run's phases begin a little
// later, by what starting faults takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "faults/replayed.h"
#include "harness/base/clock.h"
#include "harness/events/log.h"
#include "replay/script_shots.h"
#include "scenarios/model.h"

namespace stormproof::run {

inline constexpr std::uint64_t preview_requests_max = 5'000'000;

struct ProbeStepPreview {
  std::string name;
  base::Nanoseconds begin{0};  // after the traffic's beginning
  base::Nanoseconds end{0};
  std::uint64_t requests = 0;
};

struct PhasePreview {
  std::string name;
  base::Nanoseconds begin{0};  // after the traffic's beginning
  base::Nanoseconds end{0};
  std::uint64_t requests = 0;
  std::vector<ProbeStepPreview> probe_steps = {};  // where the phase is a probe, whose requests these are
};

struct Hit {
  std::uint64_t request = 0;   // of the run, from 1
  std::uint64_t recorded = 0;  // its number in the capture
  base::Nanoseconds at{0};
  std::string call;  // the call to the dependency that is hit; "" where it is every one
};

struct RulePreview {
  std::string id;
  std::string phase;
  std::string on;
  std::string effect;
  std::string basis;
  bool known = false;            // of each request, whether it is hit
  std::uint64_t considered = 0;  // requests of its window that may cause a call that it matches
  std::vector<Hit> hits;         // where chance alone decides
  base::Nanoseconds begin{0};
  base::Nanoseconds end{0};
};

struct Preview {
  std::vector<PhasePreview> phases;
  std::vector<RulePreview> rules;
  std::uint64_t requests = 0;
};

base::Result<Preview> preview(const scenarios::Scenario& scenario, const replay::Script& script, std::uint64_t seed);

// Whether the decisions in a run's ledger are those that the rules draw; with `replayed`, those of the run whose faults it
// made again, whatever the rules draw.
struct Agreement {
  std::uint64_t decisions = 0;  // that chance alone made; all, of a replay
  std::uint64_t agreeing = 0;
  std::uint64_t undrawn = 0;  // that counts, quotas or ramps made
};
Agreement agreement(const scenarios::Scenario& scenario, const events::Log& ledger, std::uint64_t seed,
                    const faults::Replayed* replayed = nullptr);

// Where faults fired, of a run's ledger.
faults::Replayed fired_in(const events::Log& ledger);

}  // namespace stormproof::run
