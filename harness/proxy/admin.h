// Admin: what operators and their tools ask a running proxy, on an address of its own.
//
//   GET /metrics   for Prometheus
//   GET /healthz   200 while the process lives and its administration answers
//   GET /readyz    200 when every worker answers a ping within `ready_within` and the proxy does not drain; else 503
//                  with the reason
//   GET /          what there is
//   what `more` answers
//
// Other paths: 404; other methods than GET and HEAD: 405. It lives on one io_context, best one with a thread of its own:
// a worker that hangs then does not hang its probes. close() before destruction.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "harness/proxy/metrics.h"
#include "harness/proxy/roll_call.h"
#include "harness/wire/http_server.h"

namespace stormproof::proxy {

// All are called on the admin's thread.
struct AdminInputs {
  // May wait, and ends by itself within a bounded time.
  std::function<base::Task<MetricsInput>()> metrics;
  std::function<bool()> draining;
  std::vector<RollCall::Worker> workers;
  // Asked first; nothing: it is none of its paths. May be empty.
  std::function<std::optional<wire::HttpReply>(const wire::HttpRequest&)> more = {};
};

class Admin {
 public:
  static constexpr std::chrono::seconds ready_within{1};

  static base::Result<std::unique_ptr<Admin>> open(wire::IoContext& io, const wire::Endpoint& listen,
                                                   AdminInputs inputs);

  wire::Endpoint endpoint() const { return server_->endpoint(); }

  // Completes when all is closed.
  base::Task<> close() { return server_->close(); }

 private:
  Admin(wire::IoContext& io, AdminInputs inputs);
  base::Task<wire::HttpReply> answer(const wire::HttpRequest& request);
  base::Task<wire::HttpReply> readiness();

  AdminInputs inputs_;
  RollCall roll_call_;
  std::unique_ptr<wire::HttpServer> server_;
};

// Refuses an address of administration on which one of the others, the public ones, listens too: the same port at the
// same address, or at all addresses ("0.0.0.0", "[::]", which takes IPv4 in as well). Port 0 is never the same.
base::Result<void> check_admin_address(const wire::Endpoint& admin, std::span<const wire::Endpoint> others);

}  // namespace stormproof::proxy
