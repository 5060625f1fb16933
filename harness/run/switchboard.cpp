#include "harness/run/switchboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "harness/wire/pause.h"

namespace stormproof::run {
namespace {

using Kind = Refusal::Kind;

std::unexpected<Refusal> refuse(Kind kind, std::string message) {
  return std::unexpected(Refusal{kind, std::move(message)});
}
std::unexpected<Refusal> no_proxy() { return refuse(Kind::no_proxy, "proxy not found"); }
std::unexpected<Refusal> no_fault() { return refuse(Kind::no_fault, "toxic not found"); }

// "host:port" or "http://host:port".
base::Result<wire::Origin> origin_of(const std::string& upstream) {
  if (upstream.contains("://")) return wire::parse_origin(upstream);
  return wire::parse_origin("http://" + upstream);
}

// What else is said of a fault than what it is.
struct Extra {
  std::optional<faults::Toxic> toxic;
  std::unique_ptr<faults::Leases::Lease> lease = {};
};

base::Task<> drain(proxy::Relay& relay) { co_await relay.drain(); }

}  // namespace

// `relay`, `extras` and what an injector holds are the loop's.
struct Switchboard::Proxy {
  ProxyWish wish;      // as asked for
  std::string listen;  // as it is, once it was started
  faults::StreamInjector injector;
  std::map<std::string, Extra, std::less<>> extras = {};
  std::unique_ptr<proxy::Relay> relay = {};
  std::vector<Guest::Lane> lanes = {};  // a guest's

