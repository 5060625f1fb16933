#include "harness/run/dependencies.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "harness/run/fault_rules.h"
#include "harness/verify/timeline.h"
#include "harness/wire/certificate.h"

namespace stormproof::run {
namespace {

constexpr std::chrono::seconds drain_at_most{1};

// The proxy's own certificate, and those with which a fault takes its place.
base::Result<void> show_certificates(const scenarios::ProxyTls& tls, const wire::Endpoint& listen,
                                     proxy::RelayOptions& options, faults::StreamInjector::TlsFlaws& flaws) {
  using Flaw = wire::CertificateFlaw;
  const auto authority = wire::CertificateAuthority::open(tls.authority);
  if (!authority) return std::unexpected(authority.error());
  std::vector<std::string> names = tls.names;
  if (names.empty()) names = {"localhost", listen.address().to_string()};
  base::Result<void> first;
  const auto context = [&](Flaw flaw, std::vector<std::string> alpn) -> std::shared_ptr<wire::TlsContext> {
    const auto pem = authority->issue(names, flaw);
    if (!pem && first) first = std::unexpected(pem.error());
    if (!pem) return nullptr;
    auto made = wire::TlsContext::server({.pem = *pem, .alpn = std::move(alpn)});
    if (!made && first) first = std::unexpected(made.error());
    return made ? std::move(*made) : nullptr;
  };
  const std::vector<std::string> alpn = {"http/1.1"};
  options.tls = context(Flaw::none, alpn);
  flaws = {.expired = context(Flaw::expired, alpn),
           .self_signed = context(Flaw::self_signed, alpn),
           .wrong_host = context(Flaw::wrong_host, alpn),
           .no_alpn = context(Flaw::none, {"stormproof-none"})};
  return first;
}

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
    all->leases_ = std::make_unique<faults::Leases>(all->loop_.io());
    all->time_pause_ = std::make_unique<wire::Pause>(all->loop_.io());
    all->tasks_.spawn(all->keep_time());
  });
  return all;
}

void Dependencies::cap(std::optional<std::uint64_t> at_once) {
  loop_.call([&] {
    for (Proxy& proxy : proxies_) {
      proxy.injector->cap(at_once);
      proxy.streams->cap(at_once);
    }
  });
}

void Dependencies::renew() {
  boost::asio::post(loop_.io(), [this] {
    if (lease_ != nullptr) lease_->renew();
  });
}

void Dependencies::heal_all() {
  lease_.reset();
  for (Proxy& proxy : proxies_) {
    proxy.timetable.reset();
    if (!proxy.injector->healed()) proxy.injector->heal();
  }
}

base::Task<> Dependencies::keep_time() {
  while (!ending_) {
    base::Nanoseconds next = faults::StreamTimetable::never;
    const auto since = std::chrono::steady_clock::now() - faults_since_;
    for (Proxy& proxy : proxies_) {
      if (proxy.timetable != nullptr) next = std::min(next, proxy.timetable->turn(since));
    }
    if (next == faults::StreamTimetable::never) co_await time_pause_->forever();
    else co_await time_pause_->until(faults_since_ + next);
    if (!ending_) time_pause_->rearm();
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
  faults::StreamInjector::TlsFlaws flaws;
  if (dependency.tls) {
    if (const auto made = show_certificates(*dependency.tls, *listen, options, flaws); !made)
      return std::unexpected(made.error());
  }
  auto streams = std::make_unique<faults::StreamInjector>(clock_, &sink_, options.party, 0);
  streams->know(std::move(flaws));
  auto relay = proxy::Relay::open(loop_.io(), clock_, options, {&sink_, nullptr, injector.get(), streams.get()});
  if (!relay) return std::unexpected(relay.error());
  proxies_.push_back({dependency.name, std::move(injector), std::move(streams), std::move(*relay)});
  return {};
}

base::Result<void> Dependencies::check(const std::vector<scenarios::Fault>& faults) {
  const auto on_connections =
      std::ranges::count_if(faults, [](const auto& fault) { return fault.connection.has_value(); });
  if (static_cast<std::size_t>(on_connections) > faults::StreamInjector::faults_max)
    return base::fail(
        fmt::format("a phase has more than {} faults on connections", faults::StreamInjector::faults_max));
  for (const scenarios::Fault& fault : faults) {
    const auto checked = fault.connection ? fault.connection->check() : rule_of(fault).check();
    if (!checked) {
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
    lease_.reset();
    leases_.reset();
    time_pause_.reset();
  });
  loop_.end();
}

base::Time Dependencies::apply(const std::vector<scenarios::Fault>& faults, std::uint64_t seed,
                               std::shared_ptr<const faults::Replayed> replayed) {
  return loop_.call([&] {
    lease_ = leases_->grant(lease, [this] { heal_all(); });
    faults_since_ = std::chrono::steady_clock::now();
    for (Proxy& proxy : proxies_) {
      std::vector<faults::Rule> rules;
      std::vector<faults::StreamRule> stream_rules;
      for (const scenarios::Fault& fault : faults) {
        if (fault.on != proxy.name) continue;
        if (fault.connection) stream_rules.push_back(stream_rule_of(fault));
        else rules.push_back(rule_of(fault));
      }
      proxy.injector->apply(faults::Plan(seed, std::move(rules)), replayed);
      proxy.timetable.reset();
      proxy.streams->draw_by(seed, replayed);
      if (stream_rules.empty()) continue;
      proxy.timetable = std::make_unique<faults::StreamTimetable>(*proxy.streams, std::move(stream_rules));
      proxy.timetable->turn(base::Nanoseconds(0));
    }
    time_pause_->interrupt();
    return clock_.now();
  });
}

base::Time Dependencies::heal() {
  return loop_.call([&] {
    heal_all();
    return clock_.now();
  });
}

base::Result<void> Dependencies::clean() {
  return loop_.call([&]() -> base::Result<void> {
    for (const Proxy& proxy : proxies_) {
      if (proxy.injector->idle() && proxy.streams->idle()) continue;
      return base::fail(fmt::format("the proxy of '{}' is not healed: a fault still acts in it", proxy.name));
    }
    return {};
  });
}

events::Log Dependencies::snapshot() {
  return loop_.call([&] { return events::copy_of(recorder_.log()); });
}

base::Task<> Dependencies::drain() {
  ending_ = true;
  if (time_pause_ != nullptr) time_pause_->interrupt();
  tasks_.close();
  co_await tasks_.drained();
  if (leases_ != nullptr) co_await leases_->close();
  heal_all();
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
