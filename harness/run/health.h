// Health: waiting until a service answers.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "harness/wire/net.h"
#include "harness/wire/tls.h"

namespace stormproof::run {

// Asks GET `path` again and again until the answer has a status of 2xx, at most for `within` and the try under way
// then. A try that hangs is given up after 2 s, or when the time is up. `gave_up` is asked between tries; a text ends
// the waiting with it ("the program exited with status 1"). Blocks.
base::Result<void> wait_until_healthy(const wire::Endpoint& endpoint, const std::string& host, const std::string& path,
                                      std::chrono::nanoseconds within,
                                      const std::function<std::optional<std::string>()>& gave_up,
                                      const wire::TlsPeer& tls = {});

// The same for a service that has no health check: until it accepts a connection (with TLS, until it shakes hands).
base::Result<void> wait_until_reachable(const wire::Endpoint& endpoint, std::chrono::nanoseconds within,
                                        const std::function<std::optional<std::string>()>& gave_up,
                                        const wire::TlsPeer& tls = {});

}  // namespace stormproof::run
