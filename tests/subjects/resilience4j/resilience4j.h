// Resilience4j: the Java service with a breaker, a bulkhead or a rate limiter of resilience4j, right or with a mistake that people
// make with it, which Service.java describes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stormproof::subjects {

class Resilience4j {
 public:
  struct Options {
    std::uint16_t port = 0;
    std::string kind = "breaker";  // or "bulkhead" (10 calls at once), "limiter" (30 in each 250 ms)
    std::string payments = {};     // "http://127.0.0.1:9001"; the limiter calls nothing
    std::string defect = "none";   // of a breaker: ignores, keeps-permits; of a bulkhead: default; of a limiter: waits
    std::filesystem::path truth = {};
  };
  // Of its breaker: half of ten calls open it, for so long; three probes decide.
  static constexpr std::chrono::milliseconds sleep{500};

  // Why it cannot run here; nothing where it can.
  static std::optional<std::string> missing();

  // As a scenario's `command` has it, or a Service.
  static std::vector<std::string> command(const Options& options);
};

}  // namespace stormproof::subjects
