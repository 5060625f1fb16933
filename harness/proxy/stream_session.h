// StreamSession: one client connection of a relay that does not look into its bytes (TCP mode).
//
// A connection to an upstream for each of the client's, and bytes both ways until both sides have ended (tunnel.h). It is
// one exchange to its event and its taps: without heads, the client's bytes as the request's body, the upstream's as the
// response's. Its first byte is the upstream's first. One thread.
#pragma once

#include "harness/base/stop.h"
#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/proxy/relay.h"
#include "harness/proxy/tunnel.h"
#include "harness/wire/connection.h"

namespace stormproof::proxy {

class StreamSession final : private wire::Deadlines::Entry, private base::StopHook, private TunnelMeter {
 public:
  StreamSession(Relay& relay, wire::Socket client, std::uint64_t number);
  ~StreamSession() override;

  base::Task<> run();

 private:
  void on_deadline() override;
  void on_stop() override;
  void passes(wire::Part part, std::string_view bytes) override;

  base::Task<bool> shake_hands();
  base::Task<bool> connect();
  void begin_event(std::uint64_t number);
  void cut_by(const wire::Rider& rider);
  void fail(events::Outcome cause);
  void cut();

  Relay& relay_;
  wire::Connection client_;
  std::unique_ptr<wire::Connection> upstream_;
  wire::ConnectAttempt* connecting_ = nullptr;
  std::shared_ptr<Upstreams> upstreams_;  // this connection's set, also after a reload
  wire::Tap* tap_ = nullptr;
  events::Exchange event_;
  bool failed_ = false;
};

}  // namespace stormproof::proxy
