// Suspect: a service with a breaker, a rate limit, timeouts and retries, right or with a seeded defect, as a scenario starts it.
//
// /checkout/:id asks its limit, then its breaker, then calls payments at /charge/:id; /healthz is well. It is also its
// own dependency (`dependency()`): /charge/* answers after a while, sometimes with an error. What it does it writes to its truth.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/subjects/suspect/defect.h"

namespace stormproof::subjects {

class Suspect {
 public:
  struct Options {
    std::uint16_t port = 0;
    std::uint16_t payments = 0;
    Defect defect = Defect::none;
    bool breaker = false;
    std::chrono::milliseconds sleep = std::chrono::seconds(1);
    std::chrono::milliseconds timeout = std::chrono::milliseconds(300);
    int attempts = 1;
    std::chrono::milliseconds backoff = std::chrono::milliseconds(100);
    double limit = 0;  // requests a second; 0: none
    int burst = 1;
    std::filesystem::path truth = {};
  };
  struct Dependency {
    std::uint16_t port = 0;
    std::chrono::milliseconds work = std::chrono::milliseconds(3);
    double jitter = 0;  // share of `work`, on both sides
    double errors = 0;  // share of the answers
  };

  static std::filesystem::path program();
  static std::vector<std::string> command(const Options& options);
  static std::vector<std::string> command(const Dependency& dependency);
};

}  // namespace stormproof::subjects
