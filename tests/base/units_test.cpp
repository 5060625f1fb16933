#include "harness/base/units.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "harness/base/seed.h"

namespace stormproof::base {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Units, ReadsDurations) {
  const std::vector<std::pair<std::string_view, Nanoseconds>> table = {
      {"0s", seconds(0)},      {"250ms", milliseconds(250)}, {"1.5s", milliseconds(1500)},     {"3 s", seconds(3)},
      {"7ns", Nanoseconds(7)}, {"12us", microseconds(12)},   {"12µs", microseconds(12)},       {"2m", minutes(2)},
      {"0.5h", minutes(30)},   {"1.s", seconds(1)},          {"0.0000001s", Nanoseconds(100)}, {"8760h", hours(8760)},
  };
  for (const auto& [text, expected] : table) {
    const auto got = parse_duration(text);
    ASSERT_TRUE(got.has_value()) << text << ": " << got.error().message;
    EXPECT_EQ(*got, expected) << text;
  }
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const std::string_view text :
       {"",      " ",    "s",   "ms",  "-1s", "+1s",  " 1s",  "1s ", "1  s", "1S",     "1sec", "1s1s",
        "0x10s", "1e3s", ".5s", "nan", "inf", "infs", "1,5s", "1d",  "250",  "99999h", "1s\n"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << "'" << text << "'";
  }
  EXPECT_FALSE(parse_duration(std::string(500, '9') + "s").has_value());
  EXPECT_FALSE(parse_duration(std::string_view("1s\0", 3)).has_value());
}

TEST(Units, SaysWhatWasFoundAndWhatIsAllowed) {
  EXPECT_EQ(parse_duration("soon").error().message, "'soon' is not a duration; write it like 250ms or 3s");
  EXPECT_EQ(parse_duration("250").error().message, "'250' has no unit; a duration is written like 250ms or 3s");
  EXPECT_EQ(parse_duration("3sec").error().message,
            "'3sec' has the unknown unit 'sec'; a duration is in ns, us, µs, ms, s, m, h");
  EXPECT_EQ(parse_duration("10000h").error().message, "'10000h' is longer than a year");
  EXPECT_EQ(parse_rate("20").error().message, "'20' has no unit; a rate is written like 200/s");
  EXPECT_EQ(parse_percent("0.5").error().message, "'0.5' has no unit; a percentage is written like 0.1%");
  EXPECT_EQ(parse_percent("101%").error().message, "'101%' is above 100%");
  EXPECT_EQ(parse_factor("0x").error().message, "'0x' is not above 0x");
}

TEST(Units, ReadsRates) {
  EXPECT_DOUBLE_EQ(*parse_rate("200/s"), 200);
  EXPECT_DOUBLE_EQ(*parse_rate("0.5/s"), 0.5);
  EXPECT_DOUBLE_EQ(*parse_rate("12/m"), 0.2);
  EXPECT_DOUBLE_EQ(*parse_rate("36/h"), 0.01);
  EXPECT_DOUBLE_EQ(*parse_rate("0/s"), 0);
  for (const auto text : {"", "/s", "-1/s", "1/ s", "1/d", "1 per s"})
    EXPECT_FALSE(parse_rate(text).has_value()) << text;
}

TEST(Units, ReadsPercentages) {
  EXPECT_DOUBLE_EQ(*parse_percent("0%"), 0);
  EXPECT_DOUBLE_EQ(*parse_percent("0.1%"), 0.001);
  EXPECT_DOUBLE_EQ(*parse_percent("99.9%"), 0.999);
  EXPECT_EQ(*parse_percent("100%"), 1.0);
  for (const auto text : {"", "%", "-1%", "100.1%", "1", "1%%"}) EXPECT_FALSE(parse_percent(text).has_value()) << text;
}

