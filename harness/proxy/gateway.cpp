#include "harness/proxy/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

namespace stormproof::proxy {
namespace {

// On the relay's thread.
GatewayState state_of(const Relay& relay) {
  GatewayState state{.counts = relay.counts(), .sessions = relay.sessions(), .upstreams = {}};
  for (const auto& member : relay.upstreams().members())
    state.upstreams.push_back({member->name, member->weight, member->exchanges, member->failed, member->pool.idle()});
  return state;
}

using Taps = std::function<base::Result<RelayTaps>(std::size_t worker, wire::IoContext& io)>;

base::Result<RelayTaps> taps_from(const Taps& taps, std::size_t worker, wire::IoContext& io) {
  return taps ? taps(worker, io) : RelayTaps{};
}

}  // namespace

struct Gateway::Worker {
  wire::LoopThread loop;
  std::unique_ptr<Relay> relay;  // lives and ends on the loop
};

base::Result<std::unique_ptr<Gateway>> Gateway::open(const base::Clock& clock, GatewayOptions options) {
  if (options.workers == 0 || options.workers > workers_max)
    return base::fail(fmt::format("{} workers: from 1 to {} are possible", options.workers, workers_max));
  // SO_REUSEPORT would let a second program of the same user share the address in silence.
  if (const auto free = wire::Listener::may_open(options.relay.listen); !free) return std::unexpected(free.error());
  std::unique_ptr<Gateway> gateway(new Gateway);
  gateway->ended_ = options.ended;
  RelayOptions& relay = options.relay;
  relay.share_port = options.workers > 1;
  relay.number_step = options.workers;
  for (std::size_t number = 0; number < options.workers; ++number) {
    relay.number_first = number + 1;
    Worker& worker = *gateway->workers_.emplace_back(std::make_unique<Worker>());
    auto opened = worker.loop.call([&]() -> base::Result<std::unique_ptr<Relay>> {
      const auto taps = taps_from(options.taps, number, worker.loop.io());
      if (!taps) return std::unexpected(taps.error());
      return Relay::open(worker.loop.io(), clock, relay, *taps);
    });
    if (!opened) return std::unexpected(opened.error());
    worker.relay = std::move(*opened);
    relay.listen = gateway->endpoint_ = worker.relay->endpoint();
  }
  return gateway;
}

Gateway::~Gateway() { drain(); }

base::Result<void> Gateway::apply(GatewayOptions options) {
  if (auto possible = Relay::check(options.relay); !possible) return possible;
  for (std::size_t number = 0; number < workers_.size(); ++number) {
    Worker& worker = *workers_[number];
    auto applied = worker.loop.call([&]() -> base::Result<void> {
      const auto taps = taps_from(options.taps, number, worker.loop.io());
      if (!taps) return std::unexpected(taps.error());
      return worker.relay->apply(options.relay, *taps);
    });
    if (!applied) return applied;
  }
  return {};
}

GatewayState& GatewayState::operator+=(const GatewayState& other) {
  counts += other.counts;
  sessions += other.sessions;
  upstreams.resize(std::max(upstreams.size(), other.upstreams.size()));
  for (std::size_t i = 0; i < other.upstreams.size(); ++i) {
    const OfUpstream& of = other.upstreams[i];
    upstreams[i].name = of.name;
    upstreams[i].weight = of.weight;
    upstreams[i].exchanges += of.exchanges;
    upstreams[i].failed += of.failed;
    upstreams[i].idle_connections += of.idle_connections;
  }
  return *this;
}

std::optional<GatewayState> Gateway::state(std::chrono::nanoseconds at_most) const {
  const auto until = std::chrono::steady_clock::now() + at_most;
  GatewayState all;
  for (const auto& worker : workers_) {
    if (drained_) return std::nullopt;
    const auto state = worker->loop.call_within(until - std::chrono::steady_clock::now(),
                                                [&relay = worker->relay]() -> std::optional<GatewayState> {
                                                  if (relay == nullptr) return std::nullopt;
                                                  return state_of(*relay);
                                                });
    if (!state || !*state) return std::nullopt;
    all += **state;
  }
  return all;
}

wire::LoopThread& Gateway::loop(std::size_t worker) { return workers_.at(worker)->loop; }

// All at once: each has the whole of the limit.
GatewayState Gateway::drain() {
  GatewayState all;
  if (drained_.exchange(true)) return all;
  std::vector<std::future<GatewayState>> ending;
  for (std::size_t number = 0; number < workers_.size(); ++number) {
    ending.push_back(std::async(std::launch::async, [this, number] {
      Worker& worker = *workers_[number];
      GatewayState state;
      if (worker.relay != nullptr) {
        worker.loop.run(worker.relay->drain());
        worker.loop.call([&] {
          state = state_of(*worker.relay);
          worker.relay.reset();
        });
      }
      if (ended_) worker.loop.run(ended_(number));
      return state;
    }));
  }
  for (auto& each : ending) all += each.get();
  for (const auto& worker : workers_) worker->loop.end();
  return all;
}

}  // namespace stormproof::proxy
