// Service: a gateway with all that stands beside it: recorder, shadows, access log, administration.
//
// What `record` and `proxy` run. Made, reloaded and stopped on the thread of its owner, while its workers serve.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/app/exit_code.h"
#include "harness/app/fault_desk.h"
#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/proxy/access_log.h"
#include "harness/proxy/admin.h"
#include "harness/proxy/gateway.h"
#include "harness/proxy/shadow.h"
#include "replay/recorder.h"

namespace stormproof::app {

struct RecordingOptions {
  std::string out;
  std::string source;  // what was recorded, for the capture's meta
  replay::Rotation rotation;
  std::string production = {};  // addresses that a replay of it never sends to (replay/production.h)
};

struct ServiceOptions {
  proxy::GatewayOptions gateway;  // without taps
  std::optional<RecordingOptions> recording;
  std::optional<proxy::ShadowOptions> shadow;  // memory: of all workers together
  std::optional<wire::Endpoint> admin;
  std::uint64_t seed = 1;  // of faults by hand, which the administration takes
  std::string access_log;  // a file, "-": standard output; empty: none
  // One sentence that the operator should know; from any thread.
  std::function<void(const std::string&)> tell;
};

class Service {
 public:
  static base::Result<std::unique_ptr<Service>> start(const base::Clock& clock, ServiceOptions options);
  // Stops.
  ~Service();

  wire::Endpoint endpoint() const { return gateway_->endpoint(); }

  // New upstreams, limits, lines, shadow; the rest stays. Refused: then nothing has changed.
  base::Result<void> reload(ServiceOptions options);

  // A reload that was asked for and came to nothing before it came here.
  void reload_failed() { note_reload(false); }

  // Where the administration listens.
  std::optional<wire::Endpoint> admin_endpoint() const;

  // Drains the relays, then the shadows, then closes the capture.
  base::Result<void> stop();

  // After stop(): what was relayed, recorded, shadowed and lost, a line each.
  std::string account() const;

  // The numbers behind account(), after stop().
  struct Figures {
    proxy::GatewayState gateway;
    proxy::MeterReading meter;
    proxy::ShadowCounts shadow;
    replay::Account recorded;  // empty: nothing was to be recorded
  };
  Figures figures() const;

 private:
  struct Worker;
  Service(const base::Clock& clock, ServiceOptions options);
  base::Result<void> start_recorder();
  base::Result<void> start_access_log();
  base::Result<proxy::RelayTaps> taps_of(std::size_t worker, wire::IoContext& io);
  proxy::GatewayOptions with_taps(const proxy::GatewayOptions& gateway);
  base::Task<> end_worker(std::size_t worker);
  base::Result<void> start_admin();
  run::Guest guest();
  proxy::MetricsInput metrics();
  std::optional<proxy::ShadowReading> shadow_reading();
  void note_reload(bool ok);

  const base::Clock& clock_;
  ServiceOptions options_;
  std::unique_ptr<replay::Recorder> recorder_;
  std::unique_ptr<proxy::AccessLog> access_log_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<wire::LoopThread> admin_loop_;  // its io_context outlives the gateway's loops
  std::unique_ptr<proxy::Gateway> gateway_;
  std::unique_ptr<FaultDesk> desk_;
  std::unique_ptr<proxy::Admin> admin_;
  std::mutex mutex_;  // of reloads_
  proxy::ReloadReading reloads_;
  std::atomic<bool> draining_ = false;
  proxy::GatewayState last_;
  std::vector<proxy::ShadowCounts> shadow_counts_;
  bool shadow_kept_ = false;  // by the reload under way
  bool stopped_ = false;
};

}  // namespace stormproof::app
