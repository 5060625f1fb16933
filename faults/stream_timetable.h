// StreamTimetable: puts the stream faults of a phase on a relay when their time comes, and takes them away when it is over.
//
// A fault stands from `after` on, for `lasting`. With a ramp its share grows from nothing to the whole within that time, in
// steps of `ramp_step`: who was hit stays hit, and more come to it. Time is an argument; nothing waits here. Ends with
// all its faults withdrawn.
#pragma once

#include <optional>
#include <vector>

#include "faults/stream_injector.h"

namespace stormproof::faults {

struct StreamRule {
  StreamFault fault;
  base::Nanoseconds after{0};  // the phase's begin
  std::optional<base::Nanoseconds> lasting = {};
  base::Nanoseconds ramp{0};

  // The share at so long after the begin; nothing: it does not stand.
  std::optional<double> share_at(base::Nanoseconds since) const;
};

class StreamTimetable {
 public:
  static constexpr base::Nanoseconds ramp_step = std::chrono::milliseconds(50);
  static constexpr base::Nanoseconds never = base::Nanoseconds::max();

  // The injector outlives it. The rules were checked.
  StreamTimetable(StreamInjector& injector, std::vector<StreamRule> rules);
  ~StreamTimetable();
  StreamTimetable(const StreamTimetable&) = delete;
  StreamTimetable& operator=(const StreamTimetable&) = delete;

  // Does what is due so long after the begin. Gives back when to call it again, counted from the begin too.
  base::Nanoseconds turn(base::Nanoseconds since);

 private:
  StreamInjector& injector_;
  std::vector<StreamRule> rules_;
};

}  // namespace stormproof::faults
