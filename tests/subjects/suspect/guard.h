// Guard: a circuit breaker over consecutive failures, right or with a seeded defect. Time is an argument.
//
// Closed: all is let through; failures in a row open it. Open: none is, for `sleep`; then one probe is, whose success closes
// it and whose failure opens it again. What began before the last change of state changes nothing. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string_view>

#include "tests/subjects/suspect/defect.h"

namespace stormproof::subjects {

class Guard {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr double leak_share = 0.01;

  struct Options {
    int failures_to_open = 5;
    std::chrono::milliseconds sleep = std::chrono::seconds(1);
    Defect defect = Defect::none;
  };
  // Called inside the change, in order: "open", "halfOpen", "close", and "leak" for a call that it should have kept back.
  using OnChange = std::function<void(std::string_view)>;

  explicit Guard(Options options, OnChange on_change = {}) : options_(options), on_change_(std::move(on_change)) {}

  struct Permit {
    std::uint64_t era = 0;
    bool past = false;  // around the breaker: its outcome is not looked at
  };

  // Nothing: make no call.
  std::optional<Permit> ask(Instant now);
  void report(Permit permit, bool success, Instant now);

 private:
  enum class State : std::uint8_t { closed, open, half_open };
  void change(State to, std::string_view name);
  std::optional<Permit> refuse();

  Options options_;
  OnChange on_change_;
  std::mutex mutex_;
  State state_ = State::closed;
  std::uint64_t era_ = 0;  // counts the changes of state
  int failures_ = 0;
  Instant opened_{};
  std::mt19937 random_{7};
};

}  // namespace stormproof::subjects
