// Service: a gateway with all that stands beside it: recorder, shadows, access log, administration.
//
// What `record` and `proxy` run. Made, reloaded and stopped on the thread of its owner, while its workers serve.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/app/exit_code.h"
#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/proxy/gateway.h"
#include "harness/proxy/shadow.h"
#include "replay/recorder.h"

namespace stormproof::app {

struct RecordingOptions {
  std::string out;
  std::string source;  // what was recorded, for the capture's meta
  replay::Rotation rotation;
};

struct ServiceOptions {
  proxy::GatewayOptions gateway;  // without taps
  std::optional<RecordingOptions> recording;
  std::optional<proxy::ShadowOptions> shadow;  // memory: of all workers together
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

  // Drains the relays, then the shadows, then closes the capture.
  base::Result<void> stop();

  // After stop(): what was relayed, recorded, shadowed and lost, a line each.
  std::string account() const;

 private:
  struct Worker;
  Service(const base::Clock& clock, ServiceOptions options);
  base::Result<void> start_recorder();
  base::Result<proxy::RelayTaps> taps_of(std::size_t worker, wire::IoContext& io);
  proxy::GatewayOptions with_taps(const proxy::GatewayOptions& gateway);
  base::Task<> end_worker(std::size_t worker);

  const base::Clock& clock_;
  ServiceOptions options_;
  std::unique_ptr<replay::Recorder> recorder_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<proxy::Gateway> gateway_;
  proxy::GatewayState last_;
  std::vector<proxy::ShadowCounts> shadow_counts_;
  bool shadow_kept_ = false;  // by the reload under way
  bool stopped_ = false;
};

}  // namespace stormproof::app
