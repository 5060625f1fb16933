#include "harness/proxy/session.h"

#include <fmt/format.h>

#include <array>

#include "harness/base/both.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using wire::Arrival;
using wire::Connection;
using wire::Part;
using wire::Progress;

}  // namespace

Session::Session(Relay& relay, wire::Socket client, std::uint64_t number)
    : Entry(relay.deadlines_),
      StopHook(relay.group_.stop()),
      relay_(relay),
      client_(std::move(client)),
      drain_hook_(relay.draining_, *this),
      pause_(relay.io_),
      number_(number) {}

Session::~Session() = default;

base::Task<> Session::run() {
  while (keep_ && !relay_.draining_.requested() && co_await read_head()) {
    busy_ = true;
    co_await exchange();
    busy_ = false;
  }
  clear();
  client_.watch(nullptr);
  client_.close();
  co_await client_.settled();
}

void Session::wait_for(Waiting what) {
  waiting_ = what;
  const RelayLimits& limits = relay_.options_.limits;
  switch (what) {
    case Waiting::client_idle: return set(limits.client_idle);
    case Waiting::client_head: return set(limits.client_head);
    case Waiting::upstream_head: return set(limits.upstream_head);
    case Waiting::idle: return set(limits.idle);
    case Waiting::linger: return set(limits.linger);
  }
}

void Session::on_deadline() {
  switch (waiting_) {
    case Waiting::client_idle:
    case Waiting::client_head:
    case Waiting::linger:
      client_.close();
      return;
    case Waiting::upstream_head:
      fail(Outcome::head_timeout);
      cut_upstream();
      return;
    case Waiting::idle:
      fail(Outcome::idle_timeout);
      cut_upstream();
      client_.close();
      return;
  }
}

void Session::on_stop() {
  if (busy_) fail(Outcome::reset);
  pause_.interrupt();
  cut_upstream();
  client_.close();
}

void Session::on_drain() {
  keep_ = false;
  if (!busy_ && client_.unread().empty()) client_.close();
}

// Something happened on the client's side while the exchange did not wait for it.
void Session::on_arrival(Connection& connection) {
  const Arrival& arrival = connection.arrived();
  if (arrival.bytes > 0) {
    connection.arm();  // a pipelined request waits its turn; its sender may still leave
    return;
  }
  client_eof_ = true;
  if (arrival.error || relay_.options_.client_eof_cancels) client_left();
}

void Session::client_left() {
  fail(Outcome::cancelled);
  pause_.interrupt();
  cut_upstream();
}

void Session::fail(Outcome cause) {
  keep_ = false;
  if (failed_) return;
  failed_ = true;
  event_.outcome = cause;
  event_.end = relay_.clock_.now();
}

void Session::cut_upstream() {
  reusable_ = false;
  if (upstream_ != nullptr) upstream_->close();
  if (connecting_ != nullptr) {
    wire::ErrorCode ignored;
    connecting_->close(ignored);
  }
}

base::Task<bool> Session::read_head() {
  request_.begin();
  wait_for(Waiting::client_idle);
  while (true) {
    const wire::Step step = request_.feed(client_.unread());
    if (step.progress == Progress::head) {
      clear();
      co_return true;
    }
    if (step.progress == Progress::error || client_.unread().size() >= wire::Framer::head_bytes_max) {
      begin_event();
      tap(Part::request_head, client_.unread());
      fail(Outcome::bad_request);
      co_await answer_ourselves(400, "Bad Request", request_.error());
      finish_event();
      co_return false;
    }
    if (request_.started() && waiting_ == Waiting::client_idle) wait_for(Waiting::client_head);
    if (client_.full()) client_.reserve(Connection::large_buffer);
    const Arrival arrival = co_await client_.more();
    if (arrival.ended()) {
      client_eof_ = true;
      co_return false;
    }
  }
}

void Session::begin_event() {
  ++relay_.counts_.exchanges;
  const wire::Head& head = request_.head();
  failed_ = response_begun_ = request_over_ = reusable_ = pooled_ = false;
  pause_.rearm();
  event_ = {};
  event_.side = relay_.options_.side;
  event_.party = relay_.options_.party;
  event_.connection = number_;
  event_.request = relay_.counts_.exchanges;
  event_.trace = head.trace;
  event_.start = event_.intended = relay_.clock_.now();
  if (relay_.taps_.sink != nullptr) event_.route = relay_.taps_.sink->route(head.method, head.target);
  if (relay_.taps_.tapper != nullptr) {
    tap_ = relay_.taps_.tapper->tap({head, event_.connection, event_.request, event_.start});
  }
}

void Session::finish_event() {
  if (!failed_) event_.end = relay_.clock_.now();
  if (relay_.taps_.sink != nullptr) relay_.taps_.sink->exchange(event_);
  if (tap_ != nullptr) std::exchange(tap_, nullptr)->ended(event_);
}

