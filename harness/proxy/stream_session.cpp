#include "harness/proxy/stream_session.h"

#include <optional>

#include "harness/proxy/client_handshake.h"
#include "harness/wire/framer.h"

namespace stormproof::proxy {

using events::Outcome;

namespace {

// Who broke the tunnel off; nobody where both sides ended in order. Whose read was aborted was closed by the tunnel,
// because the other side broke, or would take no more.
std::optional<Outcome> broken_by(const wire::ErrorCode& client, const wire::ErrorCode& upstream) {
  const wire::ErrorCode closed = wire::asio::error::operation_aborted;
  if (upstream && upstream != closed) return Outcome::reset;
  if (client && client != closed) return Outcome::cancelled;
  if (client) return Outcome::reset;
  if (upstream) return Outcome::cancelled;
  return std::nullopt;
}

}  // namespace

StreamSession::StreamSession(Relay& relay, wire::Socket client, std::uint64_t number)
    : Entry(relay.deadlines_), StopHook(relay.group_.stop()), relay_(relay), client_(std::move(client)) {
  ++relay_.sessions_;
  begin_event(number);
}

StreamSession::~StreamSession() { --relay_.sessions_; }

base::Task<> StreamSession::run() {
  bool ready = relay_.options_.tls == nullptr || co_await shake_hands();
  if (ready && relay_.taps_.streams != nullptr) relay_.taps_.streams->client_opened(client_, event_.connection);
  ready = ready && co_await connect();
  if (ready) {
    set(relay_.options_.limits.tunnel_idle);
    co_await tunnel(client_, *upstream_, *this);
    if (const wire::Rider* const rider = client_.rider(); rider != nullptr && rider->cut_by()) cut_by(*rider);
    else if (const wire::Rider* const its = upstream_->rider(); its != nullptr && its->cut_by()) cut_by(*its);
    else if (const auto cause = broken_by(client_.arrived().error, upstream_->arrived().error)) fail(*cause);
  }
  clear();
  if (!failed_) event_.end = relay_.clock_.now();
  if (upstream_ != nullptr) co_await wire::retire(std::move(upstream_));
  upstreams_ = nullptr;
  client_.close();
  co_await client_.settled();
  if (relay_.taps_.sink != nullptr) relay_.taps_.sink->exchange(event_);
  if (tap_ != nullptr) std::exchange(tap_, nullptr)->ended(event_);
}

void StreamSession::begin_event(std::uint64_t number) {
  ++relay_.counts_.exchanges;
  event_.side = relay_.options_.side;
  event_.party = relay_.options_.party;
  event_.connection = number;
  event_.request = relay_.numbered(relay_.counts_.exchanges);
  event_.start = event_.intended = relay_.clock_.now();
  if (relay_.taps_.sink != nullptr) event_.route = relay_.taps_.sink->name("tcp");
  if (relay_.taps_.tapper != nullptr) {
    const wire::Head none;
    tap_ = relay_.taps_.tapper->tap({none, event_.connection, event_.request, event_.start});
  }
}

void StreamSession::on_deadline() {
  fail(Outcome::idle_timeout);
  cut();
}

void StreamSession::on_stop() {
  fail(Outcome::reset);
  cut();
}

void StreamSession::passes(wire::Part part, std::string_view bytes) {
  set(relay_.options_.limits.tunnel_idle);
  if (part == wire::Part::response_body && event_.response_bytes == 0) event_.first_byte = relay_.clock_.now();
  (part == wire::Part::request_body ? event_.request_bytes : event_.response_bytes) += bytes.size();
  if (tap_ != nullptr) tap_->bytes(part, bytes);
}

base::Task<bool> StreamSession::shake_hands() {
  set(relay_.options_.limits.client_head);
  std::optional<events::NameId> spoilt;
  const bool shaken =
      co_await proxy::shake_hands(client_, event_.connection, relay_.options_.tls, relay_.taps_.streams, spoilt);
  clear();
  if (shaken) co_return !failed_;
  ++relay_.counts_.handshakes_failed;
  if (spoilt) event_.fault = *spoilt;
  fail(spoilt ? Outcome::faulted : Outcome::bad_request);
  co_return false;
}

base::Task<bool> StreamSession::connect() {
  upstreams_ = relay_.upstreams_;
  Upstreams::Member& member = upstreams_->choose({});
  ++member.exchanges;
  wire::ConnectResult connected = co_await member.pool.connect(&connecting_, &client_);
  if (!connected) {
    ++member.failed;
    fail(connected.error().cause);
    client_.reset();  // a plain end would look like an upstream that had nothing to say
    co_return false;
  }
  upstream_ = std::move(*connected);
  co_return !failed_;
}

void StreamSession::cut_by(const wire::Rider& rider) {
  event_.fault = *rider.cut_by();
  fail(Outcome::faulted);
}

void StreamSession::fail(Outcome cause) {
  if (failed_) return;
  failed_ = true;
  event_.outcome = cause;
  event_.end = relay_.clock_.now();
}

void StreamSession::cut() {
  client_.close();
  if (upstream_ != nullptr) upstream_->close();
  if (connecting_ != nullptr) connecting_->close();
}

}  // namespace stormproof::proxy
