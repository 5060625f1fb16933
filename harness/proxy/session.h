// Session: one client connection of a relay, exchange after exchange.
//
// The plain way of an exchange: read the head, write what is there of the request to a pooled upstream connection, read the
// response and write it to the client as it comes. A request with a body still to come runs two pumps at once. An exchange
// ends with exactly one outcome; the first cause wins. It lives until run() has ended.
#pragma once

#include <memory>
#include <string>

#include "harness/base/stop.h"
#include "harness/base/task.h"
#include "harness/proxy/own_answer.h"
#include "harness/proxy/relay.h"
#include "harness/proxy/tunnel.h"
#include "harness/wire/connection.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"

namespace stormproof::proxy {

class Session final : private wire::Connection::Watcher,
                      private wire::Deadlines::Entry,
                      private base::StopHook,
                      private TunnelMeter {
 public:
  Session(Relay& relay, wire::Socket client, std::uint64_t number);
  ~Session() override;

  base::Task<> run();

 private:
  // Which limit the deadline of the moment stands for.
  enum class Waiting : std::uint8_t { client_idle, client_head, upstream_head, idle, tunnel, linger };

  class DrainHook final : public base::StopHook {
   public:
    DrainHook(base::Stop& stop, Session& session) : StopHook(stop), session_(session) {}

   private:
    void on_stop() override { session_.on_drain(); }
    Session& session_;
  };

  void on_arrival(wire::Connection& connection) override;
  void on_deadline() override;
  void on_stop() override;
  void on_drain();
  void passes(wire::Part part, std::string_view bytes) override;

  base::Task<bool> read_head();
  base::Task<> refuse();
  base::Task<> exchange();
  base::Task<bool> intercepted(std::size_t ready);
  base::Task<bool> send_request(std::size_t ready);
  base::Task<bool> connect_upstream();
  base::Task<> pump_request();
  base::Task<> pump_response();
  base::Task<> pump_response_over_request();
  base::Task<bool> resend();
  base::Task<bool> forward_response();
  std::size_t frame_response();
  bool on_response_head(std::string_view bytes);
  base::Task<> switch_protocols();
  base::Task<> answer_ourselves(OwnAnswer answer);
  base::Task<> linger();
  base::Task<> release_upstream();

  std::size_t frame_request(std::size_t ready);
  void begin_event();
  void finish_event();
  void wait_for(Waiting what);
  void fail(events::Outcome cause);
  void cut_upstream();
  void watch_client();
  void client_left();
  void break_off();
  bool should_linger() const;
  void tap(wire::Part part, std::string_view bytes) {
    if (tap_ != nullptr && !bytes.empty()) tap_->bytes(part, bytes);
  }

  Relay& relay_;
  wire::Connection client_;
  DrainHook drain_hook_;
  wire::Framer request_{wire::MessageKind::request};
  wire::Framer response_{wire::MessageKind::response};
  wire::Pause pause_;
  std::unique_ptr<wire::Connection> upstream_;
  wire::Socket* connecting_ = nullptr;
  wire::Tap* tap_ = nullptr;
  events::Exchange event_;
  std::string replay_;  // the request, kept to send it again if the pooled connection proves stale
  std::uint64_t number_;
  Waiting waiting_ = Waiting::client_idle;
  bool keep_ = true;     // the client connection, after this exchange
  bool busy_ = false;    // within an exchange
  bool client_eof_ = false;

  // Of the exchange under way.
  struct {
    bool to_head = false;
    bool to_connect = false;
    bool repeatable = false;      // an idempotent method
    bool alone = false;           // ambiguous: on an upstream connection of its own
    bool keep_asked = false;      // the client wants to go on after it
    bool upgrade_asked = false;
    bool reusable = false;        // the upstream connection, afterwards
    bool pooled = false;          // the upstream connection came from the pool
    bool failed = false;          // an outcome other than answered stands
    bool interim = false;         // some 1xx went to the client
    bool response_begun = false;  // some byte of the response went to the client
    bool switching = false;       // the response makes it a tunnel
    bool request_sent = false;    // by pump_request(), to its end
    bool request_over = false;    // no more of the request is wanted
    bool client_stalled = false;  // the deadline passed while its bytes were missing
  } now_;
};

}  // namespace stormproof::proxy
