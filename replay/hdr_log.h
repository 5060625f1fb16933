// HdrLog: the latencies of a replay as a `.hlog`, an interval a line and kind, written as the replay goes.
//
// Without a tag from the intended send time; "from-sent" from the actual one; "schedule-error" what lies between. A request counts
// in the interval in which it ended. Memory: three histograms. What cannot be written is told at the end.
#pragma once

#include <fstream>
#include <string>

#include "harness/base/error.h"
#include "harness/base/histogram.h"
#include "harness/events/event.h"

namespace stormproof::replay {

class HdrLog {
 public:
  static constexpr std::chrono::seconds interval{1};

  // `start`: of the traffic. Replaces the file.
  static base::Result<HdrLog> open(const std::string& path, base::Time start);

  void add(const events::Exchange& exchange);
  base::Result<void> finish();

 private:
  explicit HdrLog(std::string path, base::Time start)
      : path_(std::move(path)), start_(start), begin_(start), end_(start) {}
  void write(base::Time until);

  std::string path_;
  std::ofstream out_;
  base::Time start_;
  base::Time begin_;  // of the interval under way
  base::Time end_;    // the latest end of a request
  base::Histogram latency_;
  base::Histogram from_sent_;
  base::Histogram schedule_error_;
};

}  // namespace stormproof::replay
