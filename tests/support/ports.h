// Ports: free ones on 127.0.0.1, and waiting until one answers.
#pragma once

#include <chrono>
#include <cstdint>

#include "harness/base/error.h"

namespace stormproof::support {

// A TCP port of 127.0.0.1 that nothing was bound to just now. This program never gets the same one twice, so two
// servers of one test cannot meet; another program may still take it: a server that can should bind port 0 itself.
std::uint16_t free_port();

// Returns as soon as 127.0.0.1:port accepts a connection (which is closed at once).
base::Result<void> wait_until_listening(std::uint16_t port,
                                        std::chrono::milliseconds within = std::chrono::seconds(10));

// One try, without waiting.
bool is_listening(std::uint16_t port);

}  // namespace stormproof::support
