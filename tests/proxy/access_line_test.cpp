#include "harness/proxy/access_line.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

#include "harness/base/utf8.h"

namespace stormproof::proxy {
namespace {

using std::chrono::nanoseconds;
namespace json = boost::json;

std::string text_of(const AccessLine& line) {
  std::string text;
  append_access_line(text, line);
  return text;
}

AccessLine usual() {
  AccessLine line;
  line.start = base::Time(nanoseconds(1'795'858'000'123'456'789));
  line.duration = nanoseconds(1'234'567);
  line.first_byte = nanoseconds(1'100'000);
  line.connection = 3;
  line.request = 18'446'744'073'709'551'615U;
  line.request_bytes = 78;
  line.response_bytes = 1103;
  line.trace.bytes = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
  line.status = 200;
  line.method = "GET";
  line.target = "/a?b=c";
  return line;
}

TEST(AccessLine, HasItsKeysInTheirOrder) {
  EXPECT_EQ(text_of(usual()),
            "{\"time\":\"2026-11-28T09:26:40.123456789Z\",\"connection\":3,\"request\":18446744073709551615,"
            "\"method\":\"GET\",\"target\":\"/a?b=c\",\"status\":200,\"outcome\":\"answered\",\"request_bytes\":78,"
            "\"response_bytes\":1103,\"duration_ms\":1.234567,\"first_byte_ms\":1.100000,"
            "\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}\n");
}

TEST(AccessLine, WhatIsAbsentIsNull) {
  AccessLine line;
  line.outcome = events::Outcome::bad_request;
  line.duration = nanoseconds(-5);
  EXPECT_EQ(text_of(line),
            "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"connection\":0,\"request\":0,\"method\":\"\","
            "\"target\":\"\",\"status\":null,\"outcome\":\"bad request\",\"request_bytes\":0,\"response_bytes\":0,"
            "\"duration_ms\":0.000000,\"first_byte_ms\":null,\"trace\":null}\n");
}

TEST(AccessLine, WhatSeldomApplies) {
  AccessLine line = usual();
  line.target_cut = true;
  line.shadow_of = 7;
  EXPECT_THAT(text_of(line), testing::EndsWith(",\"target_cut\":true,\"shadow_of\":7}\n"));
}

TEST(AccessLine, StringsOfAnyBytesAreJson) {
  const auto escaped = [](std::string_view bytes) {
    std::string out;
    append_json_string(out, bytes);
    return out;
  };
  EXPECT_EQ(escaped("a\"b\\c/"), R"("a\"b\\c/")");
  EXPECT_EQ(escaped("\n\r\t\x01\x7f"), R"("\n\r\t\u0001\u007f")");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(escaped("\xE2\x82\xAC"), "\"\xE2\x82\xAC\"");
  EXPECT_EQ(escaped("a\xff\xE2\x82z"), R"("a\ufffd\ufffd\ufffdz")");
  for (int high = 0; high < 256; ++high) {
    for (int low = 0; low < 256; ++low) {
      const std::string bytes = {static_cast<char>(high), static_cast<char>(low), 'x'};
      boost::system::error_code code;
      const json::value value = json::parse(escaped(bytes), code);
      ASSERT_FALSE(code) << high << " " << low;
      ASSERT_EQ(std::string(value.as_string()), base::as_utf8(bytes)) << high << " " << low;
    }
  }
}

TEST(AccessLine, TimesOfOtherCenturies) {
  const auto written = [](std::int64_t ns) {
    std::string out;
    append_rfc3339(out, base::Time(nanoseconds(ns)));
    return out;
  };
  EXPECT_EQ(written(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(written(951'827'696'000'000'001), "2000-02-29T12:34:56.000000001Z");
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "1677-09-21T00:12:43.145224192Z");
}

}  // namespace
}  // namespace stormproof::proxy