  bool guest() const { return !lanes.empty(); }
  bool enabled() const { return relay != nullptr || guest(); }
  bool listens_as(const std::string& text) const {
    if (text == wish.listen || text == listen) return true;
    const auto other = wire::parse_listen_address(text);
    const auto own = wire::parse_listen_address(listen);
    return other && own && *other == *own;
  }
  // On the loop. A guest's injectors follow on theirs.
  bool withdraw(const std::string& fault) {
    if (const auto extra = extras.find(fault); extra != extras.end()) extras.erase(extra);
    for (const Guest::Lane& lane : lanes)
      boost::asio::post(lane.loop->io(), [injector = lane.injector, fault] { injector->withdraw(fault); });
    return injector.withdraw(fault);
  }
  void set_on_lanes(const faults::StreamFault& fault) {
    for (const Guest::Lane& lane : lanes)
      boost::asio::post(lane.loop->io(),
                        [injector = lane.injector, fault] { static_cast<void>(injector->set(fault)); });
  }
  // Of all lanes; one that does not answer in time counts 0. Not on the loop.
  std::uint64_t lane_hits(const std::string& fault) const {
    std::uint64_t hits = 0;
    for (const Guest::Lane& lane : lanes)
      hits +=
          lane.loop
              ->call_within(guest_answers_within, [injector = lane.injector, fault] { return injector->hits(fault); })
              .value_or(0);
    return hits;
  }
};

Switchboard::Switchboard(const base::Clock& clock, events::Sink* sink, proxy::RelayLimits limits, std::uint64_t seed)
    : clock_(clock), sink_(sink), limits_(limits), seed_(seed) {
  limits_.drain = std::chrono::nanoseconds(0);
  loop_.call([this] { leases_ = std::make_unique<faults::Leases>(loop_.io()); });
}

Switchboard::~Switchboard() {
  loop_.run(leases_->close());
  for (const auto& [name, proxy] : proxies_) stop(*proxy);
  loop_.call([this] {
    proxies_.clear();
    leases_ = nullptr;
  });
}

Switchboard::Proxy* Switchboard::find(std::string_view name) const {
  const auto found = proxies_.find(name);
  return found == proxies_.end() ? nullptr : found->second.get();
}

Switched<void> Switchboard::start(Proxy& proxy) {
  if (proxy.enabled()) return {};
  const std::string& text = proxy.listen.empty() ? proxy.wish.listen : proxy.listen;
  const auto listen = wire::parse_listen_address(text.empty() ? ":0" : text);
  if (!listen) return refuse(Kind::could_not, listen.error().to_string());
  proxy::RelayOptions options;
  options.listen = *listen;
  options.tcp = !proxy.wish.http;
  options.limits = limits_;
  proxy::Upstream upstream;
  upstream.name = proxy.wish.upstream;
  // Port 0 of no address, where it is none or has none: every attempt to connect is refused.
  if (const auto origin = origin_of(proxy.wish.upstream)) {
    if (const auto resolved = wire::resolve(origin->host, origin->port)) upstream.endpoint = *resolved;
  }
  options.upstreams = {upstream};
  const auto started = loop_.call([&]() -> base::Result<void> {
    if (sink_ != nullptr) options.party = sink_->name(proxy.wish.name);
    auto relay = proxy::Relay::open(loop_.io(), clock_, options, {.sink = sink_, .streams = &proxy.injector});
    if (!relay) return std::unexpected(relay.error());
    proxy.relay = std::move(*relay);
    proxy.listen = wire::to_string(proxy.relay->endpoint());
    return {};
  });
  if (!started) return refuse(Kind::could_not, started.error().to_string());
  return {};
}

void Switchboard::stop(Proxy& proxy) {
  if (proxy.relay == nullptr) return;
  loop_.call([&] { proxy.injector.close_all(); });
  loop_.run(drain(*proxy.relay));
  loop_.call([&] { proxy.relay = nullptr; });
}

FaultState Switchboard::state_of(const Proxy& proxy, const faults::StreamFault& fault) const {
  FaultState state{
      .fault = fault, .toxic = {}, .connections_hit = proxy.injector.hits(fault.name), .lease = {}, .lease_left = {}};
  const auto extra = proxy.extras.find(fault.name);
  if (extra == proxy.extras.end()) return state;
  state.toxic = extra->second.toxic;
  if (const auto& lease = extra->second.lease) {
    state.lease = lease->term();
    state.lease_left = lease->left();
  }
  return state;
}

ProxyState Switchboard::state_of(const Proxy& proxy) const {
  ProxyState state{.name = proxy.wish.name,
                   .listen = proxy.listen.empty() ? proxy.wish.listen : proxy.listen,
                   .upstream = proxy.wish.upstream,
                   .enabled = proxy.enabled(),
                   .http = proxy.wish.http,
                   .connections = 0,
                   .counts = {},
                   .faults = {}};
  loop_.call([&] {
    if (proxy.relay != nullptr) {
      state.connections = proxy.relay->sessions();
      state.counts = proxy.relay->counts();
    }
    for (const auto& fault : proxy.injector.faults()) state.faults.push_back(state_of(proxy, fault));
  });
  for (FaultState& fault : state.faults) fault.connections_hit += proxy.lane_hits(fault.fault.name);
  return state;
}

Switched<ProxyState> Switchboard::create(const ProxyWish& wish) {
  if (find(wish.name) != nullptr) return refuse(Kind::proxy_exists, "proxy already exists");
  if (proxies_.size() >= proxies_max) return refuse(Kind::could_not, fmt::format("more than {} proxies", proxies_max));
  auto proxy = loop_.call([&] {
    const events::NameId party = sink_ == nullptr ? 0 : sink_->name(wish.name);
    return std::make_unique<Proxy>(wish, std::string(), faults::StreamInjector(clock_, sink_, party, seed_));
  });
  if (wish.enabled) {
    if (auto started = start(*proxy); !started) return std::unexpected(started.error());
  }
  Proxy& made = *proxy;
  loop_.call([&] { proxies_.emplace(wish.name, std::move(proxy)); });
  return state_of(made);
}

// Its own injector has no connections: it keeps what is set, and says what may be.
void Switchboard::adopt(Guest guest) {
  loop_.call([&] {
    ProxyWish wish{
        .name = guest.name, .listen = guest.listen, .upstream = guest.upstream, .enabled = true, .http = guest.http};
    const std::string listen = guest.listen;
    proxies_.emplace(guest.name, new Proxy{std::move(wish),
                                           listen,
                                           faults::StreamInjector(clock_, nullptr, 0, seed_),
                                           {},
                                           nullptr,
                                           std::move(guest.lanes)});
  });
}

Switched<ProxyState> Switchboard::populate(const ProxyWish& wish) {
  if (Proxy* const proxy = find(wish.name)) {
    if (proxy->listens_as(wish.listen) && proxy->wish.upstream == wish.upstream) return state_of(*proxy);
    if (auto removed = remove(wish.name); !removed) return std::unexpected(removed.error());
  }
  return create(wish);
}

Switched<ProxyState> Switchboard::change(std::string_view name, const ProxyChange& change) {
  Proxy* const proxy = find(name);
  if (proxy == nullptr) return no_proxy();
  const bool enabled = change.enabled.value_or(proxy->enabled());
  if (proxy->guest()) {
    const bool same = enabled && (!change.listen || proxy->listens_as(*change.listen)) &&
                      (!change.upstream || *change.upstream == proxy->wish.upstream);
    if (!same)
      return refuse(Kind::could_not, "this proxy was started with the program: faults can be set on it, no more");
    return state_of(*proxy);
  }
  const bool moves = change.listen && !proxy->listens_as(*change.listen);
  const bool differs = moves || (change.upstream && *change.upstream != proxy->wish.upstream);
  if (differs || !enabled) stop(*proxy);
  if (moves) {
    proxy->wish.listen = *change.listen;
    proxy->listen.clear();
  }
  if (change.upstream) proxy->wish.upstream = *change.upstream;
  if (enabled) {
    if (auto started = start(*proxy); !started) return std::unexpected(started.error());
  }
  return state_of(*proxy);
}

Switched<void> Switchboard::remove(std::string_view name) {
  Proxy* const proxy = find(name);
  if (proxy == nullptr) return no_proxy();
  if (proxy->guest()) return refuse(Kind::could_not, "this proxy was started with the program: it ends with it");
  stop(*proxy);
  loop_.call([&] { proxies_.erase(proxies_.find(name)); });
  return {};
}

Switched<ProxyState> Switchboard::state(std::string_view name) const {
  const Proxy* const proxy = find(name);
  if (proxy == nullptr) return no_proxy();
  return state_of(*proxy);
}

std::vector<ProxyState> Switchboard::states() const {
  std::vector<ProxyState> states;
  for (const auto& [name, proxy] : proxies_) states.push_back(state_of(*proxy));
  return states;
}

Switched<FaultState> Switchboard::set_fault(std::string_view name, FaultWish wish, bool replace) {
  Proxy* const proxy = find(name);
  if (proxy == nullptr) return no_proxy();
  return loop_.call([&]() -> Switched<FaultState> {
    const bool stands = proxy->injector.find(wish.fault.name) != nullptr;
    if (stands && !replace) return refuse(Kind::fault_exists, "toxic already exists");
    if (!stands && replace) return no_fault();
    if (auto set = proxy->injector.set(wish.fault); !set) return refuse(Kind::invalid, set.error().to_string());
    proxy->set_on_lanes(wish.fault);
    Extra extra{.toxic = std::move(wish.toxic)};
    if (wish.lease)
      extra.lease = leases_->grant(*wish.lease, [proxy, fault = wish.fault.name] { proxy->withdraw(fault); });
    proxy->extras[wish.fault.name] = std::move(extra);
    return state_of(*proxy, *proxy->injector.find(wish.fault.name));
  });
}

Switched<FaultState> Switchboard::renew(std::string_view name, std::string_view fault) {
  Proxy* const proxy = find(name);
  if (proxy == nullptr) return no_proxy();
  return loop_.call([&]() -> Switched<FaultState> {
    const faults::StreamFault* const found = proxy->injector.find(fault);
    if (found == nullptr) return no_fault();
    const auto extra = proxy->extras.find(fault);
    if (extra == proxy->extras.end() || !extra->second.lease)
      return refuse(Kind::invalid, "this fault has no lease that could be renewed");
    extra->second.lease->renew();
    return state_of(*proxy, *found);
  });
}

Switched<void> Switchboard::withdraw(std::string_view name, std::string_view fault) {
  Proxy* const proxy = find(name);
  if (proxy == nullptr) return no_proxy();
  if (!loop_.call([&] { return proxy->withdraw(std::string(fault)); })) return no_fault();
  return {};
}

Switched<void> Switchboard::clear_faults(std::string_view name) {
  Proxy* const proxy = find(name);
  if (proxy == nullptr) return no_proxy();
  loop_.call([&] {
    while (!proxy->injector.faults().empty()) proxy->withdraw(std::string(proxy->injector.faults().back().name));
  });
  return {};
}

void Switchboard::ping(std::function<void()> call) { boost::asio::post(loop_.io(), std::move(call)); }

Switched<void> Switchboard::reset() {
  for (const auto& [name, proxy] : proxies_) {
    if (auto started = start(*proxy); !started) return started;
    if (auto cleared = clear_faults(name); !cleared) return cleared;
  }
  return {};
}

}  // namespace stormproof::run
