// Reactor: tells the sockets of one loop what became possible; an epoll of our own, edge-triggered, within that of Asio.
//
// Asio tries every read once before it waits, and does not ask for EPOLLRDHUP, so each exchange would pay for two calls
// of recv() that find nothing. Here a socket is registered once, for everything; an edge that says whether the other
// side has ended makes the first short read the last one. A flood on one socket does not keep the others waiting: who
// has more to do asks for a turn(), which comes after the edges of the others. Work of the loop as long as a socket is registered.
// A service of the io_context, made when first asked for; one thread.
#pragma once

#include <array>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <vector>

#include "harness/wire/net.h"

struct epoll_event;

namespace stormproof::wire {

class Reactor final : public asio::execution_context::service {
 public:
  using key_type = Reactor;
  static asio::execution_context::id id;

  static constexpr std::size_t edges_max = 128;  // taken from the kernel at once

  // May destroy itself in each call.
  class Watcher : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual ~Watcher() = default;

    // There are bytes, an end or an error to be read; perhaps none, if they were read already. `ended`: the other side
    // has ended, or the connection has broken.
    virtual void on_readable(bool ended) = 0;
    // There is room again, or an error.
    virtual void on_writable() = 0;
    // What turn() asked for.
    virtual void on_turn() = 0;
  };

  static Reactor& of(IoContext& io) { return asio::use_service<Reactor>(io); }
  explicit Reactor(asio::execution_context& context);
  ~Reactor() override;

  // From now on edges of the socket go to this watcher. What is there already makes one. An error: descriptors or the
  // user's watches have run out.
  ErrorCode add(int socket, Watcher& watcher);
  // They go to another one, or (nullptr) nowhere. None is made up for what came before.
  void hand_over(int socket, Watcher* watcher);
  // What is there already makes one more edge: for who waits without having met the end of it.
  void ask_again(int socket);
  // Before the socket is closed. Nothing is told of it any more, not even edges that are taken already.
  void remove(int socket);

  // Calls on_turn() once, after what is ready now. Twice before that is once.
  void turn(Watcher& watcher);

 private:
  struct Registration {
    Watcher* watcher = nullptr;
    std::uint32_t generation = 0;  // of this descriptor's number: edges of an older one are stale
    bool added = false;
  };
  using Turns = boost::intrusive::list<Watcher, boost::intrusive::constant_time_size<false>>;

  void shutdown() override;
  ErrorCode open();
  Watcher* watcher_of(std::uint64_t key) const;
  void tell(const epoll_event& edge) const;
  void wait();
  void post();
  void round();

  IoContext& io_;
  asio::posix::basic_stream_descriptor<Executor> epoll_;
  std::vector<Registration> registrations_;  // by descriptor
  std::size_t added_ = 0;
  Turns turns_;
  bool waiting_ = false;  // for the epoll to be readable
  bool posted_ = false;   // a round is queued
  bool in_round_ = false;
};

}  // namespace stormproof::wire
