// Exchange: one request of a client and what comes of it, from the whole head to the event.
//
// The plain way: write what is there of the request to a pooled upstream connection, read the response and write it to
// the client as it comes. A request with a body still to come runs two pumps at once. An exchange ends with exactly one
// outcome; the first cause wins, and `answered` means that the whole response is with the client's socket. It borrows
// the client's connection, the request's framer and the session's deadline; used again for the session's next one. One
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/proxy/own_answer.h"
#include "harness/proxy/relay.h"
#include "harness/proxy/tunnel.h"
#include "harness/wire/connection.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"

namespace stormproof::proxy {

class Exchange final : private wire::Connection::Watcher, private TunnelMeter {
 public:
  // All outlive it. `connection`: the number of the client's connection, for events.
  Exchange(Relay& relay, wire::Connection& client, wire::Framer& request, wire::Deadlines::Entry& deadline,
           std::uint64_t connection);
  ~Exchange() override = default;

  // The request's head is whole, and the first of what is unread.
  base::Task<> run();
  // What is unread is no request: refused.
  base::Task<> refuse();
  // Outside of an exchange: what the client sent, a fault has kept from us.
  void unheard(const wire::Rider::Hurt& hurt);

  // While run() is under way: the session's deadline has passed; the relay ends now.
  void on_deadline();
  void stop();

  // Afterwards: the client's connection may carry another one.
  bool keeps_client() const { return now_.keep; }
  // Closing the client's connection at once would make a reset that overtakes our last bytes.
  bool client_may_send_more() const;

 private:
  // Which limit the deadline of the moment stands for.
  enum class Waiting : std::uint8_t { upstream_head, idle, tunnel, last_words };

  void on_arrival(wire::Connection& connection) override;
  void passes(wire::Part part, std::string_view bytes) override;

  base::Task<bool> intercepted(std::size_t ready);
  base::Task<> collect_request(std::size_t ready);
  base::Task<bool> hold_response(std::size_t ready);
  base::Task<> deliver();
  base::Task<> play(const wire::Delivery& delivery);
  base::Task<> outlast_fault();
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
  base::Task<> answer_failure();
  base::Task<> answer_ourselves(OwnAnswer answer);
  base::Task<> release_upstream();

  void new_event();  // numbered and counted, and nothing more
  void begin_event();
  void finish_event();
  std::size_t write_head();
  std::size_t frame_request(std::size_t ready);
  void wait_for(Waiting what);
  void fail(events::Outcome cause);
  void cut_upstream();
  void watch_client();
  void client_left();
  void give_up_request();
  void tap(wire::Part part, std::string_view bytes) {
    if (tap_ != nullptr && !bytes.empty()) tap_->bytes(part, bytes);
  }

  Relay& relay_;
  wire::Connection& client_;
  wire::Framer& request_;
  wire::Framer response_{wire::MessageKind::response};
  wire::Deadlines::Entry& deadline_;
  wire::Pause pause_;
  std::shared_ptr<Upstreams> upstreams_;  // this exchange's set, also after a reload
  Upstreams::Member* member_ = nullptr;
  std::unique_ptr<wire::Connection> upstream_;
  wire::ConnectAttempt* connecting_ = nullptr;
  wire::ErrorCode connect_error_;
  wire::Tap* tap_ = nullptr;
  std::unique_ptr<wire::Interception> interception_;  // what a fault does to this exchange; mostly nothing
  std::string collected_;                             // the request as the fault wants it sent; it has left client_
  std::string held_;                                  // the response, while the fault wants it whole
  std::uint64_t delivered_ = 0;
  events::Exchange event_;
  std::string head_;  // the request's, with lines of ours; empty: it goes out as it came
  std::string client_address_;
  std::string replay_;  // the request, kept to send it again if the pooled connection proves stale
  std::uint64_t connection_;
  Waiting waiting_ = Waiting::idle;

  // What holds for the exchange under way.
  struct {
    std::optional<events::NameId> cut_by = {};  // the fault that failed it
    bool keep = true;                           // the client's connection, afterwards
    bool reusable = false;                      // the upstream's connection, afterwards
    bool to_head = false;
    bool to_connect = false;
    bool repeatable = false;  // an idempotent method
    bool alone = false;       // ambiguous: on an upstream connection of its own
    bool keep_asked = false;  // the client wants to go on after it
    bool upgrade_asked = false;
    bool awaits_continue = false;  // the client holds its body back until a 100
    bool pooled = false;           // the upstream's connection came from the pool
    bool failed = false;           // an outcome other than answered stands
    bool interim = false;          // some 1xx came
    bool response_begun = false;   // some byte of the response went to the client
    bool switching = false;        // the response makes it a tunnel
    bool request_sent = false;     // whole, to the upstream
    bool request_over = false;     // no more of the request is wanted
    bool response_over = false;    // whole, with the client
    bool collected = false;        // the request that was there is in collected_
    bool holding = false;          // the response goes to held_
    bool moment_passed = false;    // before_response() was called
    bool client_stalled = false;   // the deadline passed while its bytes were missing
    bool awaits_fault = false;     // all was sent, and a fault still holds it
  } now_;
};

}  // namespace stormproof::proxy
