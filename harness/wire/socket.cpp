#include "harness/wire/socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

namespace stormproof::wire {
namespace {

ErrorCode last_error() { return {errno, boost::system::system_category()}; }

// Up to so many bytes are cheaper to lay together than for the kernel to gather (sendmsg costs 0.2 us more than send).
constexpr std::size_t copied_max = 2'048;

// EINTR does not come on a socket that does not block.
std::size_t result_of(ssize_t result, ErrorCode& error) {
  if (result >= 0) {
    error = {};
    return static_cast<std::size_t>(result);
  }
  error = last_error();
  return 0;
}

}  // namespace

Socket::Socket(Socket&& other) noexcept
    : reactor_(other.reactor_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      watcher_(std::exchange(other.watcher_, nullptr)),
      registered_(std::exchange(other.registered_, false)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  reactor_ = other.reactor_;
  descriptor_ = std::exchange(other.descriptor_, -1);
  watcher_ = std::exchange(other.watcher_, nullptr);
  registered_ = std::exchange(other.registered_, false);
  return *this;
}

Socket::~Socket() {
  unwatch();
  close();
}

ErrorCode Socket::connect(const Endpoint& endpoint, Reactor::Watcher& watcher, const Endpoint* from) {
  assert(!is_open());
  descriptor_ = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return last_error();
  if (from != nullptr && ::bind(descriptor_, from->data(), static_cast<socklen_t>(from->size())) != 0)
    return last_error();
  if (::connect(descriptor_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) return {};
  if (errno != EINPROGRESS) return last_error();
  ErrorCode error;
  watch(watcher, error);
  return error ? error : ErrorCode(asio::error::in_progress);
}

ErrorCode Socket::connected() const {
  int cause = 0;
  socklen_t size = sizeof cause;
  if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &cause, &size) != 0) return last_error();
  return {cause, boost::system::system_category()};
}

bool Socket::watch(Reactor::Watcher& watcher, ErrorCode& error) {
  watcher_ = &watcher;
  error = {};
  if (registered_) {
    reactor_->hand_over(descriptor_, &watcher);
    return true;
  }
  error = reactor_->add(descriptor_, watcher);
  registered_ = !error;
  return false;
}

void Socket::unwatch() {
  watcher_ = nullptr;
  if (registered_) reactor_->hand_over(descriptor_, nullptr);
}

std::size_t Socket::read_some(std::span<char> room, ErrorCode& error) {
  const std::size_t bytes = result_of(::recv(descriptor_, room.data(), room.size(), 0), error);
  if (bytes == 0 && !error) error = asio::error::eof;
  return bytes;
}

std::size_t Socket::write_some(std::span<const asio::const_buffer> parts, ErrorCode& error) {
  if (parts.size() == 1)
    return result_of(::send(descriptor_, parts.front().data(), parts.front().size(), MSG_NOSIGNAL), error);
  assert(parts.size() <= write_parts_max);
  if (asio::buffer_size(parts) <= copied_max) {
    std::array<char, copied_max> together;
    const std::size_t size = asio::buffer_copy(asio::buffer(together), parts);
    return result_of(::send(descriptor_, together.data(), size, MSG_NOSIGNAL), error);
  }
  std::array<iovec, write_parts_max> gathered;
  for (std::size_t i = 0; i < parts.size(); ++i) gathered[i] = {const_cast<void*>(parts[i].data()), parts[i].size()};
  msghdr message{};
  message.msg_iov = gathered.data();
  message.msg_iovlen = parts.size();
  return result_of(::sendmsg(descriptor_, &message, MSG_NOSIGNAL), error);
}

ErrorCode Socket::no_delay() {
  const int on = 1;
  return ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 ? ErrorCode() : last_error();
}

ErrorCode Socket::shutdown_send() { return ::shutdown(descriptor_, SHUT_WR) == 0 ? ErrorCode() : last_error(); }

void Socket::close() {
  if (!is_open()) return;
  if (std::exchange(registered_, false)) reactor_->remove(descriptor_);
  ::close(std::exchange(descriptor_, -1));
  if (Reactor::Watcher* const watcher = std::exchange(watcher_, nullptr)) reactor_->turn(*watcher);
}

void Socket::reset() {
  if (!is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);  // if it cannot, it closes in order
  close();
}

Endpoint Socket::remote_endpoint(ErrorCode& error) const {
  Endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getpeername(descriptor_, endpoint.data(), &size) != 0) {
    error = last_error();
    return {};
  }
  error = {};
  endpoint.resize(size);
  return endpoint;
}

}  // namespace stormproof::wire
