#include "harness/proxy/relay.h"

#include <algorithm>

#include "harness/proxy/session.h"

namespace stormproof::proxy {
namespace {

base::Task<> serve(Relay& relay, wire::Socket client, std::uint64_t number) {
  Session session(relay, std::move(client), number);
  co_await session.run();
}

// Ends the exchanges that are still under way when draining has taken too long.
class DrainLimit final : private wire::Deadlines::Entry {
 public:
  DrainLimit(wire::Deadlines& deadlines, base::TaskGroup& group, std::chrono::nanoseconds at_most)
      : Entry(deadlines), group_(group) {
    set(std::max(at_most, std::chrono::nanoseconds(1)));
  }

 private:
  void on_deadline() override { group_.close(); }
  base::TaskGroup& group_;
};

// Accepting failed for want of descriptors or memory: it would fail again at once.
constexpr std::chrono::milliseconds accept_again_after{100};

}  // namespace

base::Result<std::unique_ptr<Relay>> Relay::open(wire::IoContext& io, const base::Clock& clock, RelayOptions options,
                                                 RelayTaps taps) {
  auto listener = wire::Listener::open(io, options.listen);
  if (!listener) return std::unexpected(listener.error());
  std::unique_ptr<Relay> relay(new Relay(io, clock, std::move(options), taps, std::move(*listener)));
  relay->group_.spawn(relay->accept_all());
  return relay;
}

Relay::Relay(wire::IoContext& io, const base::Clock& clock, RelayOptions options, RelayTaps taps,
             std::unique_ptr<wire::Listener> listener)
    : io_(io),
      clock_(clock),
      options_(std::move(options)),
      taps_(taps),
      listener_(std::move(listener)),
      deadlines_(io),
      pool_(io, deadlines_, options_.upstream, options_.limits.pool, options_.upstream_tls) {}

Relay::~Relay() = default;

base::Task<> Relay::accept_all() {
  wire::Pause pause(io_);
  while (!draining_.requested()) {
    auto accepted = co_await listener_->accept();
    if (!accepted) {
      if (draining_.requested()) break;
      co_await pause.lasting(accept_again_after);
      continue;
    }
    ++counts_.connections;
    if (group_.size() > options_.limits.connections_max) {
      ++counts_.connections_refused;  // closed by its destructor
      continue;
    }
    group_.spawn(serve(*this, std::move(*accepted), counts_.connections));
  }
}

base::Task<> Relay::drain() {
  listener_->close();
  draining_.request();
  {
    const DrainLimit limit(deadlines_, group_, options_.limits.drain);
    co_await group_.drained();
  }
  co_await pool_.close();
}

}  // namespace stormproof::proxy
