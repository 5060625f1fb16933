#include "replay/hdr.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <optional>

#include "harness/base/units.h"

namespace stormproof::replay {
namespace {

constexpr std::uint32_t payload_cookie = 0x1c849313;     // V2, counts of variable length
constexpr std::uint32_t compressed_cookie = 0x1c849314;  // the same, in zlib
constexpr std::size_t payload_bytes_max = 64 << 20;
constexpr std::size_t payload_head_bytes = 40;
constexpr std::size_t counts_max = 8 << 20;

template <typename T>
void put(std::string& out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xff);
}

template <typename T>
T get(std::string_view& in) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8 | static_cast<unsigned char>(in[i]));
  in.remove_prefix(sizeof(T));
  return value;
}

// ZigZag, then LEB128 whose ninth byte holds eight bits.
void put_count(std::string& out, std::int64_t count) {
  auto value = static_cast<std::uint64_t>(count) << 1 ^ static_cast<std::uint64_t>(count >> 63);
  for (int i = 0; i < 8 && value > 0x7f; ++i, value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::int64_t> get_count(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 9; ++i) {
    if (in.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(i == 8 ? byte : byte & 0x7f) << (7 * i);
    if (i == 8 || byte < 0x80) break;
  }
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : alphabet[three >> (18 - 6 * k) & 63];
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == alphabet.npos) return std::nullopt;
    held = held << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xff);
  }
  return bytes;
}

std::string deflated(std::string_view raw) {
  uLongf length = ::compressBound(raw.size());
  std::string out(length, '\0');
  ::compress2(reinterpret_cast<Bytef*>(out.data()), &length, reinterpret_cast<const Bytef*>(raw.data()), raw.size(),
              Z_DEFAULT_COMPRESSION);
  out.resize(length);
  return out;
}

std::optional<std::string> inflated(std::string_view packed) {
  for (std::size_t room = 64 * 1024; room <= payload_bytes_max; room *= 4) {
    std::string out(room, '\0');
    uLongf length = room;
    const int code = ::uncompress(reinterpret_cast<Bytef*>(out.data()), &length,
                                  reinterpret_cast<const Bytef*>(packed.data()), packed.size());
    if (code == Z_BUF_ERROR) continue;
    if (code != Z_OK) return std::nullopt;
    out.resize(length);
    return out;
  }
  return std::nullopt;
}

base::Result<std::vector<std::int64_t>> read_counts(std::string_view in) {
  std::vector<std::int64_t> counts;
  while (!in.empty()) {
    const auto count = get_count(in);
    if (!count) return base::fail("a count of the histogram is cut off");
    const std::uint64_t zeros = *count < 0 ? ~static_cast<std::uint64_t>(*count) + 1 : 0;
    if (zeros > counts_max - counts.size() || counts.size() >= counts_max)
      return base::fail("the histogram has too many counts");
    if (*count < 0) counts.resize(counts.size() + zeros);
    else counts.push_back(*count);
  }
  while (!counts.empty() && counts.back() == 0) counts.pop_back();
  return counts;
}

}  // namespace

int HdrCounts::sub_buckets() const {
  const auto largest = static_cast<std::uint64_t>(2 * std::pow(10, digits));
  return static_cast<int>(std::bit_ceil(largest));
}

int HdrCounts::unit_magnitude() const {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(lowest))) - 1;
}

int HdrCounts::buckets() const {
  std::uint64_t untrackable = static_cast<std::uint64_t>(sub_buckets()) << unit_magnitude();
  int count = 1;
  for (; untrackable <= static_cast<std::uint64_t>(highest); untrackable <<= 1) {
    ++count;
    if (untrackable > std::uint64_t{1} << 62) break;
  }
  return count;
}

std::int64_t HdrCounts::lowest_of(std::size_t index) const {
  const auto half = static_cast<std::size_t>(sub_buckets()) / 2;
  const std::size_t bucket = index < 2 * half ? 0 : index / half - 1;
  const std::size_t sub = index - bucket * half;
  return static_cast<std::int64_t>(sub << (bucket + static_cast<std::size_t>(unit_magnitude())));
}

std::int64_t HdrCounts::highest_of(std::size_t index) const { return lowest_of(index + 1) - 1; }

std::uint64_t HdrCounts::total() const {
  std::uint64_t sum = 0;
  for (const std::int64_t count : counts) sum += static_cast<std::uint64_t>(count);
  return sum;
}

std::int64_t HdrCounts::value_at(double percentile) const {
  const auto all = static_cast<double>(total());
  const auto wanted =
      std::max<std::uint64_t>(static_cast<std::uint64_t>(std::llround(std::min(percentile, 100.0) / 100 * all)), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    seen += static_cast<std::uint64_t>(counts[i]);
    if (seen >= wanted) return highest_of(i);
  }
  return 0;
}

std::int64_t HdrCounts::max() const {
  std::size_t last = counts.size();
  while (last > 0 && counts[last - 1] == 0) --last;
  return last == 0 ? 0 : highest_of(last - 1);
}

HdrCounts hdr_counts(const base::Histogram& histogram) {
  HdrCounts counts;
  for (const std::uint64_t count : histogram.buckets()) counts.counts.push_back(static_cast<std::int64_t>(count));
  while (!counts.counts.empty() && counts.counts.back() == 0) counts.counts.pop_back();
  return counts;
}

