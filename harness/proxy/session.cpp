#include "harness/proxy/session.h"

#include "harness/base/both.h"

namespace stormproof::proxy {

using events::Outcome;
using wire::Arrival;
using wire::Connection;
using wire::Part;
using wire::Progress;

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
    case Waiting::tunnel: return set(limits.tunnel_idle);
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
      now_.client_stalled = !request_.done() && !(upstream_ != nullptr && upstream_->writing());
      fail(Outcome::idle_timeout);
      cut_upstream();
      if (client_.writing()) client_.close();
      return;
    case Waiting::tunnel:
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

// From here on its leaving is seen at once; it may have left already.
void Session::watch_client() {
  client_.arm();
  if (!client_.reading() && client_.ended()) on_arrival(client_);
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
  if (now_.failed) return;
  now_.failed = true;
  event_.outcome = cause;
  event_.end = relay_.clock_.now();
}

void Session::cut_upstream() {
  now_.reusable = false;
  if (upstream_ != nullptr) upstream_->close();
  if (connecting_ != nullptr) {
    wire::ErrorCode ignored;  // it may have connected already
    connecting_->close(ignored);
  }
}

base::Task<bool> Session::read_head() {
  request_.begin();
  client_.shrink();
  wait_for(Waiting::client_idle);
  while (true) {
    const wire::Step step = request_.feed(client_.unread());
    if (step.progress == Progress::head) {
      clear();
      co_return true;
    }
    if (step.progress == Progress::blank) {
      client_.consume(step.consumed);
      continue;
    }
    if (step.progress == Progress::error) {
      co_await refuse();
      co_return false;
    }
    if (request_.started() && waiting_ == Waiting::client_idle) wait_for(Waiting::client_head);
    const Arrival arrival = co_await client_.more();
    if (arrival.ended()) {
      client_eof_ = true;
      co_return false;
    }
  }
}

// What came is no request.
base::Task<> Session::refuse() {
  begin_event();
  tap(Part::request_head, client_.unread());
  fail(Outcome::bad_request);
  co_await answer_ourselves(answer_to_malformed(request_.error(), request_.head_too_large()));
  finish_event();
  co_await linger();
}

void Session::begin_event() {
  ++relay_.counts_.exchanges;
  const wire::Head& head = request_.head();
  now_ = {};
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
  now_.to_head = head.method == "HEAD";
  now_.to_connect = head.method == "CONNECT";
  now_.repeatable = wire::is_idempotent(head.method);
  now_.alone = head.ambiguous;
  now_.keep_asked = head.keep_alive;
  now_.upgrade_asked = head.upgrade;
  keep_ = keep_ && head.keep_alive && !head.ambiguous;
  tap(Part::request_head, head.bytes);
  const std::size_t ready = frame_request(head.bytes.size());
  event_.request_bytes = ready;

  client_.watch(this);
  if (!now_.failed && !co_await intercepted(ready) && co_await send_request(ready)) {
    if (request_.done()) {
      client_.shrink();
      watch_client();
      co_await pump_response();
    } else {
      co_await base::both(pump_request(), pump_response_over_request());
    }
  }
  client_.watch(nullptr);
  clear();
  if (!now_.failed) {
    event_.end = relay_.clock_.now();
  } else if (now_.response_begun) {
    break_off();
  } else if (event_.outcome == Outcome::bad_request) {
    co_await answer_ourselves(answer_to_malformed(request_.error(), false));
  } else if (const auto answer = answer_to_failure(event_.outcome, now_.client_stalled)) {
    co_await answer_ourselves(*answer);
  }
  co_await release_upstream();
  finish_event();
  if (should_linger()) co_await linger();
}

// True: a fault has answered, or the exchange has ended meanwhile.
base::Task<bool> Session::intercepted(std::size_t ready) {
  if (relay_.taps_.interceptor == nullptr) co_return false;
  const auto interception = relay_.taps_.interceptor->intercept(
      {request_.head(), event_.connection, event_.request, event_.start});
  if (interception == nullptr) co_return false;
  event_.fault = interception->rule();
  if (request_.done()) watch_client();
  else client_.arm();
  const wire::Interception::Decision decision = co_await interception->before_upstream(pause_);
  if (now_.failed || !decision.answer) co_return now_.failed;
  event_.outcome = Outcome::faulted;
  event_.status = decision.status;
  event_.first_byte = relay_.clock_.now();
  event_.response_bytes = decision.response.size();
  now_.response_begun = true;
  client_.consume(ready);
  wait_for(Waiting::idle);
  if (co_await client_.write(decision.response)) client_left();
  if (!request_.done()) keep_ = false;
  co_return true;
}

base::Task<bool> Session::connect_upstream() {
  now_.pooled = false;
  wire::ConnectResult connected = co_await relay_.pool_.connect(&connecting_);
  if (!connected) {
    fail(connected.error().cause);
    co_return false;
  }
  upstream_ = std::move(*connected);
  if (now_.failed) cut_upstream();
  co_return !now_.failed;
}

// Sends the first `ready` bytes that the client sent. False: the exchange has failed.
base::Task<bool> Session::send_request(std::size_t ready) {
  response_.begin(now_.to_head);
  replay_.clear();
  if (!now_.alone) upstream_ = relay_.pool_.take_idle();
  now_.pooled = upstream_ != nullptr;
  if (!now_.pooled && !co_await connect_upstream()) co_return false;
  // A pooled connection may have been closed by the upstream a moment ago: keep what is needed to try once more.
  if (now_.pooled && now_.repeatable && request_.done()) replay_.assign(client_.unread().substr(0, ready));
  wait_for(Waiting::idle);
  const wire::ErrorCode error = co_await upstream_->write(client_.unread().substr(0, ready));
  client_.consume(ready);
  if (error) now_.request_over = true;  // it may have answered before it closed: pump_response() will see
  co_return !now_.failed;
}

// The rest of the request, as it comes, until no more of it is wanted.
base::Task<> Session::pump_request() {
  while (!request_.done() && !now_.request_over && !now_.failed) {
    const std::size_t ready = frame_request(0);
    if (now_.failed) break;
    wait_for(Waiting::idle);
    if (ready == 0) {
      if (client_.full()) client_.reserve(Connection::large_buffer);
      const Arrival arrival = co_await client_.more();
      if (!arrival.ended() || now_.request_over) continue;
      client_eof_ = true;
      client_left();
      co_return;
    }
    event_.request_bytes += ready;
    if (co_await upstream_->write(client_.unread().substr(0, ready))) now_.request_over = true;
    client_.consume(ready);
    if (ready >= Connection::small_buffer) client_.reserve(Connection::large_buffer);
  }
  if (now_.failed) {
    cut_upstream();
    co_return;
  }
  if (!now_.request_over) {
    now_.request_sent = true;
    wait_for(response_.head_done() ? Waiting::idle : Waiting::upstream_head);
  }
  client_.shrink();
  watch_client();
}

// Runs beside pump_request(), and ends it.
base::Task<> Session::pump_response_over_request() {
  co_await pump_response();
  if (now_.request_sent) co_return;
  // Answered before the whole request was sent, or failed: the rest of it is not wanted.
  now_.request_over = true;
  keep_ = false;
  cut_upstream();
  client_.stop_waiting();
}

base::Task<> Session::pump_response() {
  if (request_.done() || now_.request_over) wait_for(Waiting::upstream_head);
  while (true) {
    const Arrival arrival = co_await upstream_->more();
    if (now_.failed) co_return;
    if (arrival.ended()) {
      const bool stale = now_.pooled && !response_.started() && !now_.interim && !replay_.empty();
      if (stale && co_await resend()) continue;
      if (now_.failed || (arrival.eof && response_.finish_at_eof())) co_return;
      fail(Outcome::reset);
      co_return;
    }
    if (!response_.started()) event_.first_byte = relay_.clock_.now();
    if (!co_await forward_response()) co_return;
  }
}

// The pooled connection was closed before a byte of the answer: once more, on a new one.
base::Task<bool> Session::resend() {
  co_await wire::retire(std::move(upstream_));
  if (now_.failed || !co_await connect_upstream()) co_return false;
  wait_for(Waiting::idle);
  if (co_await upstream_->write(replay_)) co_return false;
  wait_for(Waiting::upstream_head);
  co_return true;
}

// Frames what has arrived of the response; returns how many bytes are its own.
std::size_t Session::frame_response() {
  std::size_t ready = 0;
  while (!now_.switching && !response_.done()) {
    const std::string_view rest = upstream_->unread().substr(ready);
    const wire::Step step = response_.feed(rest);
    const std::string_view bytes = rest.substr(0, step.consumed);
    if (step.progress == Progress::error || (step.progress == Progress::head && !on_response_head(bytes))) {
      fail(Outcome::bad_response);
      break;
    }
    if (step.consumed == 0) break;
    if (step.progress != Progress::head) tap(Part::response_body, bytes);
    ready += step.consumed;
  }
  return ready;
}

// False: a head that cannot be the answer to this request.
bool Session::on_response_head(std::string_view bytes) {
  const wire::Head& head = response_.head();
  if (head.status / 100 == 1 && head.status != 101) {
    tap(Part::interim, bytes);
    now_.interim = true;
    response_.begin(now_.to_head);
    return true;
  }
  if (head.status == 101 && !(now_.upgrade_asked && request_.done())) return false;
  now_.switching = head.status == 101 || (now_.to_connect && head.status / 100 == 2);
  event_.status = static_cast<std::uint16_t>(head.status);
  now_.reusable = head.keep_alive && now_.keep_asked && !now_.alone && !now_.switching;
  keep_ = keep_ && head.keep_alive && !now_.switching;
  tap(Part::response_head, bytes);
  return true;
}

// Forwards what has arrived of the response. False: it is whole, or the exchange has failed.
base::Task<bool> Session::forward_response() {
  const std::size_t ready = frame_response();
  if (now_.failed) co_return false;
  if (ready > 0) {
    event_.response_bytes += ready;
    now_.response_begun = response_.head_done();
    wait_for(Waiting::idle);
    if (co_await client_.write(upstream_->unread().substr(0, ready))) client_left();
    upstream_->consume(ready);
    if (now_.failed) co_return false;
  }
  if (now_.switching) {
    co_await switch_protocols();
    co_return false;
  }
  if (response_.done()) co_return false;
  if (!response_.head_done()) {
    if (request_.done()) wait_for(Waiting::upstream_head);
  } else if (ready >= Connection::small_buffer || response_.head().content_length > Connection::small_buffer) {
    upstream_->reserve(Connection::large_buffer);
  }
  co_return true;
}

// The two sides now speak what they like, until both have ended.
base::Task<> Session::switch_protocols() {
  client_.watch(nullptr);
  wait_for(Waiting::tunnel);
  co_await tunnel(client_, *upstream_, *this);
}

void Session::passes(Part part, std::string_view bytes) {
  wait_for(Waiting::tunnel);
  tap(part, bytes);
  (part == Part::request_body ? event_.request_bytes : event_.response_bytes) += bytes.size();
}

base::Task<> Session::answer_ourselves(OwnAnswer answer) {
  keep_ = false;
  if (!client_.open()) co_return;
  event_.status = static_cast<std::uint16_t>(answer.status);
  event_.first_byte = relay_.clock_.now();
  const std::string text = answer.text(now_.to_head);
  event_.response_bytes = text.size();
  wait_for(Waiting::linger);
  if (co_await client_.write(text)) client_.close();  // the client left before our word: nobody is there to read it
  clear();
}

// Part of a response has gone out, and the rest will not. Where only the end of the connection would end it, the client must
// not take this end for that one.
void Session::break_off() {
  if (response_.head().until_eof) client_.reset();
  else client_.close();
}

// Closing while the client still sends would make a reset that overtakes our last bytes.
bool Session::should_linger() const {
  if (keep_ || client_eof_ || !client_.open() || now_.switching) return false;
  return !request_.done() || now_.keep_asked || !client_.unread().empty();
}

// Ends our side and reads the client out.
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
  if (now_.reusable && !now_.failed) co_await relay_.pool_.give_back(std::move(upstream_));
  else co_await wire::retire(std::move(upstream_));
}

}  // namespace stormproof::proxy