// Frames what has arrived of the request beyond its first `ready` bytes; returns how many bytes are the request's.
std::size_t Session::frame_request(std::size_t ready) {
  while (!request_.done()) {
    const std::string_view rest = client_.unread().substr(ready);
    const wire::Step step = request_.feed(rest);
    if (step.progress == Progress::error) {
      fail(Outcome::bad_request);
      return ready;
    }
    if (step.consumed == 0) break;
    tap(Part::request_body, rest.substr(0, step.consumed));
    ready += step.consumed;
  }
  return ready;
}

base::Task<> Session::exchange() {
  begin_event();
  const wire::Head& head = request_.head();
  keep_ = keep_ && head.keep_alive;
  to_head_ = head.method == "HEAD";
  to_connect_ = head.method == "CONNECT";
  repeatable_ = wire::is_idempotent(head.method);
  tap(Part::request_head, head.bytes);
  const std::size_t ready = frame_request(head.bytes.size());

  client_.watch(this);
  if (!failed_ && !co_await intercepted(ready) && co_await send_request(ready)) {
    if (request_.done()) {
      client_.arm();
      co_await pump_response();
    } else {
      co_await base::both(pump_request(), pump_response());
    }
  }
  client_.watch(nullptr);
  clear();
  if (failed_ && !response_begun_) {
    if (event_.outcome == Outcome::bad_request) {
      co_await answer_ourselves(400, "Bad Request", request_.error());
    } else if (event_.outcome == Outcome::head_timeout || event_.outcome == Outcome::connect_timeout) {
      co_await answer_ourselves(504, "Gateway Timeout", "the upstream did not answer in time");
    } else if (event_.outcome != Outcome::cancelled && event_.outcome != Outcome::idle_timeout) {
      co_await answer_ourselves(502, "Bad Gateway", "the upstream is not reachable or broke off");
    }
  }
  co_await release_upstream();
  finish_event();
  if (!request_.done() && !client_eof_ && client_.open()) co_await linger();
}

// True: a fault has answered, or the exchange has ended meanwhile.
base::Task<bool> Session::intercepted(std::size_t ready) {
  if (relay_.taps_.interceptor == nullptr) co_return false;
  const auto interception = relay_.taps_.interceptor->intercept(
      {request_.head(), event_.connection, event_.request, event_.start});
  if (interception == nullptr) co_return false;
  event_.fault = interception->rule();
  client_.arm();
  const wire::Interception::Decision decision = co_await interception->before_upstream(pause_);
  if (failed_ || !decision.answer) co_return failed_;
  event_.outcome = Outcome::faulted;
  event_.status = decision.status;
  event_.first_byte = relay_.clock_.now();
  event_.response_bytes = decision.response.size();
  response_begun_ = true;
  client_.consume(ready);
  if (co_await client_.write(decision.response)) client_left();
  if (!request_.done()) keep_ = false;
  co_return true;
}

base::Task<bool> Session::connect_upstream() {
  pooled_ = false;
  wire::ConnectResult connected = co_await relay_.pool_.connect(&connecting_);
  if (!connected) {
    fail(connected.error().cause);
    co_return false;
  }
  upstream_ = std::move(*connected);
  co_return !failed_;
}

// Sends the first `ready` bytes that the client sent. False: the exchange has failed.
base::Task<bool> Session::send_request(std::size_t ready) {
  response_.begin(to_head_);
  replay_.clear();
  event_.request_bytes = ready;
  upstream_ = relay_.pool_.take_idle();
  pooled_ = upstream_ != nullptr;
  if (!pooled_ && !co_await connect_upstream()) co_return false;
  // A pooled connection may have been closed by the upstream a moment ago: keep what is needed to try once more.
  if (pooled_ && repeatable_ && request_.done()) replay_.assign(client_.unread().substr(0, ready));
  const wire::ErrorCode error = co_await upstream_->write(client_.unread().substr(0, ready));
  client_.consume(ready);
  if (error) request_over_ = true;  // the upstream may have answered before it closed: pump_response() will see
  co_return !failed_;
}

base::Task<> Session::pump_request() {
  while (!request_.done()) {
    client_.reserve(Connection::large_buffer);
    const Arrival arrival = co_await client_.more();
    if (arrival.ended()) {
      client_eof_ = true;
      if (!request_over_) client_left();
      co_return;
    }
    if (failed_) co_return;
    const std::size_t ready = frame_request(0);
    if (failed_) {
      cut_upstream();
      co_return;
    }
    event_.request_bytes += ready;
    if (!request_over_) {
      wait_for(Waiting::idle);
      if (co_await upstream_->write(client_.unread().substr(0, ready))) request_over_ = true;
    }
    client_.consume(ready);
  }
  if (failed_ || request_over_) co_return;
  wait_for(Waiting::upstream_head);
  client_.arm();
}

base::Task<> Session::pump_response() {
  wait_for(Waiting::upstream_head);
  while (true) {
    const Arrival arrival = co_await upstream_->more();
    if (failed_) co_return;
    if (arrival.ended()) {
      const bool stale = pooled_ && !response_.started() && !response_begun_ && !replay_.empty();
      if (stale && co_await resend()) continue;
      if (failed_) co_return;
      if (arrival.eof && response_.finish_at_eof()) break;
      fail(Outcome::reset);
      if (response_begun_) client_.close();  // the only way left to say that this is not the whole of it
      co_return;
    }
    if (!response_.started()) event_.first_byte = relay_.clock_.now();
    if (!co_await forward_response()) break;
  }
  if (request_.done() || failed_) co_return;
  // Answered before the request was whole: the client must hear the end, the rest of its request is read and dropped.
  request_over_ = true;
  keep_ = reusable_ = false;
  wire::ErrorCode ignored;
  client_.socket().shutdown(wire::Socket::shutdown_send, ignored);
  wait_for(Waiting::linger);
}

