// Production list: the addresses that a replay of a capture never sends to, whoever asks for it.
//
// It stands in the capture's meta ("production"): addresses, networks, hosts, each with or without a port, separated by spaces. The recorder
// puts there where it relayed to, unless that was this machine itself, and what it was told. What is compared are
// addresses, after names have been resolved now, so that another name for production is production too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/wire/net.h"
#include "replay/capture_format.h"

namespace stormproof::replay {

inline constexpr std::string_view meta_production = "production";

// All addresses of a host; empty where it has none.
using Resolve = std::function<std::vector<wire::asio::ip::address>(const std::string& host)>;

// An error: the target is on the list of the capture; it says which entry it is.
base::Result<void> refuse_production(const Meta& meta, const wire::Endpoint& target, const Resolve& resolve);

// Of one entry, as the recorder is told it: "10.0.0.1", "10.0.0.0/8", "shop.example:443".
base::Result<void> check_production_entry(std::string_view entry);

// The entry for where a recorder relays to; "": this machine itself, which is no production.
std::string production_entry(const wire::Endpoint& upstream);

}  // namespace stormproof::replay
