#include "harness/run/dependencies.h"

#include <fmt/format.h>

#include "harness/run/fault_rules.h"
#include "harness/verify/timeline.h"

namespace stormproof::run {
namespace {

constexpr std::chrono::seconds drain_at_most{1};
constexpr std::chrono::milliseconds lease_looked_at_every{250};

}  // namespace

base::Result<std::unique_ptr<Dependencies>> Dependencies::open(const std::vector<scenarios::Dependency>& dependencies,
                                                               const base::Clock& clock, LiveCounts& counts,
                                                               const std::vector<std::string_view>& beside) {
  std::unique_ptr<Dependencies> all(new Dependencies(clock, counts));
  for (const scenarios::Dependency& dependency : dependencies) {
    const auto opened = all->loop_.call([&] { return all->open_all(dependency, beside); });
    if (!opened) {
      return base::fail(fmt::format("the proxy of dependency '{}': {}", dependency.name, opened.error().message));
    }
  }
  all->loop_.call([&] {
    all->lease_pause_ = std::make_unique<wire::Pause>(all->loop_.io());
    all->tasks_.spawn(all->watch_lease());
  });
  return all;
}

void Dependencies::renew() { renewed_.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed); }

// Ends when its pause is interrupted.
base::Task<> Dependencies::watch_lease() {
  while (co_await lease_pause_->lasting(lease_looked_at_every)) {
    const base::Time renewed{base::Nanoseconds(renewed_.load(std::memory_order_relaxed))};
    if (clock_.now() - renewed <= lease) continue;
    for (Proxy& proxy : proxies_) {
      if (!proxy.injector->healed()) proxy.injector->heal();
    }
  }
}

base::Result<void> Dependencies::open_all(const scenarios::Dependency& dependency,
                                          const std::vector<std::string_view>& beside) {
  auto opened = open_one(dependency, dependency.proxy, dependency.name);
  for (const std::string_view version : beside) {
    const std::string& own =
        version == verify::baseline_party ? dependency.baseline_proxy : dependency.second_baseline_proxy;
    if (opened && !own.empty()) opened = open_one(dependency, own, verify::party_beside(dependency.name, version));
  }
  return opened;
}

base::Result<void> Dependencies::open_one(const scenarios::Dependency& dependency, const std::string& address,
                                          const std::string& party) {
  const auto listen = wire::parse_listen_address(address);
  if (!listen) return std::unexpected(listen.error());
  const auto origin = wire::parse_origin(dependency.upstream);
  if (!origin) return std::unexpected(origin.error());
  const auto upstream = wire::resolve(origin->host, origin->port);
  if (!upstream) return std::unexpected(upstream.error());
  auto tls = wire::tls_for(*origin);
  if (!tls) return std::unexpected(tls.error());

  proxy::RelayOptions options;
  options.listen = *listen;
  options.upstreams = {{.endpoint = *upstream, .tls = std::move(*tls)}};
  options.party = sink_.name(party);
  options.client_eof_cancels = true;
  options.limits.drain = drain_at_most;
  auto injector = std::make_unique<faults::Injector>(clock_, sink_, options.party);
  auto relay = proxy::Relay::open(loop_.io(), clock_, options, {&sink_, nullptr, injector.get()});
  if (!relay) return std::unexpected(relay.error());
  proxies_.push_back({dependency.name, std::move(injector), std::move(*relay)});
  return {};
}

base::Result<void> Dependencies::check(const std::vector<scenarios::Fault>& faults) {
  for (const scenarios::Fault& fault : faults) {
    if (const auto checked = rule_of(fault).check(); !checked) {
      return base::fail(
          fmt::format("the fault {} on '{}' cannot be injected: {}", fault.id, fault.on, checked.error().message));
    }
  }
  return {};
}

Dependencies::~Dependencies() {
  loop_.run(drain());
  loop_.call([this] {
    proxies_.clear();
    lease_pause_.reset();
  });
  loop_.end();
}

base::Time Dependencies::apply(const std::vector<scenarios::Fault>& faults, std::uint64_t seed,
                               std::shared_ptr<const faults::Replayed> replayed) {
  renew();
  return loop_.call([&] {
    for (Proxy& proxy : proxies_) {
      std::vector<faults::Rule> rules;
      for (const scenarios::Fault& fault : faults) {
        if (fault.on == proxy.name) rules.push_back(rule_of(fault));
      }
      proxy.injector->apply(faults::Plan(seed, std::move(rules)), replayed);
    }
    return clock_.now();
  });
}

base::Time Dependencies::heal() {
  return loop_.call([&] {
    for (Proxy& proxy : proxies_) proxy.injector->heal();
    return clock_.now();
  });
}

events::Log Dependencies::snapshot() {
  return loop_.call([&] { return events::copy_of(recorder_.log()); });
}

base::Task<> Dependencies::drain() {
  if (lease_pause_ != nullptr) lease_pause_->interrupt();
  tasks_.close();
  co_await tasks_.drained();
  for (Proxy& proxy : proxies_) proxy.injector->heal();
  for (Proxy& proxy : proxies_) co_await proxy.relay->drain();
}

events::Log Dependencies::finish() {
  loop_.run(drain());
  return loop_.call([&] {
    proxies_.clear();
    return std::move(recorder_.log());
  });
}

}  // namespace stormproof::run
