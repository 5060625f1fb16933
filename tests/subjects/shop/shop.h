// Shop: the demo's shop, or its payments, started for a test. Gone with its owner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "tests/subjects/truth.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {

class Shop {
 public:
  struct Options {
    std::uint16_t port = 0;  // 0: a free one
    int version = 1;
    std::string payments = "http://127.0.0.1:9001";
    bool is_payments = false;          // be payments instead
    std::filesystem::path truth = {};  // command() only; start() has its own
  };

  // Where the program was built.
  static std::filesystem::path program();

  // As a scenario's `command` has it.
  static std::vector<std::string> command(const Options& options);

  // Listens when it returns.
  static base::Result<Shop> start(Options options);

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  base::Result<std::vector<StateChange>> truth() const { return read_truth(folder_.path() / "truth"); }
  const support::Process& process() const { return process_; }

 private:
  Shop(support::TempDir folder, support::Process process, std::uint16_t port)
      : folder_(std::move(folder)), process_(std::move(process)), port_(port) {}

  support::TempDir folder_;
  support::Process process_;
  std::uint16_t port_;
};

}  // namespace stormproof::subjects
