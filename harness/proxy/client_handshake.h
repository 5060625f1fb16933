// ClientHandshake: the TLS handshake of a relay with its client, and what a fault makes of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "harness/wire/handshake.h"
#include "harness/wire/stream_seam.h"

namespace stormproof::proxy {

// True: the connection speaks TLS now. To be limited by its caller. `streams` may be nullptr; `number` is the connection's.
// `spoilt`, set at once where a fault has a say: a failure is its doing.
base::Task<bool> shake_hands(wire::Connection& client, std::uint64_t number, std::shared_ptr<wire::TlsContext> context,
                             wire::StreamInterceptor* streams, std::optional<events::NameId>& spoilt);

}  // namespace stormproof::proxy
