// Golang: the Go service whose breaker is sony/gobreaker, or whose limiter is that of golang.org/x/time/rate, right or with a
// mistake that people make with them. What each defect does is said in breaker.go and limiter.go.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stormproof::subjects {

class Golang {
 public:
  struct Breaker {
    std::uint16_t port = 0;
    std::string payments;         // "http://127.0.0.1:9001"
    std::string defect = "none";  // 5xx-is-success: never opens; forgets-done: stays half-open
    std::chrono::milliseconds sleep = std::chrono::seconds(1);
    std::chrono::milliseconds timeout = std::chrono::seconds(1);
    std::filesystem::path truth = {};
  };
  struct Limiter {
    std::uint16_t port = 0;
    double rate = 20;  // a second
    int burst = 10;
    std::chrono::milliseconds wait{0};  // for a token, at most; 0: refused at once
    std::string defect = "none";        // off-by-burst, each-instance, reserves
  };

  // Why it cannot run here; nothing where it can.
  static std::optional<std::string> missing();

  // As a scenario's `command` has it, or a Service.
  static std::vector<std::string> command(const Breaker& breaker);
  static std::vector<std::string> command(const Limiter& limiter);
};

}  // namespace stormproof::subjects
