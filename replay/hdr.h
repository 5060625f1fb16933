// HDR: histograms as the tools around HdrHistogram exchange them: `.hlog` (one compressed histogram an interval) and `.hgrm`
// (percentiles as text).
//
// The encodings are HdrHistogram's: V2, ZigZag-LEB128 counts, zlib, base64; the percentile table is the one that its C library,
// wrk2 and the plotters write and read. Values are nanoseconds. Pure functions over bytes; what is read is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/base/histogram.h"

namespace stormproof::replay {

// Counts of any HdrHistogram, of whatever range and precision.
struct HdrCounts {
  std::int64_t lowest = 1;
  std::int64_t highest = base::Histogram::highest_trackable;
  int digits = base::Histogram::significant_digits;
  std::vector<std::int64_t> counts;  // by index of its layout; what follows the last one is 0
  bool operator==(const HdrCounts&) const = default;

  std::uint64_t total() const;
  std::int64_t value_at(double percentile) const;  // the highest equivalent one, as HdrHistogram says
  std::int64_t max() const;                        // the highest equivalent of the largest
  std::int64_t lowest_of(std::size_t index) const;
  std::int64_t highest_of(std::size_t index) const;
  int unit_magnitude() const;
  int sub_buckets() const;  // 2048 for 3 digits
  int buckets() const;
};

HdrCounts hdr_counts(const base::Histogram& histogram);

// "HISTFAAAA…": the V2 encoding, compressed, in base64.
std::string encode_hdr(const HdrCounts& counts);
base::Result<HdrCounts> decode_hdr(std::string_view base64);
// The same without compression and base64, for those who compare.
std::string hdr_payload(const HdrCounts& counts);

struct HdrSummary {
  double mean = 0;
  double deviation = 0;
  double max = 0;
};

// The table of percentiles; values are divided by `scale` (1e6: milliseconds).
std::string percentile_table(const HdrCounts& counts, const HdrSummary& summary, double scale, int ticks = 5);
std::string percentile_table(const base::Histogram& histogram, double scale = 1e6);

// The lines of a log, as they are appended to it.
std::string hdr_log_head(base::Time start);
std::string hdr_log_line(std::string_view tag, base::Nanoseconds since_start, base::Nanoseconds interval,
                         const base::Histogram& histogram);

}  // namespace stormproof::replay
