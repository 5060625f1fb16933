// Cockatiel: the Node service with a circuit breaker of npm cockatiel, right or with a mistake that people make with it, which
// service.js describes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stormproof::subjects {

class Cockatiel {
 public:
  struct Options {
    std::uint16_t port = 0;
    std::string payments;              // "http://127.0.0.1:9001"
    std::string kind = "consecutive";  // five failures in a row; "sampling": half of the calls of `duration`
    std::string defect = "none";       // each-request, backs-off, isolates
    std::chrono::milliseconds half_open_after = std::chrono::milliseconds(500);
    std::chrono::milliseconds duration = std::chrono::seconds(1);
    std::chrono::milliseconds timeout = std::chrono::seconds(1);
    std::filesystem::path truth = {};
  };

  // Why it cannot run here; nothing where it can.
  static std::optional<std::string> missing();

  // As a scenario's `command` has it, or a Service.
  static std::vector<std::string> command(const Options& options);
};

}  // namespace stormproof::subjects
