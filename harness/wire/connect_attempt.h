// ConnectAttempt: a connection that is being made, for whoever may end it early. One thread.
//
// Owned by the attempt itself; whoever has its address may close() it while that is set. Closing is final.
#pragma once

#include "harness/wire/pause.h"
#include "harness/wire/socket.h"

namespace stormproof::wire {

class ConnectAttempt {
 public:
  explicit ConnectAttempt(IoContext& io) : pause_(io), socket_(io) {}

  // The attempt ends at once, with operation_aborted.
  void close() {
    closed_ = true;
    pause_.interrupt();
    if (on_the_way_ != nullptr) on_the_way_->close();
  }
  bool closed() const { return closed_; }

  // For waits before there is a socket to wait for; close() interrupts them.
  Pause& pause() { return pause_; }
  Socket& socket() { return socket_; }
  // What close() closes from now on; nullptr: nothing.
  void on_the_way(Socket* socket) { on_the_way_ = socket; }

 private:
  Pause pause_;
  Socket socket_;
  Socket* on_the_way_ = nullptr;
  bool closed_ = false;
};

}  // namespace stormproof::wire
