// ProbeTraffic: the requests of the probes of a scenario, on a thread of their own.
//
// What is sent is planned before anything is sent: the recorded request, its variations, and the ways that they take (another
// address to come from, another instance). Called from one thread, not its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/task_group.h"
#include "harness/events/recorder.h"
#include "harness/run/live.h"
#include "harness/run/resting_shots.h"
#include "harness/wire/loop_thread.h"
#include "replay/script.h"
#include "replay/sender.h"
#include "scenarios/probe_schedule.h"

namespace stormproof::run {

// A connection's two ends, where they are not the usual ones.
struct ProbeWay {
  wire::Endpoint target;
  wire::TlsPeer tls = {};
  std::optional<wire::Endpoint> from = {};
};

struct ProbePlan {
  scenarios::ProbeSchedule schedule;
  std::vector<replay::ScriptRequest> requests;  // as it is, then each variation
  std::vector<std::size_t> way_of;              // of each of these
  std::vector<ProbeWay> ways;                   // the first is the usual one
  std::uint64_t first_request = 1;
};

// Fails where the request was not recorded, or an instance cannot be found.
base::Result<ProbePlan> plan_probe(const scenarios::RateProbe& probe, const scenarios::RateLimitExpectation& claim,
                                   const replay::Script& script, const ProbeWay& usual, std::uint64_t first_request);

// Those of a scenario, by phase. Fails too where a way would lead to where the capture was recorded.
using ProbePlans = std::map<const scenarios::Phase*, ProbePlan>;
base::Result<ProbePlans> plan_probes(const scenarios::Scenario& scenario, const replay::Script& script,
                                     const ProbeWay& usual);

// When the traffic of the capture stands still, by offset from its beginning: while a probe has its turn.
std::vector<RestingShots::Rest> rests_of(const scenarios::Scenario& scenario);

// The request with one attribute changed. Of a source and an instance nothing changes.
replay::ScriptRequest varied(const replay::ScriptRequest& request, const scenarios::ProbeVariant& variant);

class ProbeTraffic {
 public:
  ProbeTraffic(std::uint64_t seed, std::size_t connections_max, const base::Clock& clock, LiveCounts& counts,
               std::string key_header);
  ~ProbeTraffic();

  // Sends the schedule from `at` on. The plan outlives this.
  void begin(const ProbePlan& plan, base::Time at);

  // What has been sent and heard so far; `whole`: and what is under way, as if it was cut now.
  events::Log snapshot(bool whole = false);

  // As Traffic::finish().
  events::Log finish(std::chrono::nanoseconds grace);

 private:
  class Shots;
  class Numbered;
  struct Way;
  base::Task<> send(Way& way, base::Time at);
  base::Task<> wait_for_end(std::chrono::nanoseconds grace);
  bool all_ended() const;

  std::uint64_t seed_;
  std::size_t connections_max_;
  std::string key_header_;
  const base::Clock& clock_;
  events::Recorder recorder_;
  CountingSink sink_;
  std::vector<std::unique_ptr<Way>> ways_;
  std::unique_ptr<wire::Pause> ended_;
  base::TaskGroup tasks_;
  wire::LoopThread loop_;
};

}  // namespace stormproof::run
