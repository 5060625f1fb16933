// Opening: what goes wrong while a client opens its connection: the relay is late, refuses, or never says a word.
//
// The kernel has accepted already; what the client meets is a connection on which nothing happens for a while, or a reset as
// soon as it is there. A delay and a hang meet connections that are opened while the fault stands, and end when it is
// withdrawn; a refusal resets those that live as well, as a dependency that goes away does.
#pragma once

#include <memory>
#include <string_view>

#include "faults/distribution.h"

namespace stormproof::faults {

class Obstacle;
struct Chance;

struct Opening {
  static constexpr std::string_view type = "open";
  static constexpr std::string_view about =
      "While a client opens its connection: the relay is late, refuses it with a reset, or hangs.";

  Distribution delay = {};
  bool refuse = false;
  bool hang = false;

  base::Result<void> check() const;
  // `fresh`: the connection has just been opened. It stands on what the client sends. nullptr: it has nothing to do here.
  std::unique_ptr<Obstacle> obstacle(Chance chance, bool fresh) const;

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.distribution("delay", self.delay, "before anything that the client sends is read");
    visit.flag("refuse", self.refuse, "then reset the client; connections that live already are reset at once");
    visit.flag("hang", self.hang, "read nothing while the fault stands");
  }
  bool operator==(const Opening&) const = default;
};

}  // namespace stormproof::faults
