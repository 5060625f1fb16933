#include "harness/wire/reactor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cassert>
#include <cerrno>
#include <span>

namespace stormproof::wire {
namespace {

constexpr std::uint32_t everything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t broken = EPOLLHUP | EPOLLERR;

std::uint64_t key_of(int socket, std::uint32_t generation) {
  return (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(socket);
}

}  // namespace

asio::execution_context::id Reactor::id;

Reactor::Reactor(asio::execution_context& context)
    : service(context), io_(static_cast<IoContext&>(context)), epoll_(io_) {}

Reactor::~Reactor() = default;

void Reactor::shutdown() {
  ErrorCode ignored;
  epoll_.close(ignored);
}

ErrorCode Reactor::open() {
  if (epoll_.is_open()) return {};
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return {errno, boost::system::system_category()};
  ErrorCode error;
  epoll_.assign(epoll, error);
  if (error) ::close(epoll);
  return error;
}

ErrorCode Reactor::add(int socket, Watcher& watcher) {
  if (const ErrorCode error = open()) return error;
  const auto index = static_cast<std::size_t>(socket);
  if (index >= registrations_.size()) registrations_.resize(index + 1);
  Registration& registration = registrations_[index];
  assert(!registration.added);
  ++registration.generation;
  epoll_event asked{.events = everything, .data = {.u64 = key_of(socket, registration.generation)}};
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &asked) != 0)
    return {errno, boost::system::system_category()};
  registration.watcher = &watcher;
  registration.added = true;
  ++added_;
  wait();
  return {};
}

void Reactor::hand_over(int socket, Watcher* watcher) {
  registrations_[static_cast<std::size_t>(socket)].watcher = watcher;
}

void Reactor::ask_again(int socket) {
  const std::uint32_t generation = registrations_[static_cast<std::size_t>(socket)].generation;
  epoll_event asked{.events = everything, .data = {.u64 = key_of(socket, generation)}};
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, socket, &asked);
}

// The kernel forgets the socket when it is closed, which is next.
void Reactor::remove(int socket) {
  Registration& registration = registrations_[static_cast<std::size_t>(socket)];
  assert(registration.added);
  registration.watcher = nullptr;
  registration.added = false;
  ++registration.generation;
  if (--added_ > 0 || !waiting_) return;
  ErrorCode ignored;  // nothing to wait for: the loop may end
  epoll_.cancel(ignored);
}

void Reactor::turn(Watcher& watcher) {
  if (watcher.is_linked()) return;
  turns_.push_back(watcher);
  if (!in_round_) post();
}

Reactor::Watcher* Reactor::watcher_of(std::uint64_t key) const {
  const Registration& registration = registrations_[static_cast<std::uint32_t>(key)];
  return registration.generation == key >> 32 ? registration.watcher : nullptr;
}

void Reactor::tell(const epoll_event& edge) const {
  const bool ended = (edge.events & (EPOLLRDHUP | broken)) != 0;
  if (ended || (edge.events & EPOLLIN) != 0) {
    if (Watcher* const watcher = watcher_of(edge.data.u64)) watcher->on_readable(ended);
  }
  if ((edge.events & (EPOLLOUT | broken)) != 0) {
    if (Watcher* const watcher = watcher_of(edge.data.u64)) watcher->on_writable();
  }
}

void Reactor::wait() {
  if (waiting_ || in_round_ || added_ == 0) return;
  waiting_ = true;
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](const ErrorCode& code) {
    waiting_ = false;
    if (code) wait();  // cancelled when the last socket went; another may have come since
    else round();
  });
}

void Reactor::post() {
  if (posted_) return;
  posted_ = true;
  asio::post(io_, [this] {
    posted_ = false;
    round();
  });
}

// The edges that there are, then the turns asked for until now, those of these edges too: the end of a connection that has
// just become idle is seen before the next request comes. Who asks again comes after the next edges.
void Reactor::round() {
  std::array<epoll_event, edges_max> edges;
  const int count = !epoll_.is_open() ? 0 : ::epoll_wait(epoll_.native_handle(), edges.data(), edges_max, 0);
  const std::size_t taken = count > 0 ? static_cast<std::size_t>(count) : 0;
  in_round_ = true;
  for (const epoll_event& edge : std::span(edges).first(taken)) tell(edge);
  Turns due;
  due.swap(turns_);
  while (!due.empty()) {
    Watcher& watcher = due.front();
    due.pop_front();
    watcher.on_turn();
  }
  in_round_ = false;
  if (taken == edges_max || !turns_.empty()) post();
  else wait();
}

}  // namespace stormproof::wire
