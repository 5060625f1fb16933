#include "replay/hdr_log.h"

#include <algorithm>
#include <cerrno>

#include "replay/hdr.h"

namespace stormproof::replay {

base::Result<HdrLog> HdrLog::open(const std::string& path, base::Time start) {
  HdrLog log(path, start);
  log.out_.open(path, std::ios::binary | std::ios::trunc);
  if (!log.out_) return base::fail_errno("cannot write " + path, errno);
  log.out_ << hdr_log_head(start);
  return log;
}

void HdrLog::add(const events::Exchange& exchange) {
  if (events::never_sent(exchange)) return;
  while (exchange.end >= begin_ + interval) {
    write(begin_ + interval);
    // A pause of hours is not a line a second.
    begin_ += interval * std::max<std::int64_t>((exchange.end - begin_) / interval, 1);
  }
  end_ = std::max(end_, exchange.end);
  schedule_error_.add(exchange.start - exchange.waited - exchange.intended);
  if (exchange.outcome != events::Outcome::answered) return;
  latency_.add(exchange.end - exchange.intended);
  from_sent_.add(exchange.end - exchange.start);
}

void HdrLog::write(base::Time until) {
  const auto line = [&](std::string_view tag, base::Histogram& histogram) {
    if (histogram.count() == 0) return;
    out_ << hdr_log_line(tag, begin_ - start_, until - begin_, histogram);
    histogram.clear();
  };
  line("", latency_);
  line("from-sent", from_sent_);
  line("schedule-error", schedule_error_);
}

base::Result<void> HdrLog::finish() {
  write(std::max(end_, begin_));
  out_.close();
  if (!out_) return base::fail("cannot write " + path_);
  return {};
}

}  // namespace stormproof::replay
