// IoRun: an io_context on the test's own thread, run until a task has ended. With socket pairs for it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <utility>

#include "harness/base/task_group.h"
#include "harness/wire/socket.h"
#include "tests/support/raw_connection.h"

namespace stormproof::wire {

class IoRun {
 public:
  IoContext io{one_thread};

  // Runs the task and whatever else there is, until the task has ended; at most five seconds.
  void run(base::Task<> task) {
    base::TaskGroup group;
    group.spawn(std::move(task));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    io.restart();
    while (group.size() > 0 && io.run_one_until(until) > 0) {
    }
    if (group.size() > 0) {
      ADD_FAILURE() << "the task has not ended within five seconds";
      std::abort();  // its frame refers to what the test is about to destroy
    }
  }

  // What is ready now, without waiting.
  void poll() {
    io.restart();
    io.poll();
  }

  // Runs until it holds; at most five seconds.
  bool run_until(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!holds() && std::chrono::steady_clock::now() < until) {
      io.restart();
      io.run_one_until(std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds(5)));
    }
    return holds();
  }

  // A connection that is there already.
  Socket accept(Acceptor& acceptor) {
    auto accepted = acceptor.accept();
    accepted.non_blocking(true);
    return {io, accepted.release()};
  }

  // Two ends of one TCP connection on loopback: ours, and a raw peer.
  std::pair<Socket, support::RawConnection> connect() {
    Acceptor acceptor(io, Endpoint(asio::ip::address_v4::loopback(), 0));
    auto peer = support::RawConnection::connect(acceptor.local_endpoint().port());
    if (!peer) {
      ADD_FAILURE() << peer.error().message;
      std::abort();
    }
    return {accept(acceptor), std::move(*peer)};
  }
};

}  // namespace stormproof::wire
