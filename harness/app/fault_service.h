// FaultService: proxies that are made and hurt by hand: a switchboard and its administration.
//
// What `stormproof proxy` runs where it is not given one fixed relay. Its administration answers toxiproxy's control API, our own
// under /v1, and what every proxy's answers (/metrics, /healthz, /readyz). Made and stopped on the thread of its owner.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "harness/app/fault_desk.h"
#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/proxy/admin.h"
#include "harness/proxy/meter.h"
#include "harness/wire/loop_thread.h"

namespace stormproof::app {

class FaultService {
 public:
  static constexpr std::string_view default_admin = "127.0.0.1:8474";  // toxiproxy's

  // `proxies`: a file of toxiproxy's as text, or empty.
  static base::Result<std::unique_ptr<FaultService>> start(const base::Clock& clock, const wire::Endpoint& admin,
                                                           const std::string& proxies, std::uint64_t seed);
  ~FaultService();

  wire::Endpoint admin_endpoint() const { return admin_->endpoint(); }
  std::size_t populated() const { return populated_; }

 private:
  FaultService(const base::Clock& clock, std::uint64_t seed);
  proxy::MetricsInput metrics();

  proxy::Meter meter_;
  FaultDesk desk_;
  std::size_t populated_ = 0;
  std::atomic<bool> draining_ = false;
  wire::LoopThread admin_loop_;
  std::unique_ptr<proxy::Admin> admin_;
};

}  // namespace stormproof::app
