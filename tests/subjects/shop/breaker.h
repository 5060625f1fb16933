// Breaker: a circuit breaker over consecutive failures. Pure but for its mutex: time is an argument.
//
// Closed: every call is let through; `failures_to_open` failures in a row open it. Open: none is, for `sleep`. Then one
// probe is let through: its success closes the circuit, its failure opens it again. The outcome of a call that
// began before the last change of state changes nothing. Safe to use from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

namespace stormproof::subjects {

class Breaker {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  struct Options {
    int failures_to_open = 5;
    std::chrono::milliseconds sleep = std::chrono::seconds(2);
    bool opens = true;  // false: it counts and never opens (version 2's defect)
  };

  // Called inside the change, in order: "open", "halfOpen", "close".
  using OnChange = std::function<void(std::string_view)>;

  explicit Breaker(Options options, OnChange on_change = {}) : options_(options), on_change_(std::move(on_change)) {}

  // A call that was let through; its outcome is reported with it.
  struct Permit {
    std::uint64_t era = 0;
  };

  // Nothing: the circuit is open, make no call.
  std::optional<Permit> ask(Instant now);
  void report(Permit permit, bool success, Instant now);

 private:
  enum class State : std::uint8_t { closed, open, half_open };
  void change(State to, std::string_view name);

  Options options_;
  OnChange on_change_;
  std::mutex mutex_;
  State state_ = State::closed;
  std::uint64_t era_ = 0;  // counts the changes of state
  int failures_ = 0;
  Instant opened_{};
};

}  // namespace stormproof::subjects
