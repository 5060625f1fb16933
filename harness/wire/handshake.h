// Handshake: makes a connection one of TLS, in either role.
//
// To be limited by its caller: it waits for the other side as long as that takes, and ends with operation_aborted when
// the connection or its socket is closed. After a failure the connection is of no use.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "harness/base/task.h"
#include "harness/wire/connection.h"
#include "harness/wire/tls.h"
#include "harness/wire/tls_layer.h"

namespace stormproof::wire {

// The error is of tls_category() or the system's. `name`: the server's, as the client knows it. The connection is fresh:
// nothing read, nothing written; it outlives the task.
base::Task<std::expected<Handshaken, ErrorCode>> handshake(Connection& connection, std::shared_ptr<TlsContext> context,
                                                           std::string name = {});

}  // namespace stormproof::wire
