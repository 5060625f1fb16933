#include "replay/production.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>

namespace stormproof::replay {
namespace {

namespace ip = wire::asio::ip;

struct Entry {
  std::string host;        // a name, an address, or a network
  std::uint16_t port = 0;  // 0: all
};

base::Result<Entry> parse(std::string_view text) {
  Entry entry;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return base::fail(fmt::format("'{}' lacks a ]", text));
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else if (std::ranges::count(text, ':') == 1) {
    host = text.substr(0, text.find(':'));
    port = text.substr(text.find(':'));
  }
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), entry.port);
    if (code != std::errc{} || end != port.data() + port.size() || entry.port == 0)
      return base::fail(fmt::format("'{}' has no right port", text));
  }
  if (host.empty() || host.find_first_of(" \t,@?#") != host.npos)
    return base::fail(fmt::format("'{}' is no host, address or network", text));
  entry.host = host;
  return entry;
}

// ::ffff:10.0.0.1 is 10.0.0.1.
ip::address plain(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

bool in_network(const std::string& network, const ip::address& address) {
  boost::system::error_code bad;
  if (address.is_v4()) {
    const auto v4 = ip::make_network_v4(network, bad);
    if (bad) return false;
    const auto hosts = ip::make_network_v4(address.to_v4(), static_cast<unsigned short>(v4.prefix_length()));
    return hosts.network() == v4.network();
  }
  const auto v6 = ip::make_network_v6(network, bad);
  if (bad) return false;
  const auto hosts = ip::make_network_v6(address.to_v6(), static_cast<unsigned short>(v6.prefix_length()));
  return hosts.network() == v6.network();
}

bool names(const Entry& entry, const ip::address& target, const Resolve& resolve) {
  if (entry.host.contains('/')) return in_network(entry.host, target);
  boost::system::error_code no_literal;
  const ip::address literal = ip::make_address(entry.host, no_literal);
  if (!no_literal) return plain(literal) == target;
  return std::ranges::any_of(resolve(entry.host), [&](const ip::address& found) { return plain(found) == target; });
}

}  // namespace

base::Result<void> check_production_entry(std::string_view entry) {
  const auto parsed = parse(entry);
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->host.contains('/')) return {};
  boost::system::error_code no_v4, no_v6;
  static_cast<void>(ip::make_network_v4(parsed->host, no_v4));
  static_cast<void>(ip::make_network_v6(parsed->host, no_v6));
  if (no_v4 && no_v6) return base::fail(fmt::format("'{}' is no network; write it like 10.0.0.0/8", entry));
  return {};
}

std::string production_entry(const wire::Endpoint& upstream) {
  return upstream.address().is_loopback() ? "" : wire::to_string(upstream);
}

base::Result<void> refuse_production(const Meta& meta, const wire::Endpoint& target, const Resolve& resolve) {
  const auto listed = meta.find(meta_production);
  if (listed == meta.end()) return {};
  std::string_view list = listed->second;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    const std::string_view text = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (text.empty()) continue;
    const auto entry = parse(text);
    // A list that cannot be read protects nobody: nothing is sent.
    if (!entry) return base::fail("the capture's list of production addresses: " + entry.error().message);
    if ((entry->port == 0 || entry->port == target.port()) && names(*entry, plain(target.address()), resolve)) {
      return base::fail(fmt::format("{} is production: {} is on the list in the capture, and nothing is replayed there",
                                    wire::to_string(target), text));
    }
  }
  return {};
}

}  // namespace stormproof::replay
