// Listener: a bound, listening TCP socket. One thread, one waiter in accept().
#pragma once

#include <coroutine>
#include <expected>
#include <memory>
#include <optional>
#include <utility>

#include "harness/base/error.h"
#include "harness/wire/socket.h"

namespace stormproof::wire {

class Listener final : private Reactor::Watcher {
 public:
  ~Listener() override;

  // Whether an address may be listened on, alone; says why not. Nobody can connect meanwhile: a client that did would be
  // reset when this look is over.
  static base::Result<void> may_open(const Endpoint& address);

  // The error names the address and the cause: "cannot listen on 127.0.0.1:80: Permission denied".
  // `share_port`: with other listeners of this user that ask for the same (SO_REUSEPORT); the kernel spreads the
  // connections over them.
  static base::Result<std::unique_ptr<Listener>> open(IoContext& io, const Endpoint& address, bool share_port = false);

  // With the port that the kernel chose, where port 0 was asked for.
  Endpoint endpoint() const { return endpoint_; }

  class Accept {
   public:
    explicit Accept(Listener& listener) : listener_(listener) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) { listener_.begin(waiter); }
    // operation_aborted after close(); other errors (descriptors run out) may pass.
    std::expected<Socket, ErrorCode> await_resume() { return std::move(*listener_.accepted_); }

   private:
    Listener& listener_;
  };
  Accept accept() { return Accept(*this); }

  void close();

 private:
  using Accepted = std::expected<Socket, ErrorCode>;

  Listener(IoContext& io, int descriptor, Endpoint endpoint);
  void begin(std::coroutine_handle<> waiter);
  void try_now();
  void on_readable(bool ended) override;
  void on_writable() override {}
  void on_turn() override;

  IoContext& io_;
  Socket socket_;
  Endpoint endpoint_;
  bool readable_ = false;  // there may be a connection to accept
  std::optional<Accepted> accepted_;
  std::coroutine_handle<> waiter_;
};

}  // namespace stormproof::wire
