#include "tests/support/ports.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>

#include "tests/support/fd.h"
#include "tests/support/waiting.h"

namespace stormproof::support {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t port_from_the_kernel() {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.number(), generic, size) != 0 || ::getsockname(fd.number(), generic, &size) != 0) {
    fmt::print(stderr, "no port of 127.0.0.1 can be bound\n");
    std::abort();
  }
  return ntohs(address.sin_port);
}

}  // namespace

std::uint16_t free_port() {
  static std::mutex mutex;
  static std::set<std::uint16_t> given;
  const std::lock_guard lock(mutex);
  while (true) {
    const std::uint16_t port = port_from_the_kernel();
    if (given.insert(port).second) return port;
  }
}

bool is_listening(std::uint16_t port) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(fd.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

base::Result<void> wait_until_listening(std::uint16_t port, std::chrono::milliseconds within) {
  if (eventually(within, [port] { return is_listening(port); })) return {};
  return base::fail(fmt::format("nothing listens on 127.0.0.1:{} after {} ms", port, within.count()));
}

}  // namespace stormproof::support
