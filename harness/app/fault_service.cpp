#include "harness/app/fault_service.h"

#include <utility>

#include "harness/app/version.h"

namespace stormproof::app {

base::Result<std::unique_ptr<FaultService>> FaultService::start(const base::Clock& clock, const wire::Endpoint& admin,
                                                                const std::string& proxies, std::uint64_t seed) {
  std::unique_ptr<FaultService> service(new FaultService(clock, seed));
  if (!proxies.empty()) {
    const auto populated = service->desk_.populate_from(proxies);
    if (!populated) return std::unexpected(populated.error());
    service->populated_ = *populated;
  }
  proxy::AdminInputs inputs;
  inputs.metrics = [self = service.get()]() -> base::Task<proxy::MetricsInput> { co_return self->metrics(); };
  inputs.draining = [self = service.get()] { return self->draining_.load(); };
  inputs.workers.emplace_back(
      [self = service.get()](std::function<void()> ping) { self->desk_.board().ping(std::move(ping)); });
  inputs.more = [self = service.get()](const wire::HttpRequest& request) { return self->desk_.answer(request); };
  wire::LoopThread& loop = service->admin_loop_;
  auto opened = loop.call([&] { return proxy::Admin::open(loop.io(), admin, std::move(inputs)); });
  if (!opened) return std::unexpected(opened.error());
  service->admin_ = std::move(*opened);
  return service;
}

FaultService::FaultService(const base::Clock& clock, std::uint64_t seed) : desk_(clock, &meter_, seed) {}

FaultService::~FaultService() {
  draining_ = true;
  if (admin_ == nullptr) return;
  admin_loop_.run(admin_->close());
  admin_loop_.call([this] { admin_ = nullptr; });
}

// On the administration's thread.
proxy::MetricsInput FaultService::metrics() {
  proxy::MetricsInput input;
  input.version = version;
  input.workers = 1;
  input.draining = draining_;
  input.meter = meter_.read();
  for (const run::ProxyState& state : desk_.board().states()) {
    input.relay += state.counts;
    input.sessions += state.connections;
  }
  return input;
}

}  // namespace stormproof::app
