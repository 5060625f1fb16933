#include "harness/run/dependencies.h"

#include <fmt/format.h>

#include "harness/run/fault_rules.h"

namespace stormproof::run {
namespace {

constexpr std::chrono::seconds drain_at_most{1};

}  // namespace

base::Result<std::unique_ptr<Dependencies>> Dependencies::open(const std::vector<scenarios::Dependency>& dependencies,
                                                               const base::Clock& clock, LiveCounts& counts) {
  std::unique_ptr<Dependencies> all(new Dependencies(clock, counts));
  for (const scenarios::Dependency& dependency : dependencies) {
    const auto opened = all->loop_.call([&] { return all->open_one(dependency); });
    if (!opened) {
      return base::fail(fmt::format("the proxy of dependency '{}': {}", dependency.name, opened.error().message));
    }
  }
  return all;
}

base::Result<void> Dependencies::open_one(const scenarios::Dependency& dependency) {
  const auto listen = wire::parse_listen_address(dependency.proxy);
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
  options.party = sink_.name(dependency.name);
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
  if (!proxies_.empty()) loop_.run(drain());
  loop_.call([this] { proxies_.clear(); });
  loop_.end();
}

base::Time Dependencies::apply(const std::vector<scenarios::Fault>& faults, std::uint64_t seed,
                               std::shared_ptr<const faults::Replayed> replayed) {
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
