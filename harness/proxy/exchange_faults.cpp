// What a fault does to an exchange: answers in the upstream's place, changes what is sent, holds or replaces the response.
#include "harness/proxy/exchange.h"

#include "harness/wire/advice.h"

namespace stormproof::proxy {

using events::Outcome;
using wire::Arrival;
using wire::Connection;
using wire::Delivery;
using wire::Interception;

// True: a fault has answered, or the exchange has ended meanwhile.
base::Task<bool> Exchange::intercepted(std::size_t ready) {
  if (relay_.taps_.interceptor == nullptr) co_return false;
  interception_ = relay_.taps_.interceptor->intercept(
      {request_.head(), event_.connection, event_.request, event_.start, 0, &client_});
  if (interception_ == nullptr) co_return false;
  event_.fault = interception_->rule();
  if (interception_->wants_request()) {
    co_await collect_request(ready);
    if (now_.failed) co_return true;
    interception_->request(collected_, request_.done());
  }
  if (request_.done()) watch_client();
  else client_.arm();
  Interception::Decision decision = co_await interception_->before_upstream(pause_);
  if (now_.failed) co_return true;
  if (!decision.answer) {
    if (!decision.request.empty()) collected_ = std::move(decision.request);
    now_.holding = interception_->response_wish() == Interception::Wish::whole;
    co_return false;
  }
  event_.outcome = Outcome::faulted;
  event_.status = decision.status;
  event_.first_byte = relay_.clock_.now();
  event_.advice = wire::advice_in(decision.response, event_.first_byte);
  event_.response_bytes = decision.response.size();
  now_.response_begun = true;
  if (!now_.collected) client_.consume(ready);
  wait_for(Waiting::idle);
  if (co_await client_.write(decision.response)) client_left();
  if (!request_.done()) now_.keep = false;
  co_return true;
}

// Takes the request out of the client's buffer, whole where it is not too large.
base::Task<> Exchange::collect_request(std::size_t ready) {
  collected_.assign(client_.unread().substr(0, ready));
  client_.consume(ready);
  now_.collected = true;  // from here on the views of the request's head are no longer good
  while (!request_.done() && !now_.failed && collected_.size() < Interception::whole_bytes_max) {
    if (std::exchange(now_.awaits_continue, false) && co_await client_.write("HTTP/1.1 100 Continue\r\n\r\n")) {
      client_left();
      co_return;
    }
    ready = frame_request(0);
    if (ready == 0 && !request_.done() && !now_.failed) {
      wait_for(Waiting::idle);
      client_.reserve(Connection::large_buffer);
      const Arrival arrival = co_await client_.more();
      if (arrival.ended() && !now_.failed) client_left();
      continue;
    }
    event_.request_bytes += ready;
    collected_.append(client_.unread().substr(0, ready));
    client_.consume(ready);
  }
  deadline_.clear();
}

// What has arrived of the response, while a fault has a say in it. True: it took these bytes.
base::Task<bool> Exchange::hold_response(std::size_t ready) {
  if (response_.head_done() && !std::exchange(now_.moment_passed, true)) {
    deadline_.clear();
    co_await interception_->before_response();
    event_.first_byte = relay_.clock_.now();
    wait_for(Waiting::idle);
    if (now_.failed) co_return false;
  }
  if (now_.switching && now_.holding) {
    now_.holding = false;
    if (!held_.empty() && co_await client_.write(std::exchange(held_, {}))) client_left();
  }
  if (!now_.holding) co_return false;
  held_.append(upstream_->unread().substr(0, ready));
  upstream_->consume(ready);
  wait_for(Waiting::idle);
  if (held_.size() <= Interception::whole_bytes_max) {
    upstream_->reserve(Connection::large_buffer);
    co_return true;
  }
  now_.holding = false;  // too large: from here on it streams
  now_.response_begun = true;
  event_.response_bytes += held_.size();
  if (co_await client_.write(std::exchange(held_, {}))) client_left();
  co_return !now_.failed;
}

// The response is whole: what the fault makes of it goes to the client.
base::Task<> Exchange::deliver() {
  now_.holding = false;
  const std::string raw = std::exchange(held_, {});
  const std::optional<Delivery> delivery = interception_->response(raw);
  now_.response_begun = true;
  event_.first_byte = relay_.clock_.now();
  if (delivery) {
    co_await play(*delivery);
  } else {
    event_.response_bytes = raw.size();
    wait_for(Waiting::idle);
    if (co_await client_.write(raw)) client_left();
  }
  if (!now_.failed && now_.response_over) event_.end = relay_.clock_.now();
}

// A response that a fault on bytes holds back is not with the client yet; one that it swallows never will be, and the
// client waits until it has had enough or the fault ends.
base::Task<> Exchange::outlast_fault() {
  now_.awaits_fault = true;
  deadline_.clear();
  co_await client_.flush();
  const auto hurt = client_.rider()->hurt();
  if (hurt && hurt->swallows && client_.open() && !now_.failed) co_await pause_.forever();
  now_.awaits_fault = false;
  if (!now_.failed && !client_.open()) fail(Outcome::cancelled);  // the fault itself has ended it
  if (hurt && !now_.failed) event_.end = relay_.clock_.now();
}

// What came was kept from us by a fault, or the connection was refused: to who sent it, a call that failed.
void Exchange::unheard(const wire::Rider::Hurt& hurt) {
  if (relay_.taps_.sink == nullptr) return;
  const base::Time now = relay_.clock_.now();
  new_event();
  event_.outcome = Outcome::faulted;
  event_.fault = hurt.fault;
  event_.end = now;
  event_.start = event_.intended = now - (std::chrono::steady_clock::now() - hurt.since);
  relay_.taps_.sink->exchange(event_);
}

base::Task<> Exchange::play(const Delivery& delivery) {
  event_.status = delivery.status;
  for (const Delivery::Piece& piece : delivery.pieces) {
    if (piece.after > base::Nanoseconds(0)) {
      deadline_.clear();
      co_await pause_.lasting(piece.after);
      if (now_.failed) break;
    }
    wait_for(Waiting::idle);
    if (co_await client_.write(piece.bytes)) client_left();
    if (now_.failed) break;
    delivered_ += piece.bytes.size();
  }
  event_.response_bytes = delivered_;
  if (now_.failed || delivery.ending == Delivery::Ending::keep) co_return;
  now_.keep = false;
  event_.outcome = Outcome::faulted;
  if (delivery.ending == Delivery::Ending::reset) client_.reset();
}

}  // namespace stormproof::proxy
