// ToxiproxyClient: drives a control API with npm toxiproxy-node-client, unmodified, through every call that it has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/support/process.h"

namespace stormproof::subjects {

// Why it cannot run here; nothing where it can. A test skips with the reason, or fails with it where CI=true.
std::optional<std::string> toxiproxy_client_missing();
bool toxiproxy_client_skip_is_failure();

// Against the API at 127.0.0.1:`api_port`, with an echoing server at `echo_port`. Exit code 0: all held.
base::Result<support::Finished> drive_with_toxiproxy_client(std::uint16_t api_port, std::uint16_t echo_port);

}  // namespace stormproof::subjects
