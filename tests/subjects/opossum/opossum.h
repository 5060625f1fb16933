// Opossum: the Node service with a circuit breaker of npm opossum, started for a test. Gone with its owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "tests/subjects/truth.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {

class Opossum {
 public:
  struct Options {
    std::uint16_t port = 0;  // 0: a free one
    std::string payments;    // "http://127.0.0.1:9001"
    bool breaker = true;     // false: its twin, whose breaker lets every call through
    std::chrono::milliseconds reset_timeout = std::chrono::seconds(2);
    std::chrono::milliseconds timeout = std::chrono::seconds(1);
    int error_threshold_percentage = 50;
    int volume_threshold = 5;
    int fallback_status = 503;
    std::filesystem::path truth = {};  // command() only; start() has its own
  };

  // Why it cannot run here ("npm packages are not installed: ./dev test installs them"); nothing where it can.
  // A test skips with the reason, or fails with it where the environment says CI=true: skip_is_failure().
  static std::optional<std::string> missing();
  static bool skip_is_failure();

  // As a scenario's `command` has it.
  static std::vector<std::string> command(const Options& options);

  // Listens when it returns.
  static base::Result<Opossum> start(Options options);

  std::uint16_t port() const { return port_; }
  base::Result<std::vector<StateChange>> truth() const { return read_truth(folder_.path() / "truth"); }
  const support::Process& process() const { return process_; }

 private:
  Opossum(support::TempDir folder, support::Process process, std::uint16_t port)
      : folder_(std::move(folder)), process_(std::move(process)), port_(port) {}

  support::TempDir folder_;
  support::Process process_;
  std::uint16_t port_;
};

}  // namespace stormproof::subjects
