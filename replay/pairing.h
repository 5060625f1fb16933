// Pairing: the same requests to all targets, side by side.
//
// Each request goes to every target at the same moment, in an order drawn by the seed, so that no target is always first. The next
// request of a recorded session (or connection, where no session is known) waits for the answers to the one before;
// other sessions do not wait. Without a pacing the next begins when there is room for it (`at_once`, closed loop, equal for
// all targets); with one, when its instant has come and there is room: PairingTiming says what became of the instants.
// With `links` each target is sent its own live values (live_values.h). Nothing is kept of an answer but by the witness.
// One io_context, one thread; script, links and witness outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/histogram.h"
#include "harness/base/task_group.h"
#include "harness/events/event.h"
#include "harness/wire/pause.h"
#include "replay/answer.h"
#include "replay/live_values.h"
#include "replay/outbox.h"
#include "replay/pacing.h"
#include "replay/script.h"
#include "replay/script_shots.h"
#include "replay/side_by_side.h"

namespace stormproof::replay {

struct PairingTarget {
  wire::Endpoint endpoint;
  wire::TlsPeer tls;
};

struct PairingOptions {
  std::uint64_t seed = 0;
  std::size_t at_once = 4;  // requests, each to all targets
  std::uint64_t loops = 1;
  std::optional<PacingOptions> pacing;
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);
  const Links* links = nullptr;  // null: recorded values are sent as they are
  bool fresh_keys = true;        // idempotency keys are rewritten, as in a replay
};

// What became of the instants of a pacing.
struct PairingTiming {
  static constexpr base::Nanoseconds held_after = std::chrono::milliseconds(5);
  base::Histogram lag;     // the sender's own: after the instant, and after there was room
  std::uint64_t held = 0;  // requests so much behind their instant: for want of room, or of the answers before them
  base::Nanoseconds held_longest{0};
};

class Pairing {
 public:
  static constexpr std::size_t targets_max = sides_max;
  static constexpr std::size_t waiting_max = 1000;  // requests that wait for one before them in their session

  // Number of the request from 0, its place in the script, the answers in the order of the targets.
  using Witness = std::function<void(std::uint64_t number, std::size_t place, std::span<const Answer> answers)>;

  Pairing(wire::IoContext& io, const base::Clock& clock, std::vector<PairingTarget> targets, PairingOptions options,
          const Script& script);
  ~Pairing();

  // All requests of the script; completes when the last has been answered.
  base::Task<> run(Witness witness);

  // One request now, to all targets; while no run() is under way. A visit is a set of clients of its own: requests that send
  // values of earlier answers get those of their visit.
  base::Task<std::vector<Answer>> ask(std::size_t place, std::uint64_t visit);
  std::uint64_t new_visit() { return ++visits_; }

  // Whether it sends what an earlier answer gave.
  bool depends(std::size_t place) const;

  // Gives back all connections; call it once, at the end, while nothing else is under way.
  base::Task<> close();

  // Sends no more, cuts what is under way.
  void stop();
  bool stopped() const { return stopped_; }

  const PairingTiming& timing() const { return timing_; }
  // Of what was sent to the n-th target; null without links.
  const LinkCounts* links_of(std::size_t target) const;

 private:
  class Side;
  struct Due {
    Shot shot;
    std::size_t place = 0;
    base::Time intended{};  // zero: there is no pacing
  };
  struct Session {
    bool busy = false;
    std::deque<Due> waiting;
  };

  base::Task<> admit(Due due, const Witness& witness);
  base::Task<> work(Due due, const Witness& witness);
  base::Task<std::vector<Answer>> trio(const Shot& shot);
  Shot shot_of(std::size_t place) const;
  std::uint64_t session_of(std::size_t place) const;
  base::Task<> room();

  const base::Clock& clock_;
  PairingOptions options_;
  const Script& script_;
  std::vector<std::unique_ptr<Side>> sides_;
  wire::Pause due_;
  wire::Pause room_;
  base::TaskGroup group_;
  std::unordered_map<std::uint64_t, Session> sessions_;
  PairingTiming timing_;
  base::Time room_since_{};  // there was none before
  std::size_t under_way_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t visits_ = std::uint64_t{1} << 40;  // beyond every loop
  bool stopped_ = false;
};

}  // namespace stormproof::replay
