#include "reports/timeline_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/units.h"

namespace stormproof::reports {
namespace {

constexpr Nanoseconds seconds_read_well_to = std::chrono::minutes(10);

double seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

// What happens often is counted, not told one by one.
bool is_counted(MomentKind kind) {
  return kind == MomentKind::probe || kind == MomentKind::reopened || kind == MomentKind::leak;
}

std::string describe(const Timeline& line, const TimelineLane& lane) {
  std::string words = fmt::format(" {}:", lane.what);
  for (const TimelineMoment& moment : lane.moments) {
    if (!is_counted(moment.kind)) words += fmt::format(" {} at {};", moment.what, clock_of(line, moment.at));
  }
  const auto of = [&](MomentKind kind) { return std::ranges::count(lane.moments, kind, &TimelineMoment::kind); };
  return words + fmt::format(" {} probes, {} leaked calls.", of(MomentKind::probe), of(MomentKind::leak));
}

}  // namespace

std::string clock_text(const Timeline& line, double at) {
  if (line.end - line.begin <= seconds_read_well_to) return fmt::format("{:.1f} s", at);
  const auto whole = static_cast<std::int64_t>(at);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string clock_of(const Timeline& line, Time at) {
  return clock_text(line, seconds(std::clamp(at, line.begin, line.end) - line.begin));
}

double rate_of(const Timeline& line, std::uint64_t count, std::size_t bin) {
  return static_cast<double>(count) / seconds(line.end_of(bin) - line.begin_of(bin));
}

std::string describe(const Timeline& line) {
  std::string words = fmt::format("The run took {}.", base::format_duration(line.end - line.begin));
  for (const TimelineWindow& phase : line.phases) {
    words += fmt::format(" Phase {}: {} to {}.", phase.what, clock_of(line, phase.begin), clock_of(line, phase.end));
  }
  for (const TimelineWindow& fault : line.faults) {
    words +=
        fmt::format(" Faults from {} to {}: {}.", clock_of(line, fault.begin), clock_of(line, fault.end), fault.what);
  }
  for (const TimelineLane& lane : line.lanes) words += describe(line, lane);
  return words;
}

std::string describe(const Timeline& line, std::size_t bin) {
  const TimelineBin& in = line.bins[bin];
  std::string words = fmt::format("{}: {:.0f} requests/s, {} failed", clock_of(line, line.begin_of(bin)),
                                  rate_of(line, in.good + in.failed, bin), in.failed);
  for (std::size_t i = 0; i < in.calls.size(); ++i) {
    words += fmt::format(", {} calls to {}", in.calls[i], line.dependencies[i]);
  }
  if (in.p99) words += ", p99 " + base::format_duration(*in.p99);
  return words;
}

}  // namespace stormproof::reports
