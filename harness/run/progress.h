// Progress: one line on a terminal that says where a run is; plain lines at each phase where there is no terminal.
#pragma once

#include <iosfwd>
#include <string>

#include "harness/base/clock.h"
#include "harness/run/live.h"

namespace stormproof::run {

class Progress {
 public:
  // `live`: rewrite the line as time goes by. Without it only begin() and say() print.
  Progress(std::ostream& out, bool live) : out_(out), live_(live) {}

  // A phase of this length begins.
  void begin(base::Time now, const std::string& phase, base::Nanoseconds lasting, const LiveCounts& counts);
  void update(base::Time now, const LiveCounts& counts);
  // Ends the line of the phase.
  void end(base::Time now, const LiveCounts& counts);
  void say(const std::string& sentence);

 private:
  std::string line(base::Time now, const LiveCounts& counts) const;
  void wipe();

  std::ostream& out_;
  bool live_;
  std::string phase_;
  base::Time since_{};
  base::Nanoseconds lasting_{0};
  std::uint64_t sent_before_ = 0;
  std::uint64_t failed_before_ = 0;
  std::uint64_t calls_before_ = 0;
  std::uint64_t faults_before_ = 0;
};

// Standard error is a terminal that can rewrite a line, and neither CI nor TERM=dumb says otherwise.
bool terminal_is_live();

// Standard output is a terminal, and NO_COLOR does not say otherwise.
bool terminal_has_colour();

}  // namespace stormproof::run
