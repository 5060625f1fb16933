#include "harness/proxy/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "harness/wire/loop_thread.h"

namespace stormproof::proxy {
namespace {

// SO_REUSEPORT would let a second program of the same user share the address in silence.
base::Result<void> must_be_free(const wire::Endpoint& address) {
  wire::IoContext io(wire::one_thread);
  const auto alone = wire::Listener::open(io, address);
  if (!alone) return std::unexpected(alone.error());
  return {};
}

}  // namespace

struct Gateway::Worker {
  wire::LoopThread loop;
  std::unique_ptr<Relay> relay;  // lives and ends on the loop
};

base::Result<std::unique_ptr<Gateway>> Gateway::open(const base::Clock& clock, GatewayOptions options) {
  if (options.workers == 0 || options.workers > workers_max)
    return base::fail(fmt::format("{} workers: from 1 to {} are possible", options.workers, workers_max));
  if (const auto free = must_be_free(options.relay.listen); !free) return std::unexpected(free.error());
  std::unique_ptr<Gateway> gateway(new Gateway);
  RelayOptions& relay = options.relay;
  relay.share_port = options.workers > 1;
  relay.number_step = options.workers;
  for (std::size_t number = 0; number < options.workers; ++number) {
    relay.number_first = number + 1;
    auto worker = std::make_unique<Worker>();
    auto opened = worker->loop.call([&] {
      const RelayTaps taps = options.taps ? options.taps(number, worker->loop.io()) : RelayTaps{};
      return Relay::open(worker->loop.io(), clock, relay, taps);
    });
    if (!opened) return std::unexpected(opened.error());
    worker->relay = std::move(*opened);
    relay.listen = gateway->endpoint_ = worker->relay->endpoint();
    gateway->workers_.push_back(std::move(worker));
  }
  return gateway;
}

Gateway::~Gateway() { drain(); }

base::Result<void> Gateway::apply(GatewayOptions options) {
  for (std::size_t number = 0; number < workers_.size(); ++number) {
    Worker& worker = *workers_[number];
    auto applied = worker.loop.call([&] {
      return worker.relay->apply(options.relay, options.taps ? options.taps(number, worker.loop.io()) : RelayTaps{});
    });
    if (!applied) return applied;  // the first one refuses what any would
  }
  return {};
}

std::optional<GatewayState> Gateway::state(std::chrono::nanoseconds at_most) const {
  const auto until = std::chrono::steady_clock::now() + at_most;
  GatewayState all;
  for (const auto& worker : workers_) {
    if (drained_) return std::nullopt;
    const auto state = worker->loop.call_within(until - std::chrono::steady_clock::now(), [&relay = *worker->relay] {
      GatewayState one{.counts = relay.counts(), .sessions = relay.sessions(), .upstreams = {}};
      for (const auto& member : relay.upstreams().members())
        one.upstreams.push_back({member->name, member->weight, member->exchanges, member->failed, member->pool.idle()});
      return one;
    });
    if (!state) return std::nullopt;
    all.counts += state->counts;
    all.sessions += state->sessions;
    all.upstreams.resize(std::max(all.upstreams.size(), state->upstreams.size()));
    for (std::size_t i = 0; i < state->upstreams.size(); ++i) {
      const GatewayState::OfUpstream& of = state->upstreams[i];
      all.upstreams[i].name = of.name;
      all.upstreams[i].weight = of.weight;
      all.upstreams[i].exchanges += of.exchanges;
      all.upstreams[i].failed += of.failed;
      all.upstreams[i].idle_connections += of.idle_connections;
    }
  }
  return all;
}

// All at once: each has the whole of the limit.
void Gateway::drain(const std::function<base::Task<>(std::size_t worker)>& after) {
  if (std::exchange(drained_, true)) return;
  std::vector<std::future<void>> ending;
  for (std::size_t number = 0; number < workers_.size(); ++number) {
    ending.push_back(std::async(std::launch::async, [this, number, &after] {
      Worker& worker = *workers_[number];
      worker.loop.run(worker.relay->drain());
      worker.loop.call([&worker] { worker.relay.reset(); });
      if (after) worker.loop.run(after(number));
    }));
  }
  for (auto& each : ending) each.get();
  for (const auto& worker : workers_) worker->loop.end();
}

}  // namespace stormproof::proxy
