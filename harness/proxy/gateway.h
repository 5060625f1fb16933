// Gateway: one address served by several relays, each with a thread of its own (a worker).
//
// The workers share nothing but the port: the kernel spreads connections over them, and a request stays on its worker.
// Made, reloaded and ended from one other thread, the owner's; read from any thread that lives no longer.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/proxy/relay.h"
#include "harness/wire/loop_thread.h"

namespace stormproof::proxy {

struct GatewayOptions {
  RelayOptions relay;
  std::size_t workers = 1;
  // What a worker's relay tells and asks; called on the worker's thread at the start and again at each reload. What it
  // gives out lives as long as the gateway.
  std::function<base::Result<RelayTaps>(std::size_t worker, wire::IoContext& io)> taps;
  // Runs last on each worker's loop, for what `taps` has put there: also where opening fails.
  std::function<base::Task<>(std::size_t worker)> ended;
};

// What all workers together have done and hold.
struct GatewayState {
  struct OfUpstream {
    std::string name;
    std::uint32_t weight = 0;
    std::uint64_t exchanges = 0;
    std::uint64_t failed = 0;
    std::size_t idle_connections = 0;
  };
  RelayCounts counts;
  std::size_t sessions = 0;
  std::vector<OfUpstream> upstreams;

  GatewayState& operator+=(const GatewayState& other);
};

class Gateway {
 public:
  static constexpr std::size_t workers_max = 256;

  static base::Result<std::unique_ptr<Gateway>> open(const base::Clock& clock, GatewayOptions options);
  // Drains.
  ~Gateway();

  // With the port that the kernel chose.
  wire::Endpoint endpoint() const { return endpoint_; }
  std::size_t workers() const { return workers_.size(); }

  // From the next request on, on every worker; those under way end as they began. Where it listens and the number of
  // workers stay. Refused: what the taps or Relay::apply refuse, and then nothing has changed.
  base::Result<void> apply(GatewayOptions options);

  // Nothing: a worker did not answer within that time, or all have ended.
  std::optional<GatewayState> state(std::chrono::nanoseconds at_most) const;

  // The thread of a worker, for what the owner has put there. Not after drain().
  wire::LoopThread& loop(std::size_t worker);

  // Stops accepting, ends what is under way within limits.drain, and returns when all is closed: the state at the end.
  GatewayState drain();

 private:
  struct Worker;
  Gateway() = default;

  std::vector<std::unique_ptr<Worker>> workers_;
  std::function<base::Task<>(std::size_t worker)> ended_;
  wire::Endpoint endpoint_;
  std::atomic<bool> drained_ = false;
};

}  // namespace stormproof::proxy
