#include "replay/hdr_log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "replay/hdr.h"
#include "tests/support/temp_dir.h"

namespace stormproof::replay {
namespace {

using std::chrono::milliseconds;

constexpr base::Time start{std::chrono::seconds(1'700'000'000)};

events::Exchange ended(milliseconds at, events::Outcome outcome = events::Outcome::answered) {
  events::Exchange exchange;
  exchange.outcome = outcome;
  exchange.end = start + at;
  exchange.start = exchange.end - milliseconds(10);
  exchange.intended = exchange.start - milliseconds(2);
  return exchange;
}

TEST(HdrLog, EachRequestIsInTheIntervalOfItsEnd) {
  const support::TempDir dir;
  const std::string path = dir.path() / "a.hlog";
  auto log = HdrLog::open(path, start);
  ASSERT_TRUE(log);
  for (const int at : {20, 500, 999, 1000, 5'000'500}) log->add(ended(milliseconds(at)));
  log->add(ended(milliseconds(5'000'600), events::Outcome::reset));
  log->add(ended(milliseconds(5'000'600), events::Outcome::held_off));
  ASSERT_TRUE(log->finish());
  std::map<std::string, std::vector<std::uint64_t>> counts;
  std::vector<std::string> begins;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#') || line.starts_with('"')) continue;
    std::string tag;
    if (line.starts_with("Tag=")) {
      tag = line.substr(4, line.find(',') - 4);
      line.erase(0, line.find(',') + 1);
    } else {
      begins.push_back(line.substr(0, line.find(',')));
    }
    const auto histogram = decode_hdr(line.substr(line.rfind(',') + 1));
    ASSERT_TRUE(histogram) << line;
    counts[tag].push_back(histogram->total());
    EXPECT_NEAR(static_cast<double>(histogram->max()), tag.empty() ? 12e6 : tag == "from-sent" ? 10e6 : 2e6, 12e3);
  }
  EXPECT_EQ(begins, (std::vector<std::string>{"0.000", "1.000", "5000.000"})) << "no line where nothing ended";
  EXPECT_EQ(counts[""], (std::vector<std::uint64_t>{3, 1, 1}));
  EXPECT_EQ(counts["from-sent"], (std::vector<std::uint64_t>{3, 1, 1}));
  EXPECT_EQ(counts["schedule-error"], (std::vector<std::uint64_t>{3, 1, 2})) << "what failed had been sent";
}

TEST(HdrLog, WhatCannotBeWrittenIsTold) { EXPECT_FALSE(HdrLog::open("/nowhere/at/all.hlog", start)); }

}  // namespace
}  // namespace stormproof::replay
