#include "replay/hdr.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "harness/base/seed.h"
#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

using std::chrono::milliseconds;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

base::Histogram some() {
  base::Histogram histogram;
  for (std::uint64_t i = 0; i < 10'000; ++i)
    histogram.add(base::Nanoseconds(static_cast<std::int64_t>(base::draw(1, "hdr", i) >> (20 + i % 40))));
  return histogram;
}

TEST(Hdr, WhatIsWrittenIsReadBack) {
  for (const base::Histogram& histogram : {some(), base::Histogram()}) {
    const HdrCounts counts = hdr_counts(histogram);
    EXPECT_EQ(counts.total(), histogram.count());
    const auto read = decode_hdr(encode_hdr(counts));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, counts);
  }
}

TEST(Hdr, OurBucketsAreHdrHistograms) {
  const base::Histogram histogram = some();
  const HdrCounts counts = hdr_counts(histogram);
  EXPECT_EQ(counts.sub_buckets(), 2048);
  EXPECT_EQ(counts.buckets(), 32);
  EXPECT_EQ(histogram.buckets().size(), 33u * 1024);
  for (const std::size_t i : {0U, 2047U, 2048U, 5000U, 33'791U}) {
    EXPECT_EQ(counts.lowest_of(i), base::Histogram::lowest_of(i)) << i;
    EXPECT_EQ(counts.highest_of(i), base::Histogram::highest_of(i)) << i;
  }
}

TEST(Hdr, WhatIsNoHistogramIsRefused) {
  const std::string good = encode_hdr(hdr_counts(some()));
  EXPECT_TRUE(decode_hdr(good));
  for (const std::string& bad : {std::string(), std::string("HIST"), std::string("!!!!"), good.substr(0, 40),
                                 "A" + good.substr(1), good.substr(0, good.size() / 2)})
    EXPECT_FALSE(decode_hdr(bad)) << bad.substr(0, 20);
}

// 62 histograms of jHiccup (two digits, from 20 us), added up in one of three digits as HdrHistogram's own test does, with
// what that expects: each count at the lowest value of its bucket.
TEST(Hdr, TheLogOfTheCorporaIsReadExactlyAndWrittenAsItWas) {
  if (!corpora()) GTEST_SKIP() << "the corpora are not there";
  std::istringstream log(text_of(*corpora() / "other/hdrhistogram/jHiccup-2.0.7S.logV2.hlog"));
  base::Histogram accumulated;
  int histograms = 0;
  for (std::string line; std::getline(log, line);) {
    if (line.starts_with('#') || line.starts_with('"')) continue;
    if (line.ends_with('\r')) line.pop_back();
    const std::string encoded = line.substr(line.rfind(',') + 1);
    const auto counts = decode_hdr(encoded);
    ASSERT_TRUE(counts) << counts.error().message;
    const auto again = decode_hdr(encode_hdr(*counts));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *counts);
    ++histograms;
    for (std::size_t i = 0; i < counts->counts.size(); ++i) {
      for (std::int64_t n = 0; n < counts->counts[i]; ++n) accumulated.add(base::Nanoseconds(counts->lowest_of(i)));
    }
    const double written = std::stod(line.substr(0, line.rfind(',')).substr(line.rfind(',', line.rfind(',') - 1) + 1));
    EXPECT_NEAR(static_cast<double>(counts->max()) / 1e6, written, 0.0006) << "the column says the same";
  }
  EXPECT_EQ(histograms, 62);
  const HdrCounts sum = hdr_counts(accumulated);
  EXPECT_EQ(sum.total(), 48761u);
  EXPECT_EQ(sum.value_at(99.9), 1745879039);
  EXPECT_EQ(sum.max(), 1796210687);
}

// The cumulated counts of a table say all that a table says: read into a histogram it must come out as it was.
TEST(Hdr, TheTablesOfTheCorporaComeOutByteForByte) {
  if (!corpora()) GTEST_SKIP() << "the corpora are not there";
  for (const std::string name :
       {"percentiles__12Krps", "percentiles__12Krps_CO", "percentiles__16Krps", "percentiles__16Krps_CO"}) {
    const std::string text = text_of(*corpora() / "other/hdrhistogram" / name);
    std::istringstream lines(text);
    HdrCounts counts;
    std::uint64_t before = 0;
    for (std::string line; std::getline(lines, line);) {
      double value = 0, share = 0;
      std::uint64_t seen = 0;
      std::istringstream row(line);
      if (!(row >> value >> share >> seen) || seen == before) continue;
      const auto nanoseconds = std::llround(value * 1000);
      std::size_t index = 0;
      while (counts.highest_of(index) < nanoseconds) ++index;
      ASSERT_EQ(counts.highest_of(index), nanoseconds) << name << ": " << line;
      counts.counts.resize(std::max(counts.counts.size(), index + 1));
      counts.counts[index] += static_cast<std::int64_t>(seen - before);
      before = seen;
    }
    const std::string ours = percentile_table(counts, {}, 1000);
    const auto rows = [](const std::string& table) { return table.substr(0, table.find("#[")); };
    EXPECT_EQ(rows(ours), rows(text)) << name;
  }
}

TEST(Hdr, TheLogHasItsHeadAndALineAnInterval) {
  const std::string head = hdr_log_head(base::Time(milliseconds(1'441'812'279'474)));
  EXPECT_TRUE(
      head.contains("#[Histogram log format version 1.3]\n#[StartTime: 1441812279.474 (seconds since epoch), "));
  base::Histogram histogram;
  histogram.add(milliseconds(250));
  const std::string line = hdr_log_line("schedule-error", milliseconds(1500), milliseconds(1000), histogram);
  EXPECT_TRUE(line.starts_with("Tag=schedule-error,1.500,1.000,250.000,HISTFAAA")) << line;
  EXPECT_TRUE(line.ends_with('\n'));
  EXPECT_TRUE(hdr_log_line("", {}, {}, histogram).starts_with("0.000,0.000,250.000,HISTFAAA"));
}

TEST(Hdr, ATableOfOursSaysMeanMaximumAndCount) {
  base::Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(milliseconds(i));
  const std::string table = percentile_table(histogram);
  EXPECT_TRUE(table.contains("inf\n#[Mean    =      500.500, StdDeviation   =")) << table;
  EXPECT_TRUE(table.contains("#[Max     =     1000.000, Total count    =         1000]\n"));
}

}  // namespace
}  // namespace stormproof::replay
