#include "replay/arrivals.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/replay/fixtures.h"
#include "tests/support/temp_dir.h"

namespace stormproof::replay {
namespace {

class ArrivalsTest : public testing::Test {
 protected:
  base::Result<std::vector<base::Time>> read(std::string_view text, std::string_view column = "") {
    const std::string path = dir_.path() / "trace.csv";
    std::ofstream(path) << text;
    return read_arrivals(path, column);
  }
  std::string error(std::string_view text, std::string_view column = "") {
    const auto times = read(text, column);
    return times ? "" : times.error().message.substr(times.error().message.find("trace.csv"));
  }

  support::TempDir dir_;
};

base::Time at(std::int64_t ns) { return base::Time(base::Nanoseconds(ns)); }

TEST_F(ArrivalsTest, DatesAndSecondsAreExactToTheNanosecond) {
  EXPECT_EQ(parse_arrival("1970-01-02 00:00:00.123456789"), at(86'400'123'456'789));
  EXPECT_EQ(parse_arrival("2023-11-16 18:17:03.9799600"), at(1'700'158'623'979'960'000));
  EXPECT_EQ(parse_arrival("2023-11-16T18:17:03Z"), at(1'700'158'623'000'000'000));
  EXPECT_EQ(parse_arrival("2023-11-16T18:17:03.5+00:00"), at(1'700'158'623'500'000'000));
  EXPECT_EQ(parse_arrival("12.5"), at(12'500'000'000));
  EXPECT_EQ(parse_arrival("1700158623.0000000019"), at(1'700'158'623'000'000'001));
  for (const std::string_view text : {"", "x", "-1", "1e9", "12.", ".5", "2023-13-16 18:17:03", "2023-02-30 18:17:03",
                                      "2023-11-16 18:17:3", "2023-11-16 25:17:03", "99999999999999999999"})
    EXPECT_FALSE(parse_arrival(text)) << text;
}

TEST_F(ArrivalsTest, AHeaderIsSeenAndTheColumnFound) {
  const std::vector<base::Time> expected = {at(1'000'000'000), at(2'500'000'000)};
  EXPECT_EQ(*read("name,TIMESTAMP\na,2.5\nb,1\n"), expected);
  EXPECT_EQ(*read("\xef\xbb\xbfTIMESTAMP,Tokens\r\n1,9\r\n2.5,3\r\n"), expected);
  EXPECT_EQ(*read("1\n\n# a remark\n2.5"), expected);
  EXPECT_EQ(*read("tokens;at\n7;\"1\"\n8;2.5\n", "at"), expected);
  EXPECT_EQ(*read("7;1\n8;2.5\n", "2"), expected);
}

TEST_F(ArrivalsTest, WhatIsNoTimeIsNamedWithItsLine) {
  EXPECT_EQ(error("at\n1\nsoon\n"),
            "trace.csv:3: 'soon' is no time; write it like 2023-11-16 18:17:03.9799600, or in "
            "seconds like 12.5");
  EXPECT_EQ(error("a,b\nc,d\n"), "trace.csv:2: it has no time");
  EXPECT_EQ(error("a,b\n1,2\n3\n", "b"), "trace.csv:3: it has no time");
  EXPECT_EQ(error("a,b\n1,2\n", "c"), "trace.csv has no column 'c'; it has a, b");
  EXPECT_EQ(error(""), "trace.csv holds no arrival time");
  EXPECT_FALSE(read_arrivals(dir_.path() / "none.csv"));
}

TEST_F(ArrivalsTest, TheAzureTraceOfTheCorpora) {
  if (!corpora()) GTEST_SKIP() << "the corpora are not there";
  const auto times = read_arrivals(*corpora() / "other/arrivals/AzureLLMInferenceTrace_code.csv");
  ASSERT_TRUE(times) << times.error().message;
  EXPECT_EQ(times->size(), 8819u);
  EXPECT_EQ(times->front(), *parse_arrival("2023-11-16 18:17:03.9799600"));
  EXPECT_EQ(times->back(), *parse_arrival("2023-11-16 19:14:19.9280160"));
}

}  // namespace
}  // namespace stormproof::replay
