// A till: clerks who take their time for each customer, and a line, with an end or without. See README.md.

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>

#include "tests/subjects/shop/web.h"

namespace {

using namespace stormproof::subjects;

class Till {
 public:
  Till(int clerks, int line_max) : free_(clerks), line_max_(line_max) {}

  // False: the line is full.
  bool take() {
    std::unique_lock lock(mutex_);
    if (free_ == 0 && line_max_ >= 0 && in_line_ >= line_max_) return false;
    ++in_line_;
    turn_.wait(lock, [this] { return free_ > 0; });
    --in_line_;
    --free_;
    return true;
  }
  void give_back() {
    const std::lock_guard lock(mutex_);
    ++free_;
    turn_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  int free_;
  int in_line_ = 0;
  const int line_max_;  // below zero: none
};

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 8080;
  int clerks = 2;
  int work_ms = 20;
  int line = -1;
  CLI::App app("A till: a service with a known capacity");
  app.add_option("--port", port, "port of 127.0.0.1; 0: a free one");
  app.add_option("--clerks", clerks, "who serve at once");
  app.add_option("--work", work_ms, "ms for each customer");
  app.add_option("--line", line, "so many may wait, the others are refused; without it, all may");
  CLI11_PARSE(app, argc, argv);

  // Before any thread: all of them inherit the mask, and main alone waits for the signals.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  Till till(clerks, line);
  const auto serve = [&]() -> WebServer::Handler {
    return [&till, work_ms](const Message&) -> Reply {
      if (!till.take()) return {429, R"({"error":"come back later"})"};
      ::poll(nullptr, 0, work_ms);
      till.give_back();
      return {200, R"({"served":true})"};
    };
  };
  const WebServer server(serve, port);
  fmt::print("the till listens on 127.0.0.1:{}\n", server.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