std::string hdr_payload(const HdrCounts& counts) {
  std::string body;
  for (std::size_t i = 0; i < counts.counts.size();) {
    if (counts.counts[i] != 0) {
      put_count(body, counts.counts[i++]);
      continue;
    }
    std::int64_t zeros = 0;
    for (; i < counts.counts.size() && counts.counts[i] == 0; ++i) ++zeros;
    put_count(body, zeros == 1 ? 0 : -zeros);
  }
  std::string payload;
  put(payload, payload_cookie);
  put(payload, static_cast<std::uint32_t>(body.size()));
  put(payload, std::uint32_t{0});  // no shift of the indexes
  put(payload, static_cast<std::uint32_t>(counts.digits));
  put(payload, static_cast<std::uint64_t>(counts.lowest));
  put(payload, static_cast<std::uint64_t>(counts.highest));
  put(payload, std::bit_cast<std::uint64_t>(1.0));  // one unit is one unit
  return payload + body;
}

std::string encode_hdr(const HdrCounts& counts) {
  const std::string packed = deflated(hdr_payload(counts));
  std::string out;
  put(out, compressed_cookie);
  put(out, static_cast<std::uint32_t>(packed.size()));
  return to_base64(out + packed);
}

base::Result<HdrCounts> decode_hdr(std::string_view base64) {
  const auto bytes = from_base64(base64);
  if (!bytes || bytes->size() < 8) return base::fail("the histogram is not base64");
  std::string_view in = *bytes;
  if (get<std::uint32_t>(in) != compressed_cookie) return base::fail("the histogram is not in the V2 encoding");
  const auto length = get<std::uint32_t>(in);
  if (length > in.size()) return base::fail("the histogram is cut off");
  const auto payload = inflated(in.substr(0, length));
  if (!payload || payload->size() < payload_head_bytes) return base::fail("the histogram cannot be decompressed");
  in = *payload;
  if (get<std::uint32_t>(in) != payload_cookie) return base::fail("the histogram has another encoding inside");
  const auto counts_bytes = get<std::uint32_t>(in);
  const auto shift = get<std::uint32_t>(in);
  HdrCounts counts;
  counts.digits = static_cast<int>(get<std::uint32_t>(in));
  counts.lowest = static_cast<std::int64_t>(get<std::uint64_t>(in));
  counts.highest = static_cast<std::int64_t>(get<std::uint64_t>(in));
  in.remove_prefix(sizeof(double));
  if (shift != 0 || counts.digits < 1 || counts.digits > 5 || counts.lowest < 1 || counts.highest < counts.lowest)
    return base::fail("the histogram has parameters that none has");
  if (counts_bytes > in.size()) return base::fail("the histogram is cut off");
  auto read = read_counts(in.substr(0, counts_bytes));
  if (!read) return std::unexpected(read.error());
  counts.counts = std::move(*read);
  return counts;
}

// The steps are those of HdrHistogram's percentile iterator: as many a halving of what is left above.
std::string percentile_table(const HdrCounts& counts, const HdrSummary& summary, double scale, int ticks) {
  std::string text =
      fmt::format("{:>12} {:>12} {:>12} {:>12}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  const auto line = [&](std::int64_t value, double percentile, std::uint64_t seen) {
    const double share = percentile / 100;
    fmt::format_to(std::back_inserter(text), "{:12.3f} {:12.6f} {:12} ", static_cast<double>(value) / scale, share,
                   seen);
    if (share < 1) fmt::format_to(std::back_inserter(text), "{:12.2f}\n", 1 / (1 - share));
    else text += "         inf\n";
  };
  const std::uint64_t all = counts.total();
  std::uint64_t seen = 0;
  double next = 0;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < counts.counts.size() && seen < all; ++i) {
    if (counts.counts[i] == 0) continue;
    seen += static_cast<std::uint64_t>(counts.counts[i]);
    last = counts.highest_of(i);
    while (next <= 100.0 * static_cast<double>(seen) / static_cast<double>(all)) {
      line(last, next, seen);
      const double halvings = std::floor(std::log(100 / (100 - next)) / std::log(2.0)) + 1;
      next += 100 / (ticks * std::pow(2.0, halvings));
      if (seen == all) break;
    }
  }
  if (all > 0) line(last, 100, seen);
  fmt::format_to(std::back_inserter(text), "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", summary.mean / scale,
                 summary.deviation / scale);
  fmt::format_to(std::back_inserter(text), "#[Max     = {:12.3f}, Total count    = {:12}]\n", summary.max / scale, all);
  fmt::format_to(std::back_inserter(text), "#[Buckets = {:12}, SubBuckets     = {:12}]\n", counts.buckets(),
                 counts.sub_buckets());
  return text;
}

std::string percentile_table(const base::Histogram& histogram, double scale) {
  const HdrSummary summary{static_cast<double>(histogram.mean().count()),
                           static_cast<double>(histogram.deviation().count()),
                           static_cast<double>(histogram.max().count())};
  return percentile_table(hdr_counts(histogram), summary, scale);
}

std::string hdr_log_head(base::Time start) {
  const double seconds = static_cast<double>(start.time_since_epoch().count()) / 1e9;
  return fmt::format(
      "#[Logged with stormproof]\n#[Histogram log format version 1.3]\n#[StartTime: {:.3f} (seconds since epoch), {}]\n"
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
      seconds, base::format_time(start));
}

std::string hdr_log_line(std::string_view tag, base::Nanoseconds since_start, base::Nanoseconds interval,
                         const base::Histogram& histogram) {
  const auto seconds = [](base::Nanoseconds ns) { return static_cast<double>(ns.count()) / 1e9; };
  return fmt::format("{}{:.3f},{:.3f},{:.3f},{}\n", tag.empty() ? "" : fmt::format("Tag={},", tag),
                     seconds(since_start), seconds(interval), static_cast<double>(histogram.max().count()) / 1e6,
                     encode_hdr(hdr_counts(histogram)));
}

}  // namespace stormproof::replay
