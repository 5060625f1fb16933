// The two halves of an exchange that move its bytes: the rest of the request one way, the response the other.
#include "harness/proxy/exchange.h"
#include "harness/wire/advice.h"

namespace stormproof::proxy {

using events::Outcome;
using wire::Arrival;
using wire::Connection;
using wire::Part;
using wire::Progress;

// The rest of the request, as it comes, until no more of it is wanted.
base::Task<> Exchange::pump_request() {
  while (!request_.done() && !now_.request_over && !now_.failed) {
    const std::size_t ready = frame_request(0);
    if (now_.failed) break;
    wait_for(now_.awaits_continue && ready == 0 ? Waiting::upstream_head : Waiting::idle);
    if (ready == 0) {
      if (client_.full()) client_.reserve(Connection::large_buffer);
      const Arrival arrival = co_await client_.more();
      if (arrival.bytes > 0) now_.awaits_continue = false;
      if (!arrival.ended() || now_.request_over) continue;
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
  if (!now_.response_over) watch_client();
}

// Runs beside pump_request(), and ends it.
base::Task<> Exchange::pump_response_over_request() {
  co_await pump_response();
  if (now_.request_sent) co_return;
  now_.response_over = !now_.failed;
  if (now_.response_over) event_.end = relay_.clock_.now();
  // Answered before the whole request was sent. An upstream that keeps its connection still reads the rest of it; a
  // client that was never told to go on may not send it.
  const bool goes_on = now_.response_over && now_.reusable && !now_.request_over && !now_.awaits_continue;
  if (!goes_on) give_up_request();
}

base::Task<> Exchange::pump_response() {
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
base::Task<bool> Exchange::resend() {
  co_await wire::retire(std::move(upstream_));
  if (now_.failed || !co_await connect_upstream()) co_return false;
  wait_for(Waiting::idle);
  if (co_await upstream_->write(replay_)) co_return false;
  wait_for(Waiting::upstream_head);
  co_return true;
}

// Frames what has arrived of the response; returns how many bytes are its own.
std::size_t Exchange::frame_response() {
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
    if (step.progress == Progress::blank) tap(Part::interim, bytes);
    else if (step.progress != Progress::head) tap(Part::response_body, bytes);
    ready += step.consumed;
  }
  return ready;
}

// False: a head that cannot be the answer to this request.
bool Exchange::on_response_head(std::string_view bytes) {
  const wire::Head& head = response_.head();
  if (head.status / 100 == 1 && head.status != 101) {
    tap(Part::interim, bytes);
    now_.interim = true;
    now_.awaits_continue = false;
    response_.begin(now_.to_head);
    return true;
  }
  if (head.status == 101 && !(now_.upgrade_asked && now_.request_sent)) return false;
  now_.switching = head.status == 101 || (now_.to_connect && head.status / 100 == 2);
  event_.status = static_cast<std::uint16_t>(head.status);
  if (relay_.taps_.sink != nullptr) event_.advice = wire::advice_in(head.bytes, event_.first_byte);
  now_.reusable = head.keep_alive && now_.keep_asked && !now_.alone && !now_.switching;
  now_.keep = now_.keep && head.keep_alive && !now_.switching;
  tap(Part::response_head, bytes);
  return true;
}

// Forwards what has arrived of the response. False: it is whole, or the exchange has failed.
base::Task<bool> Exchange::forward_response() {
  const std::size_t ready = frame_response();
  if (now_.failed) co_return false;
  if (interception_ != nullptr && co_await hold_response(ready)) co_return !response_.done();
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

}  // namespace stormproof::proxy
