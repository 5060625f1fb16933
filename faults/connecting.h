// Connecting: what goes wrong before a connection to the upstream is there.
//
// Unlike the faults on bytes it acts once, before the relay connects: it waits, then goes on, refuses (the client is reset
// and the upstream is not called) or hangs until the fault is withdrawn or the client gives up. The client's own
// connection to the relay stands: its kernel made it. `stormproof proxy` can also refuse at the listener.
#pragma once

#include "faults/distribution.h"

namespace stormproof::faults {

struct Connecting {
  static constexpr std::string_view type = "connect";
  static constexpr std::string_view about =
      "Before the upstream is called: a delay, then it goes on, is refused, or hangs.";

  Distribution delay = {};
  bool refuse = false;
  bool hang = false;

  base::Result<void> check() const {
    if (refuse && hang) return base::fail("'refuse' and 'hang' exclude each other");
    return delay.check();
  }

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.distribution("delay", self.delay, "before the relay connects");
    visit.flag("refuse", self.refuse, "then reset the client");
    visit.flag("hang", self.hang, "never connect while the fault stands");
  }
  bool operator==(const Connecting&) const = default;
};

}  // namespace stormproof::faults