TEST(Units, ReadsFactors) {
  EXPECT_DOUBLE_EQ(*parse_factor("2x"), 2);
  EXPECT_DOUBLE_EQ(*parse_factor("0.5x"), 0.5);
  for (const auto text : {"", "x", "2", "0x", "-1x", "2X", "x2"}) EXPECT_FALSE(parse_factor(text).has_value()) << text;
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(*parse_bytes("0B"), 0u);
  EXPECT_EQ(*parse_bytes("64MiB"), 64u * 1024 * 1024);
  EXPECT_EQ(*parse_bytes("1.5KiB"), 1536u);
  EXPECT_EQ(*parse_bytes("5 KB"), 5000u);
  EXPECT_EQ(*parse_bytes("2MB"), 2'000'000u);
  EXPECT_EQ(*parse_bytes("3GB"), 3'000'000'000u);
  EXPECT_EQ(*parse_bytes("8GiB"), 8ull << 30);
  for (const auto text : {"", "1", "1b", "1kb", "-1B", "1TiB", "99999999999GB"})
    EXPECT_FALSE(parse_bytes(text).has_value()) << text;
}

TEST(Units, WritesDurationsForReading) {
  const std::vector<std::pair<Nanoseconds, std::string_view>> table = {
      {Nanoseconds(0), "0 ns"},        {Nanoseconds(999), "999 ns"},     {Nanoseconds(1500), "1.50 µs"},
      {microseconds(15), "15.0 µs"},   {Nanoseconds(999'499), "999 µs"}, {Nanoseconds(999'500), "1.00 ms"},
      {milliseconds(250), "250 ms"},   {milliseconds(1500), "1.50 s"},   {seconds(12), "12.0 s"},
      {seconds(599), "599 s"},         {minutes(10), "10.0 min"},        {hours(6), "6.00 h"},
      {milliseconds(-250), "-250 ms"}, {Nanoseconds(9'996), "10.0 µs"},  {hours(100), "100 h"},
  };
  for (const auto& [duration, expected] : table) EXPECT_EQ(format_duration(duration), expected);
}

TEST(Units, WritesDurationsAsTheyAreRead) {
  const std::vector<std::pair<Nanoseconds, std::string_view>> table = {
      {Nanoseconds(0), "0ns"}, {milliseconds(1500), "1.5s"}, {milliseconds(250), "250ms"},
      {seconds(90), "90s"},    {minutes(90), "90m"},         {hours(2), "2h"},
      {Nanoseconds(1), "1ns"}, {Nanoseconds(1500), "1.5us"}, {microseconds(1000500), "1000.5ms"},
  };
  for (const auto& [duration, expected] : table) EXPECT_EQ(format_duration_exact(duration), expected);
}

TEST(Units, ReadsBackEveryDurationThatItWrites) {
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const auto digits = draw(5, "digits", i) % 16;
    std::uint64_t limit = 1;
    for (std::uint64_t d = 0; d < digits; ++d) limit *= 10;
    const Nanoseconds duration(static_cast<std::int64_t>(draw(5, "value", i) % limit));
    const std::string text = format_duration_exact(duration);
    const auto back = parse_duration(text);
    ASSERT_TRUE(back.has_value()) << text;
    ASSERT_EQ(*back, duration) << text;
  }
}

TEST(Units, WritesSharesAndRates) {
  EXPECT_EQ(format_percent(0), "0%");
  EXPECT_EQ(format_percent(1), "100%");
  EXPECT_EQ(format_percent(0.001), "0.1%");
  EXPECT_EQ(format_percent(0.125), "12.5%");
  EXPECT_EQ(format_percent(0.00001), "0.001%");
  EXPECT_EQ(format_percent(0.99949), "99.95%");
  EXPECT_EQ(format_rate(200), "200/s");
  EXPECT_EQ(format_rate(0.5), "0.5/s");
  EXPECT_EQ(format_rate(199.96), "200/s");
  EXPECT_EQ(format_rate(12.34), "12.3/s");
}

TEST(Units, WritesSizes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.50 KiB");
  EXPECT_EQ(format_bytes(64ull << 20), "64.0 MiB");
  EXPECT_EQ(format_bytes(5ull << 40), "5.00 TiB");
  EXPECT_EQ(format_bytes((1ull << 20) - 1), "1.00 MiB");
}

TEST(Units, WritesInstantsInUtc) {
  EXPECT_EQ(format_time(Time{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(Time{milliseconds(1'795'426'560'123)}), "2026-11-23T09:36:00.123Z");
  EXPECT_EQ(format_time(Time{Nanoseconds(1'999'999)}), "1970-01-01T00:00:00.001Z") << "cut, not rounded";
  EXPECT_EQ(format_time(Time{Nanoseconds(-1)}), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace stormproof::base
