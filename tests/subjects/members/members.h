// Members: the stateful Node service with express, started for a test. Gone with its owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "tests/support/process.h"

namespace stormproof::subjects {

class Members {
 public:
  // Why it cannot run here ("the npm packages … are not installed"); nothing where it can.
  static std::optional<std::string> missing();

  // Listens when it returns.
  static base::Result<Members> start();

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  Members(support::Process process, std::uint16_t port) : process_(std::move(process)), port_(port) {}

  support::Process process_;
  std::uint16_t port_;
};

}  // namespace stormproof::subjects
