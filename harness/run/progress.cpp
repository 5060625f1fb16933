#include "harness/run/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <string_view>

#include "harness/base/units.h"

namespace stormproof::run {
namespace {

constexpr std::string_view to_line_start = "\r\x1b[K";
constexpr int bar_cells = 20;

double seconds(base::Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

}  // namespace

void Progress::begin(base::Time now, const std::string& phase, base::Nanoseconds lasting, const LiveCounts& counts) {
  phase_ = phase;
  since_ = now;
  lasting_ = lasting;
  sent_before_ = counts.sent;
  failed_before_ = counts.failed;
  calls_before_ = counts.calls;
  faults_before_ = counts.faults;
  update(now, counts);
}

std::string Progress::line(base::Time now, const LiveCounts& counts) const {
  const double elapsed = std::max(seconds(now - since_), 0.001);
  const std::uint64_t sent = counts.sent - sent_before_;
  const double failed = sent == 0 ? 0 : static_cast<double>(counts.failed - failed_before_) / static_cast<double>(sent);
  return fmt::format("{:<18} {:>4.0f}/{:.0f} s  {:>8} requests ({}), {} failed  {:>6} calls to dependencies, {} faults",
                     phase_, std::min(elapsed, seconds(lasting_)), seconds(lasting_), sent,
                     base::format_rate(static_cast<double>(sent) / elapsed), base::format_percent(failed),
                     counts.calls - calls_before_, counts.faults - faults_before_);
}

void Progress::update(base::Time now, const LiveCounts& counts) {
  if (!live_) return;
  const double share = lasting_.count() == 0 ? 1 : std::clamp(seconds(now - since_) / seconds(lasting_), 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(share * bar_cells);
  out_ << to_line_start << '[' << std::string(filled, '#') << std::string(bar_cells - filled, '.') << "] "
       << line(now, counts) << std::flush;
}

void Progress::end(base::Time now, const LiveCounts& counts) {
  wipe();
  out_ << "  " << line(now, counts) << "\n" << std::flush;
}

void Progress::say(const std::string& sentence) {
  wipe();
  out_ << sentence << "\n" << std::flush;
}

void Progress::wipe() {
  if (live_) out_ << to_line_start;
}

bool terminal_is_live() {
  const char* const term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && std::getenv("CI") == nullptr && term != nullptr &&
         std::string_view(term) != "dumb";
}

bool terminal_has_colour() {
  const char* const refused = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0');
}

}  // namespace stormproof::run
