// Limiters: the Node service with a rate limit of npm express-rate-limit or rate-limiter-flexible, started for a test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "tests/support/process.h"

namespace stormproof::subjects {

class Limiters {
 public:
  struct Options {
    std::string kind = "express";     // or "flexible"
    int quota = 20;                   // for each X-Api-Key
    int window_ms = 1000;             // begun by its first request
    std::string headers = "draft-7";  // express: draft-6, draft-7, draft-8
    bool lies = false;                // flexible: in its headers
  };

  // Why it cannot run here; nothing where it can. A test skips with the reason, or fails where skip_is_failure().
  static std::optional<std::string> missing();
  static bool skip_is_failure();

  // Listens when it returns.
  static base::Result<Limiters> start(const Options& options);

  std::uint16_t port() const { return port_; }

 private:
  Limiters(support::Process process, std::uint16_t port) : process_(std::move(process)), port_(port) {}

  support::Process process_;
  std::uint16_t port_;
};

}  // namespace stormproof::subjects
