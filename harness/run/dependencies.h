// Dependencies: the proxies between the service under test and what it depends on, on a thread of their own.
//
// Each dependency has a relay that reports every call, and an injector that a phase's faults are put into; where a version beside the
// candidate has a proxy of its own, a second pair with the same plan: it draws alike, and counts for itself. Whatever
// happens to the run, heal() or the destructor takes all faults away: a proxy without its run passes everything through or is
// gone. Called from one thread, not the proxies' own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/injector.h"
#include "faults/leases.h"
#include "faults/stream_timetable.h"
#include "harness/base/error.h"
#include "harness/events/recorder.h"
#include "harness/proxy/relay.h"
#include "harness/run/live.h"
#include "harness/wire/loop_thread.h"
#include "harness/wire/pause.h"
#include "scenarios/model.h"

namespace stormproof::run {

class Dependencies {
 public:
  // Binds every proxy. The error names the dependency, its address and the cause.
  // `beside`: the versions that stand beside the candidate: verify::baseline_party, verify::second_baseline_party.
  static base::Result<std::unique_ptr<Dependencies>> open(const std::vector<scenarios::Dependency>& dependencies,
                                                          const base::Clock& clock, LiveCounts& counts,
                                                          const std::vector<std::string_view>& beside = {});
  ~Dependencies();

  // Whether every fault can be injected as it stands; the error names the first that cannot, and why.
  static base::Result<void> check(const std::vector<scenarios::Fault>& faults);

  // The faults of a phase from now on; the instant at which all proxies had them.
  // With `replayed`: what fires is what fired in that run.
  base::Time apply(const std::vector<scenarios::Fault>& faults, std::uint64_t seed,
                   std::shared_ptr<const faults::Replayed> replayed = nullptr);
  // Faults have a lease: whoever applied them renews it, and says so at least so often; a director that hangs or is
  // gone loses them, and the proxies pass everything through.
  static constexpr std::chrono::milliseconds lease{1500};
  void renew();
  // At most so many requests and connections of each dependency are hurt at a time; before apply().
  void cap(std::optional<std::uint64_t> at_once);

  // No faults from now on; requests that are held go on. The instant at which all proxies were healed.
  base::Time heal();

  // Whether no proxy hurts anything any more; the error names one that does.
  base::Result<void> clean();

  // What has been seen so far.
  events::Log snapshot();

  // Ends the proxies, cutting calls that take longer than `grace`; what was seen. The last call.
  events::Log finish();

 private:
  struct Proxy {
    std::string name;  // of the dependency
    std::unique_ptr<faults::Injector> injector;
    std::unique_ptr<faults::StreamInjector> streams;
    std::unique_ptr<proxy::Relay> relay;
    std::unique_ptr<faults::StreamTimetable> timetable = {};  // of the phase's faults on connections
  };

  Dependencies(const base::Clock& clock, LiveCounts& counts) : clock_(clock), sink_(recorder_, counts) {}
  // Puts up and takes down what is due, again and again.
  base::Task<> keep_time();
  void heal_all();
  base::Result<void> open_all(const scenarios::Dependency& dependency, const std::vector<std::string_view>& beside);
  base::Result<void> open_one(const scenarios::Dependency& dependency, const std::string& address,
                              const std::string& party);
  base::Task<> drain();

  const base::Clock& clock_;
  events::Recorder recorder_;
  CountingSink sink_;
  std::vector<Proxy> proxies_;
  std::unique_ptr<faults::Leases> leases_;        // these live on the loop
  std::unique_ptr<faults::Leases::Lease> lease_;  // of the faults that stand
  std::unique_ptr<wire::Pause> time_pause_;       // of keep_time()
  std::chrono::steady_clock::time_point faults_since_{};
  bool ending_ = false;
  base::TaskGroup tasks_;
  wire::LoopThread loop_;  // after what lives on it: it ends first
};

}  // namespace stormproof::run
