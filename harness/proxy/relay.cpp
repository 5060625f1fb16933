#include "harness/proxy/relay.h"

#include <algorithm>
#include <tuple>

#include "harness/proxy/session.h"
#include "harness/proxy/stream_session.h"

namespace stormproof::proxy {
namespace {

template <typename Served>
base::Task<> serve(Relay& relay, wire::Socket client, std::uint64_t number) {
  Served session(relay, std::move(client), number);
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

class Relay::Retired final : private wire::Deadlines::Entry {
 public:
  Retired(wire::Deadlines& deadlines, base::TaskGroup& group) : Entry(deadlines), group_(group) {}

  void add(std::shared_ptr<Upstreams> upstreams) {
    sets_.push_back(std::move(upstreams));
    set(look_every);
  }

  base::Task<> close() {
    clear();
    for (const auto& set : sets_) co_await set->close();
  }

 private:
  static constexpr std::chrono::milliseconds look_every{200};

  static base::Task<> end(std::shared_ptr<Upstreams> upstreams) { co_await upstreams->close(); }

  void on_deadline() override {
    if (group_.stop().requested()) return;  // it lets no task in any more: close() ends them
    std::erase_if(sets_, [&](std::shared_ptr<Upstreams>& set) {
      if (set.use_count() > 1) return false;
      group_.spawn(end(std::move(set)));
      return true;
    });
    if (!sets_.empty()) set(look_every);
  }

  base::TaskGroup& group_;
  std::vector<std::shared_ptr<Upstreams>> sets_;
};

base::Result<std::unique_ptr<Relay>> Relay::open(wire::IoContext& io, const base::Clock& clock, RelayOptions options,
                                                 RelayTaps taps) {
  auto listener = wire::Listener::open(io, options.listen, options.share_port);
  if (!listener) return std::unexpected(listener.error());
  std::unique_ptr<Relay> relay(new Relay(io, clock, options, taps, std::move(*listener)));
  if (const auto applied = relay->apply(std::move(options), taps); !applied) return std::unexpected(applied.error());
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
      retired_(std::make_unique<Retired>(deadlines_, group_)) {}

Relay::~Relay() = default;

base::Result<void> Relay::check(const RelayOptions& options) {
  std::vector<std::uint32_t> weights;
  for (const Upstream& upstream : options.upstreams) weights.push_back(upstream.weight);
  const auto split = Split::make(std::move(weights), options.stickiness);
  if (!split) return std::unexpected(split.error());
  return {};
}

base::Result<void> Relay::apply(RelayOptions options, RelayTaps taps) {
  auto upstreams =
      Upstreams::make(io_, deadlines_, options.upstreams, options.stickiness, options.limits.pool, taps.streams);
  if (!upstreams) return std::unexpected(upstreams.error());
  const auto fixed = [](RelayOptions& of) {
    return std::tie(of.listen, of.share_port, of.tcp, of.side, of.party, of.number_first, of.number_step);
  };
  fixed(options) = fixed(options_);
  if (upstreams_ != nullptr) retired_->add(std::move(upstreams_));
  upstreams_ = std::move(*upstreams);
  options_ = std::move(options);
  taps_ = taps;
  return {};
}

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
    const std::uint64_t number = numbered(counts_.connections);
    group_.spawn(options_.tcp ? serve<StreamSession>(*this, std::move(*accepted), number)
                              : serve<Session>(*this, std::move(*accepted), number));
  }
}

base::Task<> Relay::drain() {
  listener_->close();
  draining_.request();
  {
    const DrainLimit limit(deadlines_, group_, options_.limits.drain);
    co_await group_.drained();
  }
  co_await retired_->close();
  co_await upstreams_->close();
}

}  // namespace stormproof::proxy
