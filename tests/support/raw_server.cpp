#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <system_error>

namespace stormproof::support {

struct RawServer::Session {
  explicit Session(Fd socket) : to_cut(::dup(socket.number())), connection(std::move(socket)) {}
  Fd to_cut;  // a second name of the socket: stays valid whatever the function does with its own
  RawConnection connection;
  bool ended = false;
  std::thread thread;
};

RawServer::RawServer(Play play, std::uint16_t port)
    : play_(std::move(play)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int reuse = 1;
  ::setsockopt(listener_.number(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.number(), generic, size) != 0 || ::listen(listener_.number(), 512) != 0 ||
      ::getsockname(listener_.number(), generic, &size) != 0) {
    fmt::print(stderr, "cannot listen on 127.0.0.1:{}: {}\n", port, std::generic_category().message(errno));
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  const std::uint64_t one = 1;
  if (::write(stop_.number(), &one, sizeof one) != sizeof one) std::abort();
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (Session& session : sessions_) {
      if (session.to_cut.open()) ::shutdown(session.to_cut.number(), SHUT_RDWR);
    }
  }
  for (Session& session : sessions_) session.thread.join();
}

void RawServer::accept_all() {
  std::array<pollfd, 2> entries = {pollfd{.fd = listener_.number(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = stop_.number(), .events = POLLIN, .revents = 0}};
  while (true) {
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    if (entries[1].revents != 0) return;
    Fd socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    sweep();
    if (!socket.open() || sessions_.size() >= connections_max) continue;
    const int on = 1;
    ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++accepted_;
    Session& session = sessions_.emplace_back(std::move(socket));
    session.thread = std::thread([this, &session] { serve(session); });
  }
}

void RawServer::serve(Session& session) {
  play_(session.connection);
  const std::lock_guard lock(mutex_);
  session.connection.close();
  session.to_cut.close();
  session.ended = true;
}

// The list itself is the acceptor's alone (and the destructor's, once that has ended).
void RawServer::sweep() {
  std::list<Session> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = sessions_.begin(); at != sessions_.end();) {
      const auto next = std::next(at);
      if (at->ended) ended.splice(ended.end(), sessions_, at);
      at = next;
    }
  }
  for (Session& session : ended) session.thread.join();
}

}  // namespace stormproof::support
