// Timeline: the run cut into equal stretches of time, for the eye.
//
// At most `timeline_bins_max` bins of a round width from the first event to the last (the last bin reaches to the end
// and may be half as long or as long again); a request counts in the bin of its intended send time, a call in that of
// its start. With it the windows of phases and faults and, a lane for each expectation, the instants that its findings
// rest on. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/run_record.h"
#include "reports/traffic_stats.h"

namespace stormproof::reports {

inline constexpr std::size_t timeline_bins_max = 120;
inline constexpr std::size_t timeline_dependencies_max = 4;  // by name; the calls of further ones are not drawn
inline constexpr std::size_t timeline_lanes_max = 4;

struct TimelineBin {
  std::uint64_t good = 0;  // requests to the candidate
  std::uint64_t failed = 0;
  std::vector<std::uint64_t> calls;  // by Timeline::dependencies
  std::optional<Nanoseconds> p99;    // nothing: no request, or it has no answer
};

struct TimelineWindow {
  Time begin{};
  Time end{};
  std::string what;  // the phase, or the faults that were on
};

// A reopening comes with the probe that failed, and is told by it.
enum class MomentKind : std::uint8_t { opened, reopened, probe, closed, leak, other };

struct TimelineMoment {
  Time at{};
  MomentKind kind = MomentKind::other;
  std::string what;
};

struct TimelineLane {
  std::string what;                     // "circuit-breaker on payments"
  std::vector<TimelineMoment> moments;  // in order of time
};

struct Timeline {
  Time begin{};
  Time end{};
  Nanoseconds bin_width{0};
  std::vector<TimelineBin> bins;  // none: nothing happened
  std::vector<std::string> dependencies;
  std::vector<TimelineWindow> phases;
  std::vector<TimelineWindow> faults;
  std::vector<TimelineLane> lanes;

  Time begin_of(std::size_t bin) const { return begin + bin_width * static_cast<std::int64_t>(bin); }
  Time end_of(std::size_t bin) const { return bin + 1 >= bins.size() ? end : begin_of(bin + 1); }
};

// By the words that verdicts use: "opened", "reopened", "probe", "closed", "leaked call".
MomentKind kind_of_moment(std::string_view what);

Timeline timeline(const RunRecord& record);

}  // namespace stormproof::reports
