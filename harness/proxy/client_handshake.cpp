#include "harness/proxy/client_handshake.h"

#include <array>

namespace stormproof::proxy {
namespace {

using Shaken = wire::StreamInterceptor::Shaken;

// A record of TLS: an alert, fatal, handshake_failure.
constexpr std::string_view fatal_alert("\x15\x03\x03\x00\x02\x02\x28", 7);

// Reads the client's words and says nothing, until it leaves or somebody closes the connection.
base::Task<> say_nothing(wire::Connection& client) {
  while (!(co_await client.more()).ended()) client.consume(client.unread().size());
}

}  // namespace

base::Task<bool> shake_hands(wire::Connection& client, std::uint64_t number, std::shared_ptr<wire::TlsContext> context,
                             wire::StreamInterceptor* streams, std::optional<events::NameId>& spoilt) {
  const auto verdict = streams != nullptr ? streams->shaking_hands(client, number) : std::nullopt;
  if (!verdict) co_return (co_await wire::handshake(client, std::move(context))).has_value();
  spoilt = verdict->fault;
  bool accepted = false;
  if (verdict->stall) {
    co_await say_nothing(client);
  } else if (verdict->alert) {
    if (!(co_await client.more()).ended() && !co_await client.write(fatal_alert)) {
      if (!co_await client.end_sending()) co_await say_nothing(client);
    }
  } else {
    accepted = (co_await wire::handshake(client, verdict->instead != nullptr ? verdict->instead : context)).has_value();
    // A client may look at the certificate when all is shaken: whether it accepts it, its first word says.
    if (accepted) accepted = !(co_await client.more()).ended();
  }
  streams->shaken(client, number, accepted ? Shaken::accepted : Shaken::refused);
  co_return accepted;
}

}  // namespace stormproof::proxy
