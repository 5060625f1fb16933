// Pairing: the same requests to all targets, side by side.
//
// Each request goes to every target at the same moment, in an order drawn by the seed, so that no target is always first. The next
// request of a recorded session (or connection, where no session is known) waits for the answers to the one before;
// other sessions do not wait. Without a pacing the next begins when there is room for it (`at_once`, closed loop, equal for
// all targets); with one, when its instant has come and there is room. Nothing is kept of an answer but by the witness.
// One io_context, one thread; script and witness outlive it.
#pragma once

#include <array>
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
#include "harness/base/task_group.h"
#include "harness/events/event.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/pause.h"
#include "harness/wire/upstream_pool.h"
#include "replay/answer.h"
#include "replay/pacing.h"
#include "replay/script.h"

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
};

class Pairing {
 public:
  static constexpr std::size_t targets_max = 3;
  // In which order the targets get their request of this number: a function of the seed, every order as likely.
  static std::array<std::size_t, targets_max> order_of(std::uint64_t seed, std::uint64_t number, std::size_t targets);
  static constexpr std::size_t waiting_max = 1000;  // requests that wait for one before them in their session

  // Number of the request from 0, its place in the script, the answers in the order of the targets.
  using Witness = std::function<void(std::uint64_t number, std::size_t place, std::span<const Answer> answers)>;

  Pairing(wire::IoContext& io, const base::Clock& clock, std::vector<PairingTarget> targets, PairingOptions options,
          const Script& script);

  // All requests of the script; completes when the last has been answered.
  base::Task<> run(Witness witness);

  // One request now, to all targets; while no run() is under way.
  base::Task<std::vector<Answer>> ask(std::size_t place);

  // Gives back all connections; call it once, at the end, while nothing else is under way.
  base::Task<> close();

  // Sends no more, cuts what is under way.
  void stop();
  bool stopped() const { return stopped_; }

 private:
  struct Session {
    bool busy = false;
    std::deque<std::pair<std::uint64_t, std::size_t>> waiting;
  };

  base::Task<> work(std::uint64_t number, std::size_t place, const Witness& witness);
  base::Task<std::vector<Answer>> trio(std::uint64_t number, std::size_t place);
  base::Task<> call(std::size_t target, std::size_t place, Answer& answer);
  std::uint64_t session_of(std::size_t place) const;
  base::Task<> room();

  const base::Clock& clock_;
  PairingOptions options_;
  const Script& script_;
  wire::Deadlines deadlines_;
  std::vector<std::unique_ptr<wire::UpstreamPool>> pools_;
  wire::Pause due_;
  wire::Pause room_;
  base::TaskGroup group_;
  std::unordered_map<std::uint64_t, Session> sessions_;
  std::size_t under_way_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t asked_ = 0;
  bool stopped_ = false;
};

}  // namespace stormproof::replay
