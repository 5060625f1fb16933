// Socket: one non-blocking TCP socket of a loop, and the owner of its descriptor.
//
// Every call returns at once, with would_block where it could not do anything. Who wants to hear when more is possible
// watches it: one watcher at a time. close() gives the watcher a turn, in which it finds the socket closed; the turn
// comes later, never within the call. Moving takes the registration along. One thread.
#pragma once

#include <cstddef>
#include <span>

#include "harness/wire/reactor.h"

namespace stormproof::wire {

class Socket {
 public:
  explicit Socket(IoContext& io) : reactor_(&Reactor::of(io)) {}
  // Owns the descriptor, which does not block already.
  Socket(IoContext& io, int descriptor) : reactor_(&Reactor::of(io)), descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  bool is_open() const { return descriptor_ >= 0; }
  int native_handle() const { return descriptor_; }
  Reactor& reactor() const { return *reactor_; }

  // Begins to connect. in_progress: the watcher hears on_writable() when it is decided, and connected() says how.
  // `from`: the address of this machine that the other side shall see; its port is the kernel's choice.
  ErrorCode connect(const Endpoint& endpoint, Reactor::Watcher& watcher, const Endpoint* from = nullptr);
  ErrorCode connected() const;

  // Edges go to this watcher from now on. True: the socket was watched before, so some may have been missed.
  bool watch(Reactor::Watcher& watcher, ErrorCode& error);
  void unwatch();
  // What is possible already is told once more: a wait for readiness whatever was tried before.
  void ask_again() {
    if (registered_) reactor_->ask_again(descriptor_);
  }

  // Bytes > 0, or an error; asio::error::eof is the end.
  std::size_t read_some(std::span<char> room, ErrorCode& error);
  // At most write_parts_max parts, none of them empty.
  static constexpr std::size_t write_parts_max = 4;
  std::size_t write_some(std::span<const asio::const_buffer> parts, ErrorCode& error);

  ErrorCode no_delay();
  ErrorCode shutdown_send();
  void close();
  // The same with a reset on the wire.
  void reset();

  Endpoint remote_endpoint(ErrorCode& error) const;

 private:
  Reactor* reactor_;
  int descriptor_ = -1;
  Reactor::Watcher* watcher_ = nullptr;
  bool registered_ = false;
};

}  // namespace stormproof::wire
