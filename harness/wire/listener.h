// Listener: a bound, listening TCP socket. One thread, one waiter in accept().
#pragma once

#include <coroutine>
#include <expected>
#include <memory>
#include <optional>

#include "harness/base/error.h"
#include "harness/wire/net.h"

namespace stormproof::wire {

class Listener {
 public:
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
    void await_suspend(std::coroutine_handle<> waiter);
    // operation_aborted after close(); other errors (descriptors run out) may pass.
    std::expected<Socket, ErrorCode> await_resume();

   private:
    Listener& listener_;
    ErrorCode error_;
    std::optional<Socket> socket_;
  };
  Accept accept() { return Accept(*this); }

  void close();

 private:
  Listener(Acceptor acceptor, Endpoint endpoint) : acceptor_(std::move(acceptor)), endpoint_(endpoint) {}

  Acceptor acceptor_;
  Endpoint endpoint_;
};

}  // namespace stormproof::wire
