// Runner: takes one scenario from its first request to its findings.
//
// The way: bind the proxies, start the service and wait for its health, send the traffic, check the steady state (if it
// does not hold, nothing is injected), go through the phases with their faults, heal after each, stop everything, judge. Where an
// expectation compares, the baseline (and its second instance) runs beside the candidate and is sent the same requests. What
// cannot be started is an error; everything after the first request ends in a RunRecord, however the run ends.
// Driven by one thread through io(); faults are healed on every way out. The scenario's secrets are in no error, in no
// record, and, once the service has ended, not in its output.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/base/secrets.h"
#include "harness/base/task_group.h"
#include "harness/run/dependencies.h"
#include "harness/run/live.h"
#include "harness/run/probe_traffic.h"
#include "harness/run/process.h"
#include "harness/run/process_faults.h"
#include "harness/run/progress.h"
#include "harness/run/traffic.h"
#include "harness/wire/pause.h"
#include "reports/run_record.h"
#include "scenarios/model.h"

namespace stormproof::run {

struct RunnerOptions {
  std::uint64_t seed = 0;
  std::string version;        // of this program
  std::string output_folder;  // the service's own output goes to a file here
  std::size_t connections_max = 512;
  std::shared_ptr<const faults::Replayed> replayed = nullptr;  // faults fire where they fired in another run
  std::string watchdog = {};  // this program, to be started beside a run that hurts processes; empty: none
  std::chrono::milliseconds answers_within{5000};  // after the last request was sent, or the target's last answer
};

class Runner {
 public:
  // All outlive the runner.
  Runner(const scenarios::Scenario& scenario, RunnerOptions options, const base::Clock& clock, Progress& progress);
  ~Runner();

  // For signals: runs while run() does.
  wire::IoContext& io() { return io_; }

  // Ends the run soon: heals, stops the traffic, judges what there is. `why` becomes RunRecord::ended_because.
  void interrupt(std::string why);

  // Blocks until the run is over. An error: it could not be started, and nothing was sent.
  base::Result<reports::RunRecord> run();

 private:
  // A version of the service, as it runs.
  struct Version {
    std::string party;  // in the log; "candidate"
    std::string word;   // in messages; "service"
    const scenarios::Target* target = nullptr;
    std::unique_ptr<Process> process = nullptr;
    std::string output = {};  // a file
    wire::Endpoint endpoint = {};
    wire::TlsPeer tls = {};
    bool ended = false;
  };

  base::Result<void> start();
  void list_versions();
  Version& candidate() { return versions_.front(); }
  base::Result<void> start_version(Version& version);
  base::Result<void> start_program(Version& version);
  base::Result<void> open_traffic(replay::Script script);
  base::Result<void> check_faults() const;
  std::size_t connections_max() const;
  base::Result<void> make_probes(const replay::Script& script, const ProbeWay& usual);
  void make_process_faults();
  base::Result<void> make_network();
  void tell(const base::Result<void>& done);
  void take_digests(const std::string& capture);
  void end_version(Version& version);
  base::Task<> direct();
  base::Task<bool> pass_phase(const scenarios::Phase& phase);
  base::Task<bool> wait_until(base::Time end);
  base::Task<bool> is_silent();
  bool steady_state_holds(bool silent);
  void watch(Version& version);
  void watch_errors();
  events::Log log_so_far(bool whole);
  reports::RunRecord finish();

  const scenarios::Scenario& scenario_;
  RunnerOptions options_;
  const base::Clock& clock_;
  Progress& progress_;
  LiveCounts counts_;
  reports::RunRecord record_;
  base::Secrets secrets_;
  events::Log marks_;  // what the director itself writes down

  wire::IoContext io_{wire::one_thread};
  wire::Pause pause_{io_};
  base::TaskGroup tasks_;
  std::unique_ptr<Dependencies> dependencies_;
  std::unique_ptr<OwnNetwork> network_;  // of the service; outlives it
  std::vector<Version> versions_;        // the candidate first, then what it is compared with
  std::unique_ptr<ProcessFaults> process_faults_;
  std::unique_ptr<Traffic> traffic_;
  ProbePlans probes_;
  std::unique_ptr<ProbeTraffic> probe_traffic_;  // where there are probes
  std::string ended_because_;

  // For abort-when: since when the share of errors has been above the limit.
  struct Window {
    base::Time at{};
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;
  };
  Window last_window_;
  base::Time failing_since_{};
};

}  // namespace stormproof::run
