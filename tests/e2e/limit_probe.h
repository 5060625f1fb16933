// LimitProbe: a rate limit, found out by `stormproof run` with a phase that probes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "tests/e2e/judged.h"

namespace stormproof::e2e {

// What `probe:` and `rate-limit:` say in the scenario; the service listens at `port`, and GET /checkout/1 is asked.
Judged probed(std::uint16_t port, std::string_view probe, std::string_view claim);

}  // namespace stormproof::e2e
