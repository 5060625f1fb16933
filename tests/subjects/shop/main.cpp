// The shop of the demo, and with --payments-service its payments. See README.md.

#include <fmt/format.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>

#include "tests/subjects/shop/storefront.h"

namespace {

using namespace stormproof::subjects;

std::uint16_t port_of(const std::string& url) {
  std::uint16_t port = 80;
  const std::size_t colon = url.rfind(':');
  if (colon != std::string::npos) std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  return port;
}

}  // namespace

int main(int argc, char** argv) {
  Storefront::Options options;
  std::uint16_t port = 8080;
  std::string payments = "http://127.0.0.1:9001";
  std::string truth;
  bool is_payments = false;
  int work_ms = 2;
  CLI::App app("A small shop, the demo's service under test");
  app.add_option("--version", options.version, "1: its breaker opens; 2: it never does")->check(CLI::IsMember({1, 2}));
  app.add_option("--port", port, "port of 127.0.0.1; 0: a free one");
  app.add_option("--payments", payments, "URL of payments, on 127.0.0.1");
  app.add_option("--truth", truth, "file for its own changes of state");
  app.add_flag("--payments-service", is_payments, "be payments: /charge/* answers 200");
  app.add_option("--work", work_ms, "ms that payments takes for a charge");
  CLI11_PARSE(app, argc, argv);
  options.truth = truth;
  const std::uint16_t payments_port = port_of(payments);
  const std::chrono::milliseconds work(work_ms);

  // Before any thread: all of them inherit the mask, and main alone waits for the signals.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  Storefront storefront(options);
  const auto sell = [&]() -> WebServer::Handler {
    return [&storefront, client = WebClient(payments_port, std::chrono::seconds(1))](const Message& request) mutable {
      return storefront.answer(request, client);
    };
  };
  const auto charge = [&]() -> WebServer::Handler {
    return [work](const Message& request) { return answer_as_payments(request, work); };
  };
  const WebServer server(is_payments ? std::function<WebServer::Handler()>(charge) : sell, port);
  fmt::print("{} listens on 127.0.0.1:{}\n", is_payments ? "payments" : fmt::format("shop version {}", options.version),
             server.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
