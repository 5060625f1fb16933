// Stage: a relay with an injector between a test and a plain HTTP server, each on threads of their own.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "faults/injector.h"
#include "harness/base/task_group.h"
#include "harness/events/recorder.h"
#include "harness/proxy/relay.h"
#include "tests/support/raw_connection.h"
#include "tests/support/raw_server.h"

namespace stormproof::faults {

class Stage {
 public:
  // What the upstream answers to a head and a body; none: 200 and the body "ok".
  using Answer = std::function<std::string(const std::string& head, const std::string& body)>;
  explicit Stage(Answer answer = {});
  ~Stage();

  std::uint16_t port() const { return relay_->endpoint().port(); }

  void apply(std::uint64_t seed, std::vector<Rule> rules);
  void heal();

  support::RawConnection connect() const;

  // The heads that the upstream was asked with so far, each with its body.
  std::vector<std::string> asked() const;

  // What the relay and the injector have told so far.
  events::Log log();
  // Waits for `count` exchanges that have ended.
  events::Log log_of(std::size_t count);
  // Waits until so many requests are under way at the relay.
  bool wait_until_under_way(std::uint64_t count);

  // Ends the relay: cuts what is under way after `drain_at_most`.
  void drain();

 private:
  static constexpr std::chrono::milliseconds drain_at_most{100};
  void answer(support::RawConnection& connection);
  void on_loop(const std::function<void()>& work) const;

  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  support::RawServer upstream_;

  base::SystemClock clock_;
  events::Recorder recorder_;
  mutable wire::IoContext io_{wire::one_thread};
  boost::asio::executor_work_guard<wire::Executor> work_{io_.get_executor()};
  std::unique_ptr<Injector> injector_;
  std::unique_ptr<proxy::Relay> relay_;
  base::TaskGroup tasks_;
  bool drained_ = false;
  std::thread thread_;
};

// A GET of `target`, with a trace id where `trace` is not 0.
std::string get(const std::string& target, std::uint64_t trace = 0);

// The decisions that acted, in the order in which they were told.
std::vector<events::FaultFired> acted(const events::Log& log);

// Reads one response with a Content-Length or without a body.
std::string read_response(support::RawConnection& connection, bool to_head = false);

}  // namespace stormproof::faults
