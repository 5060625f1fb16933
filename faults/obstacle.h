// Obstacle: one fault at work on one direction of one connection.
//
// It stands between two queues and moves from `in` to `out` what may pass at an instant. It keeps no byte itself: what is
// held waits in `in`, so an obstacle that is taken away leaves nothing behind and loses nothing. It never waits: it says
// when it wants to be asked again. So every wait can be interrupted, and time can be simulated. Chance is drawn as a
// function of (seed, fault, connection): the same connection always meets the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "faults/segments.h"
#include "harness/base/clock.h"

namespace stormproof::faults {

// What a fault's draws depend on.
struct Chance {
  std::uint64_t seed = 0;
  std::string fault;             // its name
  std::uint64_t connection = 0;  // and direction: one number

  double unit(std::uint64_t nth) const;
};

class Obstacle {
 public:
  static constexpr std::size_t holds_by_default = 64 * 1024;

  virtual ~Obstacle() = default;

  // The bytes that its `in` may hold before the sender is made to wait.
  virtual std::size_t holds() const { return holds_by_default; }
  // Moves what may pass at `now`, while `out` has room. Gives back when it wants to be asked again though nothing came
  // or went; never: only then.
  virtual Instant run(Segments& in, Segments& out, Instant now) = 0;
  // It takes the place of another of its kind on the same connection: what that one has counted goes on.
  virtual void succeed(const Obstacle&) {}
  // It keeps every end from the other side: the connection is not to be closed for one.
  virtual bool silent() const { return false; }
  // What becomes of the connection when it is taken away; nothing: it goes on.
  virtual std::optional<End::Kind> on_withdrawal() const { return std::nullopt; }

  // Whether it has held, dropped, changed or cut anything, and by how much it held at most.
  bool acted() const { return acted_; }
  base::Nanoseconds delayed() const { return delayed_; }

 protected:
  void act(base::Nanoseconds delayed = {}) {
    if (delayed > delayed_) delayed_ = delayed;
    acted_ = true;
  }
  // The end, where nothing comes before it any more.
  static void pass_end(Segments& in, Segments& out) {
    if (!in.at_end()) return;
    out.end(*in.ended());
    in.take_end();
  }

 private:
  bool acted_ = false;
  base::Nanoseconds delayed_{0};
};

}  // namespace stormproof::faults
