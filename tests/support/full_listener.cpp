#include "tests/support/full_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace stormproof::support {
namespace {

constexpr int fill = 8;  // more than a queue of 0 holds

void check(int result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

FullListener::FullListener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  check(::bind(listener_.number(), generic, size), "bind");
  check(::listen(listener_.number(), 0), "listen");
  check(::getsockname(listener_.number(), generic, &size), "getsockname");
  port_ = ntohs(address.sin_port);
  for (int i = 0; i < fill; ++i) {
    filling_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(filling_.back().number(), generic, size));
  }
}

}  // namespace stormproof::support
