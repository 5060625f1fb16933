// Answerer: plays an upstream or a candidate: every connection of a support::RawServer.
//
// It answers as targets ask, or as it likes (then it misbehaves on its own account). What it is sent must be requests of
// the soak, whole and undamaged: it counts what is not. Any number of threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "tests/soak/messages.h"

namespace stormproof::soak {

class Answerer {
 public:
  enum class Mood : std::uint8_t { obedient, wilful };
  Answerer(std::uint64_t seed, Mood mood) : seed_(seed), mood_(mood) {}

  void play(support::RawConnection& peer);

  std::uint64_t strange() const { return strange_; }  // that nobody asks, or with a body that nobody sends

 private:
  struct Request;
  bool take(support::RawConnection& peer, Dice& dice, Request& request);
  bool take_body(support::RawConnection& peer, Request& request);
  bool answer(support::RawConnection& peer, Dice& dice, const Request& request);
  static bool answer_slowly(support::RawConnection& peer, Dice& dice, const std::string& text);

  std::uint64_t seed_;
  Mood mood_;
  std::atomic<std::uint64_t> connections_ = 0;
  std::atomic<std::uint64_t> strange_ = 0;
};

}  // namespace stormproof::soak
