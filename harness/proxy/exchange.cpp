#include "harness/proxy/exchange.h"

#include <array>

#include "harness/base/both.h"
#include "harness/wire/advice.h"

namespace stormproof::proxy {

using events::Outcome;
using wire::Arrival;
using wire::Connection;
using wire::Part;
using wire::Progress;

Exchange::Exchange(Relay& relay, Connection& client, wire::Framer& request, wire::Deadlines::Entry& deadline,
                   std::uint64_t connection)
    : relay_(relay),
      client_(client),
      request_(request),
      deadline_(deadline),
      pause_(relay.io_),
      connection_(connection) {}

void Exchange::wait_for(Waiting what) {
  waiting_ = what;
  const RelayLimits& limits = relay_.options_.limits;
  switch (what) {
    case Waiting::upstream_head: return deadline_.set(limits.upstream_head);
    case Waiting::idle: return deadline_.set(limits.idle);
    case Waiting::tunnel: return deadline_.set(limits.tunnel_idle);
    case Waiting::last_words: return deadline_.set(limits.linger);
  }
}

void Exchange::on_deadline() {
  if (waiting_ == Waiting::last_words) return client_.close();
  if (now_.response_over) return give_up_request();
  if (deadline_.at_end()) {
    fail(Outcome::total_timeout);
    pause_.interrupt();
    if (client_.writing()) client_.close();
    return cut_upstream();
  }
  now_.client_stalled = !request_.done() && !(upstream_ != nullptr && upstream_->writing());
  fail(waiting_ == Waiting::upstream_head ? Outcome::head_timeout : Outcome::idle_timeout);
  if (waiting_ == Waiting::tunnel || client_.writing()) client_.close();
  cut_upstream();
}

void Exchange::stop() {
  fail(Outcome::reset);
  pause_.interrupt();
  cut_upstream();
  client_.close();
}

// From here on its leaving is seen at once; it may have left already.
void Exchange::watch_client() {
  client_.arm();
  if (!client_.reading() && client_.ended()) on_arrival(client_);
}

// Something happened on the client's side while the exchange did not wait for it.
void Exchange::on_arrival(Connection& connection) {
  const Arrival& arrival = connection.arrived();
  if (arrival.bytes > 0) return connection.arm();  // a pipelined request waits its turn; its sender may still leave
  if (arrival.error || relay_.options_.client_eof_cancels || now_.awaits_fault) client_left();
}

void Exchange::client_left() {
  if (now_.response_over) return give_up_request();
  fail(Outcome::cancelled);
  pause_.interrupt();
  cut_upstream();
  if (now_.awaits_fault) client_.close();
}

// The response is whole, and the rest of the request will not come or is not wanted.
void Exchange::give_up_request() {
  now_.request_over = true;
  now_.keep = false;
  cut_upstream();
  client_.stop_waiting();
}

void Exchange::fail(Outcome cause) {
  now_.keep = false;
  if (now_.failed) return;
  now_.failed = true;
  event_.outcome = cause;
  event_.end = relay_.clock_.now();
  for (const Connection* side : {&client_, upstream_.get()}) {
    if (side != nullptr && side->rider() != nullptr && !now_.cut_by) now_.cut_by = side->rider()->cut_by();
  }
}

void Exchange::cut_upstream() {
  now_.reusable = false;
  if (upstream_ != nullptr) upstream_->close();
  if (connecting_ != nullptr) connecting_->close();
}

void Exchange::new_event() {
  ++relay_.counts_.exchanges;
  event_ = {};
  event_.side = relay_.options_.side;
  event_.party = relay_.options_.party;
  event_.connection = connection_;
  event_.request = relay_.numbered(relay_.counts_.exchanges);
}

void Exchange::begin_event() {
  new_event();
  const wire::Head& head = request_.head();
  now_ = {};
  pause_.rearm();
  event_.trace = head.trace;
  event_.parent = head.trace_parent;
  event_.carriers = head.trace_carriers;
  event_.start = event_.intended = relay_.clock_.now();
  if (relay_.taps_.sink != nullptr) event_.route = relay_.taps_.sink->route(head.method, head.target);
  if (relay_.taps_.tapper != nullptr) {
    tap_ = relay_.taps_.tapper->tap({head, event_.connection, event_.request, event_.start});
  }
}

void Exchange::finish_event() {
  if (now_.cut_by) {
    event_.outcome = Outcome::faulted;
    event_.fault = *now_.cut_by;
  }
  if (event_.fault == 0 && client_.rider() != nullptr) {
    if (const auto hurt = client_.rider()->hurt()) event_.fault = hurt->fault;
  }
  if (interception_ != nullptr) {
    std::exchange(interception_, nullptr)->ended(event_, std::exchange(delivered_, 0));
    collected_.clear();
    held_.clear();
  }
  if (relay_.taps_.sink != nullptr) relay_.taps_.sink->exchange(event_);
  if (tap_ != nullptr) std::exchange(tap_, nullptr)->ended(event_);
}

base::Task<> Exchange::refuse() {
  begin_event();
  tap(Part::request_head, client_.unread());
  event_.request_bytes = client_.unread().size();
  fail(Outcome::bad_request);
  co_await answer_failure();
  finish_event();
}

// Frames what has arrived of the request beyond its first `ready` bytes; returns how many bytes are the request's.
std::size_t Exchange::frame_request(std::size_t ready) {
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

base::Task<> Exchange::run() {
  begin_event();
  const wire::Head& head = request_.head();
  now_.to_head = head.method == "HEAD";
  now_.to_connect = head.method == "CONNECT";
  now_.repeatable = wire::is_idempotent(head.method);
  now_.alone = head.ambiguous;
  now_.keep_asked = head.keep_alive;
  now_.upgrade_asked = head.upgrade;
  now_.awaits_continue = head.expects_continue;
  now_.keep = head.keep_alive && !head.ambiguous;
  response_.begin(now_.to_head);
  deadline_.set_end(relay_.options_.limits.total);
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
  if (now_.holding && !now_.failed) co_await deliver();
  if (client_.rider() != nullptr && !now_.failed) co_await outlast_fault();
  client_.watch(nullptr);
  deadline_.clear();
  deadline_.set_end({});
  if (now_.failed) co_await answer_failure();
  else if (!now_.response_over) event_.end = relay_.clock_.now();
  co_await release_upstream();
  finish_event();
}

base::Task<bool> Exchange::connect_upstream() {
  now_.pooled = false;
  wire::ConnectResult connected = co_await member_->pool.connect(&connecting_);
  if (!connected) {
    connect_error_ = connected.error().error;
    fail(connected.error().cause);
    co_return false;
  }
  upstream_ = std::move(*connected);
  if (now_.failed) cut_upstream();
  co_return !now_.failed;
}

// Sends the first `ready` bytes that the client sent. False: the exchange has failed.
base::Task<bool> Exchange::send_request(std::size_t ready) {
  replay_.clear();
  if (replay_.capacity() > Connection::small_buffer) replay_.shrink_to_fit();
  upstreams_ = relay_.upstreams_;
  member_ = &upstreams_->choose(now_.collected ? collected_ : request_.head().bytes);
  ++member_->exchanges;
  if (!now_.alone) upstream_ = member_->pool.take_idle();
  now_.pooled = upstream_ != nullptr;
  if (!now_.pooled && !co_await connect_upstream()) co_return false;
  if (now_.collected) ready = 0;  // it is no longer there
  const std::size_t head_bytes = now_.collected ? 0 : write_head();
  const std::array<std::string_view, 2> parts = {now_.collected ? collected_ : head_,
                                                 client_.unread().substr(head_bytes, ready - head_bytes)};
  // A pooled connection may have been closed by the upstream a moment ago: keep what is needed to try once more.
  if (now_.pooled && now_.repeatable && request_.done()) replay_.append(parts[0]).append(parts[1]);
  wait_for(Waiting::idle);
  const wire::ErrorCode error = co_await upstream_->write(parts);
  client_.consume(ready);
  if (error) now_.request_over = true;  // it may have answered before it closed: pump_response() will see
  else now_.request_sent = request_.done();
  co_return !now_.failed;
}

// Puts our own lines into the head, where they are asked for. Returns how many of the client's bytes that replaces.
std::size_t Exchange::write_head() {
  if (!collected_.empty()) {  // a fault's head
    head_ = std::exchange(collected_, {});
    return request_.head().bytes.size();
  }
  head_.clear();
  const HeadLines& lines = relay_.options_.head_lines;
  if (!lines.any()) return 0;
  if (client_address_.empty()) {
    wire::ErrorCode gone;
    client_address_ = client_.socket().remote_endpoint(gone).address().to_string();
  }
  const events::TraceId made =
      lines.edit(request_.head(), client_address_, relay_.options_.tls == nullptr ? "http" : "https", head_);
  if (!made.none()) event_.trace = made;
  return request_.head().bytes.size();
}

// The two sides now speak what they like, until both have ended.
base::Task<> Exchange::switch_protocols() {
  client_.watch(nullptr);
  deadline_.set_end({});
  wait_for(Waiting::tunnel);
  co_await tunnel(client_, *upstream_, *this);
}

void Exchange::passes(Part part, std::string_view bytes) {
  wait_for(Waiting::tunnel);
  tap(part, bytes);
  (part == Part::request_body ? event_.request_bytes : event_.response_bytes) += bytes.size();
}

// Where part of a response has gone out and the rest will not, only the end of the connection can say so; where that
// end would mean that the response is whole, a reset.
base::Task<> Exchange::answer_failure() {
  if (now_.response_begun) {
    co_await client_.flush();  // what a fault still holds back came before the failure
    if (response_.head().until_eof) client_.reset();
    else client_.close();
  } else if (event_.outcome == Outcome::bad_request) {
    co_await answer_ourselves(answer_to_malformed(request_.error(), request_.head_too_large()));
  } else if (const auto answer = answer_to_failure(event_.outcome, now_.client_stalled, connect_error_.message())) {
    co_await answer_ourselves(*answer);
  }
}

base::Task<> Exchange::answer_ourselves(OwnAnswer answer) {
  now_.keep = false;
  if (!client_.open()) co_return;
  event_.status = static_cast<std::uint16_t>(answer.status);
  event_.first_byte = relay_.clock_.now();
  const std::string text = answer.text(now_.to_head);
  event_.response_bytes = text.size();
  wait_for(Waiting::last_words);
  if (co_await client_.write(text)) client_.close();  // the client left before our word: nobody is there to read it
  deadline_.clear();
}

bool Exchange::client_may_send_more() const {
  if (now_.switching) return false;
  return !request_.done() || now_.keep_asked || !client_.unread().empty();
}

base::Task<> Exchange::release_upstream() {
  if (upstream_ != nullptr) {
    if (now_.reusable && !now_.failed) co_await member_->pool.give_back(std::move(upstream_));
    else co_await wire::retire(std::move(upstream_));
  }
  if (member_ == nullptr) co_return;
  const bool ours =
      event_.outcome == Outcome::cancelled || event_.outcome == Outcome::bad_request || now_.client_stalled;
  if (now_.failed && !ours) ++member_->failed;
  member_ = nullptr;
  upstreams_ = nullptr;
}

}  // namespace stormproof::proxy
