#include "harness/proxy/session.h"

#include "harness/proxy/client_handshake.h"

namespace stormproof::proxy {

using wire::Progress;

Session::Session(Relay& relay, wire::Socket client, std::uint64_t number)
    : Entry(relay.deadlines_),
      StopHook(relay.group_.stop()),
      relay_(relay),
      client_(std::move(client)),
      exchange_(relay, client_, request_, *this, number),
      drain_hook_(relay.draining_, *this),
      number_(number) {
  ++relay_.sessions_;
}

Session::~Session() { --relay_.sessions_; }

base::Task<> Session::run() {
  if (relay_.options_.tls != nullptr) keep_ = co_await shake_hands();
  if (relay_.taps_.streams != nullptr && client_.open()) relay_.taps_.streams->client_opened(client_, number_);
  while (keep_ && !relay_.draining_.requested() && co_await read_head()) {
    busy_ = true;
    if (request_.head_done()) {
      co_await exchange_.run();
      keep_ = keep_ && exchange_.keeps_client();
    } else {
      co_await exchange_.refuse();
      keep_ = false;
    }
    busy_ = false;
    if (!keep_ && exchange_.client_may_send_more()) co_await linger();
  }
  if (client_.rider() != nullptr && keep_) {
    if (const auto hurt = client_.rider()->hurt(); hurt && hurt->unheard) exchange_.unheard(*hurt);
  }
  if (client_.layered() && client_.open()) {
    set(relay_.options_.limits.idle);
    co_await client_.flush();  // what a fault holds back may take longer than our last words
    set(relay_.options_.limits.linger);
    co_await client_.end_sending();
  }
  clear();
  client_.close();
  co_await client_.settled();
}

void Session::on_deadline() {
  if (busy_) exchange_.on_deadline();
  else client_.close_in_order();
}

void Session::on_stop() {
  if (busy_) exchange_.stop();
  else client_.close();
}

void Session::on_drain() {
  keep_ = false;
  if (idle_ && client_.unread().empty()) client_.close_in_order();
}

base::Task<bool> Session::shake_hands() {
  set(relay_.options_.limits.client_head);
  idle_ = true;
  std::optional<events::NameId> spoilt;
  const auto begun = std::chrono::steady_clock::now();
  const bool done = co_await proxy::shake_hands(client_, number_, relay_.options_.tls, relay_.taps_.streams, spoilt);
  idle_ = false;
  if (!done && !relay_.draining_.requested()) ++relay_.counts_.handshakes_failed;
  if (!done && spoilt) exchange_.unheard({.fault = *spoilt, .since = begun});
  co_return done;
}

// True: a head is whole, or what came is no request.
base::Task<bool> Session::read_head() {
  const RelayLimits& limits = relay_.options_.limits;
  request_.begin();
  client_.shrink();
  set(limits.client_idle);
  bool begun = false;
  idle_ = true;
  while (true) {
    const wire::Step step = request_.feed(client_.unread());
    if (step.progress == Progress::head || step.progress == Progress::error) {
      idle_ = false;
      clear();
      co_return true;
    }
    if (step.progress == Progress::blank) {
      client_.consume(step.consumed);
      continue;
    }
    if (request_.started() && !std::exchange(begun, true)) set(limits.client_head);
    if ((co_await client_.more()).ended()) co_return false;
  }
}

// Ends our side and reads the client out.
base::Task<> Session::linger() {
  if (!client_.open() || client_.ended()) co_return;
  set(relay_.options_.limits.idle);
  co_await client_.flush();
  set(relay_.options_.limits.linger);
  co_await client_.end_sending();  // it may have gone meanwhile: more() says so
  do {
    client_.consume(client_.unread().size());
  } while (!(co_await client_.more()).ended());
}

}  // namespace stormproof::proxy
