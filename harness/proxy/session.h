// Session: one client connection of a relay: head after head, each handed to an exchange.
//
// It lives until run() has ended: the client has left, a limit has passed, the relay drains, or an exchange was its
// last.
#pragma once

#include "harness/base/stop.h"
#include "harness/base/task.h"
#include "harness/proxy/exchange.h"
#include "harness/proxy/relay.h"
#include "harness/wire/connection.h"
#include "harness/wire/framer.h"

namespace stormproof::proxy {

class Session final : private wire::Deadlines::Entry, private base::StopHook {
 public:
  Session(Relay& relay, wire::Socket client, std::uint64_t number);
  ~Session() override;

  base::Task<> run();

 private:
  class DrainHook final : public base::StopHook {
   public:
    DrainHook(base::Stop& stop, Session& session) : StopHook(stop), session_(session) {}

   private:
    void on_stop() override { session_.on_drain(); }
    Session& session_;
  };

  void on_deadline() override;
  void on_stop() override;
  void on_drain();

  base::Task<bool> shake_hands();
  base::Task<bool> read_head();
  base::Task<> linger();

  Relay& relay_;
  wire::Connection client_;
  wire::Framer request_{wire::MessageKind::request};
  Exchange exchange_;
  DrainHook drain_hook_;
  std::uint64_t number_;
  bool keep_ = true;   // the connection, after the exchange under way
  bool idle_ = false;  // waiting for a head, or for what goes before the first
  bool busy_ = false;  // within an exchange
};

}  // namespace stormproof::proxy
