// Net: the loop and the typed timers of every room, and addresses as people write them.
//
// The executor type is fixed (not any_io_executor): what waits is pinned to one single-threaded io_context.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::wire {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Endpoint = asio::ip::tcp::endpoint;

using IoContext = asio::io_context;
using Executor = IoContext::executor_type;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

// How an io_context for one thread is made: IoContext io{one_thread};
// Other threads may only post to it or stop it.
inline constexpr int one_thread = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

// Where a server is: "http://shop.local:8080/api" has host, port 8080 and path "/api".
struct Origin {
  std::string scheme;      // "http" or "https"
  std::string host;        // without brackets
  std::uint16_t port = 0;  // the scheme's own where none is written
  std::string path;        // of the URL; "" where there is none

  // "host:port", as in a Host header.
  std::string authority() const;
};

base::Result<Origin> parse_origin(std::string_view url);

// "127.0.0.1:8080", "[::1]:8080", ":8080" (all interfaces), "localhost:0".
base::Result<Endpoint> parse_listen_address(std::string_view text);

// The first address of the host; blocks on the resolver, so it is for setting up.
base::Result<Endpoint> resolve(std::string_view host, std::uint16_t port);

// All addresses of the host, empty where it has none; blocks likewise.
std::vector<asio::ip::address> addresses_of(const std::string& host);

// "127.0.0.1:8080".
std::string to_string(const Endpoint& endpoint);

}  // namespace stormproof::wire
