#include "tests/support/raw_connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "tests/support/waiting.h"

namespace stormproof::support {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

base::Result<void> wait_for(int fd, short what, Deadline deadline, std::string_view doing) {
  pollfd entry = {.fd = fd, .events = what, .revents = 0};
  while (true) {
    const int ready = ::poll(&entry, 1, milliseconds_until(deadline));
    if (ready > 0) return {};
    if (ready == 0) return base::fail(fmt::format("the deadline passed while {}", doing));
    if (errno != EINTR) return base::fail_errno("cannot poll", errno);
  }
}

}  // namespace

base::Result<RawConnection> RawConnection::connect(std::uint16_t port, std::chrono::milliseconds within) {
  const Deadline deadline = std::chrono::steady_clock::now() + within;
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return base::fail_errno("cannot make a socket", errno);
  const int on = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int failure = 0;
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    failure = errno;
    if (failure == EINPROGRESS) {
      if (auto ready = wait_for(socket.number(), POLLOUT, deadline, "connecting"); !ready) {
        return std::unexpected(ready.error());
      }
      socklen_t size = sizeof failure;
      ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &failure, &size);
    }
  }
  if (failure != 0) return base::fail_errno(fmt::format("cannot connect to 127.0.0.1:{}", port), failure);
  return RawConnection(std::move(socket));
}

base::Result<void> RawConnection::send(std::string_view bytes, std::chrono::milliseconds within) {
  const Deadline deadline = std::chrono::steady_clock::now() + within;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto ready = wait_for(socket_.number(), POLLOUT, deadline, "sending"); !ready) return ready;
    } else if (errno != EINTR) {
      return base::fail_errno("cannot send", errno);
    }
  }
  return {};
}

base::Result<std::size_t> RawConnection::fill(Deadline deadline) {
  std::array<char, 65536> chunk;
  while (true) {
    const ssize_t got = ::recv(socket_.number(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got >= 0) {
      buffered_.append(chunk.data(), static_cast<std::size_t>(got));
      if (buffered_.size() > read_bytes_max) return base::fail("the peer sent more than a test takes");
      return static_cast<std::size_t>(got);
    }
    if (errno == ECONNRESET) return base::fail("the peer reset the connection");
    if (errno == EAGAIN) {
      if (auto ready = wait_for(socket_.number(), POLLIN, deadline, "reading"); !ready) {
        return std::unexpected(ready.error());
      }
    } else if (errno != EINTR) {
      return base::fail_errno("cannot read", errno);
    }
  }
}

std::string RawConnection::take(std::size_t count) {
  std::string bytes = buffered_.substr(0, count);
  buffered_.erase(0, count);
  return bytes;
}

base::Result<std::string> RawConnection::read(std::size_t count, std::chrono::milliseconds within) {
  const Deadline deadline = std::chrono::steady_clock::now() + within;
  while (buffered_.size() < count) {
    const auto got = fill(deadline);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return base::fail(fmt::format("the peer closed after {} of {} bytes", buffered_.size(), count));
  }
  return take(count);
}

base::Result<std::string> RawConnection::read_until(std::string_view marker, std::chrono::milliseconds within) {
  const Deadline deadline = std::chrono::steady_clock::now() + within;
  std::size_t from = 0;
  while (true) {
    const std::size_t at = buffered_.find(marker, from);
    if (at != std::string::npos) return take(at + marker.size());
    from = buffered_.size() < marker.size() ? 0 : buffered_.size() - marker.size();
    const auto got = fill(deadline);
    if (!got) return std::unexpected(got.error());
    if (*got == 0)
      return base::fail(fmt::format("the peer closed after {} bytes, without the marker", buffered_.size()));
  }
}

base::Result<std::string> RawConnection::read_to_end(std::chrono::milliseconds within) {
  const Deadline deadline = std::chrono::steady_clock::now() + within;
  while (true) {
    const auto got = fill(deadline);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return take(buffered_.size());
  }
}

void RawConnection::end_sending() { ::shutdown(socket_.number(), SHUT_WR); }

// A socket may have a second name (RawServer keeps one), so neither may leave the news to the last close().
void RawConnection::reset() {
  const sockaddr nowhere = {.sa_family = AF_UNSPEC, .sa_data = {}};
  ::connect(socket_.number(), &nowhere, sizeof nowhere);  // Linux: disconnects with a reset
  socket_.close();
}

void RawConnection::close() {
  ::shutdown(socket_.number(), SHUT_RDWR);
  socket_.close();
}

}  // namespace stormproof::support
