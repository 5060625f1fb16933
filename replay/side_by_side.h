// Side by side: the same shots at the same instants to several senders.
//
// In an order drawn for each shot by the seed, so that no target is always first: what is sent second is sent a little later, and
// is read while the first is. Each sender is in open loop for itself: one whose target is slow delays no other.
// The senders are on the loop of this, on one thread, and outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "replay/schedule.h"
#include "replay/sender.h"

namespace stormproof::replay {

inline constexpr std::size_t sides_max = 3;

// In which order so many targets get the request of this number: a function of the seed, every order as likely.
std::array<std::size_t, sides_max> order_of(std::uint64_t seed, std::uint64_t number, std::size_t targets);

class SideBySide {
 public:
  // At most sides_max senders. Shots for the n-th one carry their trace id on side n (trace_side.h).
  SideBySide(wire::IoContext& io, const base::Clock& clock, std::vector<Sender*> senders, std::uint64_t seed,
             bool precise);

  // Completes when the last shot has its answer, or its failure, at every target.
  base::Task<> send(ShotSource& source, base::Time begin);

  void finish();  // sends no more; what is under way may still be answered
  void stop();    // and cuts that

 private:
  void take(const Shot& shot, base::Time intended);

  Schedule schedule_;
  std::vector<Sender*> senders_;
  std::uint64_t seed_;
};

}  // namespace stormproof::replay
