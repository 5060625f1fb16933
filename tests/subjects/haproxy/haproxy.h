// Haproxy: Debian's HAProxy as a service under test whose breaker is `observe layer7 error-limit 5 on-error mark-down`.
//
// Every request goes to its one server, while that is up; five failures in a row take it down, and two good health checks, made to
// another port, bring it back after about a second. With `retries_on_500` it calls again where the server fails, and then
// never sees a failure: its breaker is dead. Gone with its owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {

class Haproxy {
 public:
  struct Options {
    std::uint16_t port = 0;    // 0: a free one
    std::uint16_t server = 0;  // what it calls
    std::uint16_t check = 0;   // where it looks whether that is well
    bool retries_on_500 = false;
  };

  // A stick table as a rate limit for each source: 30 in a second, by a counter that slides. Right, it counts whom it admits; with
  // `counts_refused` it takes http_req_rate, as many do, which counts all.
  struct Limit {
    bool counts_refused = false;
  };

  // Why it cannot run here; nothing where it can.
  static std::optional<std::string> missing();

  // Listens when it returns.
  static base::Result<Haproxy> start(Options options);
  static base::Result<Haproxy> start(Limit limit);

  std::uint16_t port() const { return port_; }
  const support::Process& process() const { return process_; }

 private:
  static base::Result<Haproxy> start(std::string config, std::uint16_t port);
  Haproxy(support::TempDir folder, support::Process process, std::uint16_t port)
      : folder_(std::move(folder)), process_(std::move(process)), port_(port) {}

  support::TempDir folder_;
  support::Process process_;
  std::uint16_t port_;
};

}  // namespace stormproof::subjects
