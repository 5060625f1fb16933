// The suspect, or with --dependency what it calls. See README.md.

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <random>

#include "tests/subjects/suspect/caller.h"
#include "tests/subjects/suspect/guard.h"
#include "tests/subjects/suspect/quota.h"

namespace {

using namespace stormproof::subjects;
using Clock = std::chrono::steady_clock;

struct Settings {
  std::uint16_t port = 0;
  std::string defect = "none";
  bool breaker = false;
  int sleep = 1000;
  double limit = 0;
  int burst = 1;
  std::string truth;
  bool dependency = false;
  int work = 3;
  double jitter = 0;
  double errors = 0;
  int timeout = 300;
  int backoff = 100;
  Caller::Options calls;
};

// One JSON line a change of state. Any thread.
class Notes {
 public:
  explicit Notes(const std::string& file) {
    if (!file.empty()) out_.open(file, std::ios::app);
  }
  void add(std::string_view state) {
    const std::lock_guard lock(mutex_);
    const std::chrono::duration<double, std::milli> now = std::chrono::system_clock::now().time_since_epoch();
    if (out_.is_open())
      out_ << fmt::format("{{\"at_ms\":{:.3f},\"state\":\"{}\"}}\n", now.count(), state) << std::flush;
  }

 private:
  std::mutex mutex_;
  std::ofstream out_;
};

class Service {
 public:
  explicit Service(const Settings& settings)
      : settings_(settings),
        notes_(settings.truth),
        guard_({.sleep = std::chrono::milliseconds(settings.sleep), .defect = defect_named(settings.defect)},
               [this](std::string_view state) { notes_.add(state); }),
        quota_({.per_second = settings.limit, .burst = settings.burst, .defect = defect_named(settings.defect)}) {
    notes_.add("started");
  }

  WebServer::Handler handler() {
    Caller::Options calls = settings_.calls;
    calls.timeout = std::chrono::milliseconds(settings_.timeout);
    calls.backoff = std::chrono::milliseconds(settings_.backoff);
    calls.defect = defect_named(settings_.defect);
    return [this, caller = Caller(calls, ++connections_)](const Message& request) mutable {
      return answer(request, caller);
    };
  }

 private:
  Reply answer(const Message& request, Caller& caller) {
    const std::string target = request.word(1);
    constexpr std::string_view checkout = "/checkout/";
    if (!target.starts_with(checkout)) return {200, R"({"status":"ok"})"};
    if (const Quota::Ruling ruling = quota_.ask(Clock::now()); !ruling.admitted)
      return {429, "{}", fmt::format("Retry-After: {}\r\n", ruling.retry_after)};
    if (settings_.calls.port == 0) return {200, R"({"paid":"none"})"};
    Guard::Permit permit;
    if (settings_.breaker) {
      const auto asked = guard_.ask(Clock::now());
      if (!asked) return {503, R"({"paid":"later"})"};
      permit = *asked;
    }
    const bool paid = caller.call("/charge/" + target.substr(checkout.size()), request.header("traceparent"));
    if (settings_.breaker) guard_.report(permit, paid, Clock::now());
    return paid ? Reply{200, R"({"paid":"now"})"} : Reply{502, R"({"paid":"no"})"};
  }

  const Settings& settings_;
  Notes notes_;
  Guard guard_;
  Quota quota_;
  std::atomic<std::uint32_t> connections_ = 0;
};

// The same for every connection but for its seed.
WebServer::Handler dependency_handler(const Settings& settings, std::uint32_t seed) {
  return [&settings, random = std::mt19937(seed)](const Message&) mutable -> Reply {
    const auto unit = [&random] { return std::uniform_real_distribution<double>(0, 1)(random); };
    const double scale = 1 + settings.jitter * (2 * unit() - 1);
    const auto ns = static_cast<long>(std::llround(1e6 * settings.work * scale));
    const timespec work{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
    ::ppoll(nullptr, 0, &work, nullptr);
    return unit() < settings.errors ? Reply{500, "{}"} : Reply{200, R"({"charged":true})"};
  };
}

int serve(const Settings& settings) {
  // Before any thread: all of them inherit the mask, and main alone waits for the signals.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  Service service(settings);
  std::atomic<std::uint32_t> connections = 0;
  const auto make = [&]() -> WebServer::Handler {
    return settings.dependency ? dependency_handler(settings, ++connections) : service.handler();
  };
  const WebServer server(make, settings.port);
  fmt::print("listens on 127.0.0.1:{}\n", server.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  // Connections that wait for an answer would be waited for: nobody misses them.
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("A service under suspicion: right, or with a seeded defect");
  app.add_option("--port", settings.port, "port of 127.0.0.1; 0: a free one");
  app.add_option("--payments", settings.calls.port, "port of payments; 0: it calls nothing");
  app.add_option("--defect", settings.defect, "what is wrong with it");
  app.add_flag("--breaker", settings.breaker, "it has a circuit breaker");
  app.add_option("--sleep", settings.sleep, "ms that it stays open");
  app.add_option("--timeout", settings.timeout, "ms for a call");
  app.add_option("--attempts", settings.calls.attempts, "calls for one request");
  app.add_option("--backoff", settings.backoff, "ms before the second of them");
  app.add_option("--limit", settings.limit, "requests a second; 0: all");
  app.add_option("--burst", settings.burst, "so many at once");
  app.add_option("--truth", settings.truth, "file for its own changes of state");
  app.add_flag("--dependency", settings.dependency, "be the dependency: every path answers");
  app.add_option("--work", settings.work, "ms that it takes");
  app.add_option("--jitter", settings.jitter, "share by which that varies");
  app.add_option("--errors", settings.errors, "share of its answers that are 500");
  CLI11_PARSE(app, argc, argv);
  if (to_string(defect_named(settings.defect)) != settings.defect) {
    fmt::print(stderr, "no defect is named {}\n", settings.defect);
    return 2;
  }
  return serve(settings);
}
