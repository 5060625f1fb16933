// Proxy options: from what a file or the command line says to what the rooms take.
#pragma once

#include "harness/app/service.h"
#include "harness/base/error.h"
#include "scenarios/proxy_config.h"

namespace stormproof::app {

// Resolves names, which blocks, and reads certificates. `tell` as in ServiceOptions.
base::Result<ServiceOptions> service_options(const scenarios::ProxyConfig& config,
                                             std::function<void(const std::string&)> tell);

// The keys that a reload cannot change and that differ, as "listen, workers"; empty: none.
std::string fixed_keys_changed(const scenarios::ProxyConfig& before, const scenarios::ProxyConfig& after);

}  // namespace stormproof::app
