// Caller: a client of one dependency with a timeout, retries and backoff, right or with a seeded defect. For one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "tests/subjects/shop/web.h"
#include "tests/subjects/suspect/defect.h"

namespace stormproof::subjects {

class Caller {
 public:
  static constexpr int endless = 20;               // attempts of the one that never ends
  static constexpr double dropped_share = 0.1;     // of the trace ids
  static constexpr std::size_t leaked_max = 2000;  // connections that are left open

  struct Options {
    std::uint16_t port = 0;
    std::chrono::milliseconds timeout = std::chrono::milliseconds(300);
    int attempts = 1;
    std::chrono::milliseconds backoff = std::chrono::milliseconds(100);
    double factor = 2;
    double jitter = 0.3;  // share, on both sides
    Defect defect = Defect::none;
  };
  Caller(Options options, std::uint32_t seed) : options_(options), random_(seed) {}

  // GET `target`, again where it fails; whether an answer below 500 came.
  bool call(std::string_view target, const std::optional<std::string>& traceparent);

 private:
  bool attempt(std::string_view target, std::string_view headers);
  base::Result<Message> exchange(std::string_view request, std::chrono::milliseconds within);
  std::chrono::milliseconds wait_before(int attempt);
  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Options options_;
  std::mt19937 random_;
  std::optional<support::RawConnection> connection_;
};

}  // namespace stormproof::subjects
