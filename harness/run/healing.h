// Healing: undoing what a journal says, and a small process that does so when the harness is gone.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::run {

struct Healed {
  std::vector<std::string> undone;  // in words
  std::vector<std::string> failed;
  bool clean() const { return failed.empty(); }
};

// Undoes all that is pending, the last one first; what cannot be undone stays pending. An empty journal is taken away.
base::Result<Healed> heal(const std::string& journal);

// Waits until the process has ended, then heals. The watchdog's whole life.
base::Result<Healed> heal_after(pid_t harness, const std::string& journal);

// Starts `PROGRAM heal --watch PID JOURNAL` in a session of its own, so that what ends this process does not end it.
// It ends by itself after this process does.
base::Result<pid_t> start_watchdog(const std::string& program, const std::string& journal);

}  // namespace stormproof::run
