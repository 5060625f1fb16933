#include "harness/wire/net.h"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <charconv>

namespace stormproof::wire {
namespace {

base::Result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc{} || end != text.data() + text.size()) {
    return base::fail(fmt::format("'{}' has no valid port: write host:port, with a port from 0 to 65535", whole));
  }
  return port;
}

}  // namespace

std::string Origin::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

base::Result<Origin> parse_origin(std::string_view url) {
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (!parsed || parsed->encoded_host().empty()) {
    return base::fail(fmt::format("'{}' is not a URL; write it like http://127.0.0.1:8080", url));
  }
  if (parsed->scheme() != "http" && parsed->scheme() != "https") {
    return base::fail(
        fmt::format("'{}' has the scheme '{}'; only http and https are supported", url, std::string(parsed->scheme())));
  }
  Origin origin;
  origin.scheme = parsed->scheme();
  origin.host = parsed->host_address();
  origin.port = origin.scheme == "https" ? 443 : 80;
  if (parsed->has_port()) {
    const std::string text(parsed->port());
    const auto port = parse_port(text, url);
    if (!port) return std::unexpected(port.error());
    origin.port = *port;
  }
  origin.path = parsed->encoded_path() == "/" ? "" : std::string(parsed->encoded_path());
  return origin;
}

base::Result<Endpoint> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return base::fail(fmt::format("'{}' has no port: write it like 127.0.0.1:8080", text));
  const auto port = parse_port(text.substr(colon + 1), text);
  if (!port) return std::unexpected(port.error());
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "*") return Endpoint(asio::ip::tcp::v4(), *port);
  return resolve(host, *port);
}

base::Result<Endpoint> resolve(std::string_view host, std::uint16_t port) {
  ErrorCode code;
  const auto literal = asio::ip::make_address(std::string(host), code);
  if (!code) return Endpoint(literal, port);
  IoContext io(one_thread);
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(io);
  const auto found = resolver.resolve(std::string(host), std::to_string(port), code);
  if (code || found.empty()) return base::fail(fmt::format("cannot resolve '{}': {}", host, code.message()));
  // IPv4 first: a server on "localhost" listens there more often than on ::1.
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return entry.endpoint();
  }
  return found.begin()->endpoint();
}

std::vector<asio::ip::address> addresses_of(const std::string& host) {
  IoContext io(one_thread);
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(io);
  ErrorCode code;
  std::vector<asio::ip::address> addresses;
  for (const auto& entry : resolver.resolve(host, "", code)) addresses.push_back(entry.endpoint().address());
  return addresses;
}

std::string to_string(const Endpoint& endpoint) {
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
                                    : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

}  // namespace stormproof::wire