// The pooled connection was closed before a byte of the answer: once more, on a new one.
base::Task<bool> Session::resend() {
  co_await wire::retire(std::move(upstream_));
  if (!co_await connect_upstream()) co_return false;
  if (co_await upstream_->write(replay_)) co_return false;
  replay_.clear();
  co_return true;
}

// Forwards what has arrived of the response. False: it is whole, or has failed.
base::Task<bool> Session::forward_response() {
  std::size_t ready = 0;
  while (true) {
    const std::string_view rest = upstream_->unread().substr(ready);
    const wire::Step step = response_.feed(rest);
    const std::string_view bytes = rest.substr(0, step.consumed);
    ready += step.consumed;
    if (step.progress == Progress::error) {
      fail(Outcome::bad_response);
      if (response_begun_) client_.close();
      co_return false;
    }
    if (step.progress == Progress::head) {
      const int status = response_.head().status;
      if (status / 100 == 1 && status != 101) {
        tap(Part::interim, bytes);
        response_.begin(to_head_);
        continue;
      }
      on_response_head(bytes);
      if (status == 101 || (to_connect_ && status / 100 == 2)) break;
    } else {
      tap(Part::response_body, bytes);
      if (step.progress == Progress::done || step.consumed == 0) break;
    }
  }
  event_.response_bytes += ready;
  if (ready > 0) {
    response_begun_ = true;
    if (co_await client_.write(upstream_->unread().substr(0, ready))) client_left();
    upstream_->consume(ready);
  }
  if (failed_) co_return false;
  if (event_.status == 101 || (to_connect_ && event_.status / 100 == 2)) {
    co_await tunnel();
    co_return false;
  }
  if (response_.head_done() && response_.done()) co_return false;
  if (response_.head_done()) wait_for(Waiting::idle);
  co_return true;
}

void Session::on_response_head(std::string_view bytes) {
  const wire::Head& head = response_.head();
  event_.status = static_cast<std::uint16_t>(head.status);
  reusable_ = head.keep_alive;
  keep_ = keep_ && head.keep_alive;
  tap(Part::response_head, bytes);
  if (head.has_body && head.content_length.value_or(Connection::large_buffer) > Connection::small_buffer) {
    upstream_->reserve(Connection::large_buffer);
  }
}

// After an upgrade the two sides speak what they like, until both have ended.
base::Task<> Session::tunnel() {
  keep_ = reusable_ = false;
  request_over_ = true;
  client_.watch(nullptr);
  co_await base::both(copy(client_, *upstream_, Part::request_body), copy(*upstream_, client_, Part::response_body));
}

base::Task<> Session::copy(Connection& from, Connection& to, Part part) {
  while (true) {
    wait_for(Waiting::idle);
    if (from.unread().empty()) {
      const Arrival arrival = co_await from.more();
      if (arrival.error) {
        to.close();
        co_return;
      }
      if (arrival.eof) {
        wire::ErrorCode ignored;
        to.socket().shutdown(wire::Socket::shutdown_send, ignored);
        co_return;
      }
      continue;
    }
    tap(part, from.unread());
    (part == Part::request_body ? event_.request_bytes : event_.response_bytes) += from.unread().size();
    const std::size_t bytes = from.unread().size();
    if (co_await to.write(from.unread())) {
      from.close();
      co_return;
    }
    from.consume(bytes);
  }
}

base::Task<> Session::answer_ourselves(int status, std::string_view reason, std::string_view sentence) {
  keep_ = false;
  if (!client_.open()) co_return;
  event_.status = static_cast<std::uint16_t>(status);
  event_.first_byte = relay_.clock_.now();
  const std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n"
      "\r\nstormproof: {}\n", status, reason, sentence.size() + 13, sentence);
  event_.response_bytes = text.size();
  if (co_await client_.write(text)) client_.close();  // the client left before our word: nobody is there to read it
  else co_await linger();
}

// Ends our side and reads the client out, so that a reset does not overtake our last bytes.
base::Task<> Session::linger() {
  wire::ErrorCode ignored;
  client_.socket().shutdown(wire::Socket::shutdown_send, ignored);
  wait_for(Waiting::linger);
  while (client_.open()) {
    client_.consume(client_.unread().size());
    const Arrival arrival = co_await client_.more();
    if (arrival.ended()) break;
  }
  clear();
  client_eof_ = true;
}

base::Task<> Session::release_upstream() {
  if (upstream_ == nullptr) co_return;
  if (reusable_ && !failed_) co_await relay_.pool_.give_back(std::move(upstream_));
  else co_await wire::retire(std::move(upstream_));
}

}  // namespace stormproof::proxy
