#include "replay/gor_records.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/seed.h"
#include "tests/replay/fixtures.h"
#include "tests/replay/gor_writing.h"

namespace stormproof::replay {
namespace {

struct Read {
  std::vector<GorRecord> records;
  std::vector<std::string> damage;  // "cause @offset +bytes"
};

Read read_records(const std::string& bytes, const std::string& method = "GET") {
  const Folder folder;
  write_bytes(folder.file("x.gor"), bytes);
  auto input = GorInput::open(folder.file("x.gor"));
  if (!input) return {.records = {}, .damage = {input.error().message}};
  Read read;
  GorRecords records(
      std::move(*input),
      [&](const GorDamage& damage) {
        read.damage.push_back(fmt::format("{} @{} +{}", damage.cause, damage.offset, damage.bytes));
      },
      [&](std::string_view, std::size_t) { return method; });
  GorRecord record;
  while (records.next(record)) read.records.push_back(record);
  return read;
}

// Every record has one message, and there is no damage.
void expect_messages(const std::string& bytes, const std::vector<Message>& messages, const std::string& method = "GET") {
  const Read read = read_records(bytes, method);
  EXPECT_EQ(read.damage, std::vector<std::string>());
  ASSERT_EQ(read.records.size(), messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ASSERT_EQ(read.records[i].messages.size(), 1u) << i;
    EXPECT_EQ(read.records[i].messages[0].message, messages[i]) << i;
    EXPECT_FALSE(read.records[i].messages[0].truncated) << i;
  }
}

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string separator(gor_separator);

TEST(GorRecordsTest, HeaderLinesHaveThreeOrFourFields) {
  const auto three = parse_gor_header("1 ab 1568139746437296000\nGET");
  ASSERT_TRUE(three);
  EXPECT_EQ(three->type, '1');
  EXPECT_EQ(three->id, "ab");
  EXPECT_EQ(three->at.time_since_epoch().count(), 1568139746437296000);
  EXPECT_FALSE(three->latency);
  EXPECT_EQ(three->length, 25u);
  const auto four = parse_gor_header("2 ab 10 7\r\n");
  ASSERT_TRUE(four);
  EXPECT_EQ(four->latency, base::Nanoseconds(7));
  EXPECT_FALSE(parse_gor_header("2 ab 9223372036854775807 7\n")->latency);
  EXPECT_FALSE(parse_gor_header("2 ab 10 -7\n")->latency);
  for (const char* line : {"", "\n", "1 ab 10", "4 ab 10\n", "1 ab\n", "1  10\n", "1 ab x\n", "1 ab -1\n", "1 ab 1 2 3\n", "1 ab 1 x\n",
                           "11 ab 10\n", "1 ab 99999999999999999999\n"}) {
    EXPECT_FALSE(parse_gor_header(line)) << line;
  }
  EXPECT_FALSE(parse_gor_header("1 " + std::string(GorHeader::line_bytes_max, 'a') + " 1\n"));
}

TEST(GorRecordsTest, BodiesMayHoldTheSeparatorAndAWholeRecord) {
  const std::string evil = "x" + gor_record("1 z 5", get) + "y";
  const Message by_length{fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", evil.size()), evil};
  const Message chunked{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                        fmt::format("{:x}\r\n{}\r\n0\r\nTrailer: t\r\n\r\n", evil.size(), evil)};
  expect_messages(gor_record("1 a 1", by_length.head + by_length.body) + gor_record("1 b 2", chunked.head + chunked.body) +
                      gor_record("1 c 3", get),
                  {by_length, chunked, {get, ""}});
}

TEST(GorRecordsTest, ReadsTheOtherFormsOfMessages) {
  const Message lf_only{"POST / HTTP/1.1\nContent-Length: 2\n\n", "ab"};
  const Message old{"HTTP/1.0 200 OK\r\n\r\n", std::string("bin\0ary\n\xF0\x9F\x90\xB5", 12)};
  const Message not_modified{"HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n", ""};
  const Message no_content{"HTTP/1.1 204 No Content\r\nContent-Length: 50\r\n\r\n", ""};
  expect_messages(gor_record("1 a 1", lf_only.head + lf_only.body) + gor_record("2 a 1 5", old.head + old.body) +
                      gor_record("2 b 1 5", not_modified.head) + gor_record("3 b 1 5", no_content.head),
                  {lf_only, old, not_modified, no_content});
  const Message to_head{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", ""};
  expect_messages(gor_record("2 a 1", to_head.head) + gor_record("1 b 1", get), {to_head, {get, ""}}, "HEAD");
  expect_messages(gor_record("2 a 1", to_head.head) + gor_record("1 b 1", get), {to_head, {get, ""}}, "");
}

TEST(GorRecordsTest, TheEndMayLackTheSeparatorOrAPartOfIt) {
  for (std::size_t kept = 0; kept <= separator.size(); ++kept) {
    expect_messages(gor_record("1 a 1", get) + "1 b 2\n" + get + separator.substr(0, kept), {{get, ""}, {get, ""}});
  }
  expect_messages("", {});
  expect_messages("\n\r\n" + gor_record("1 a 1", get) + separator + "\n\n", {{get, ""}});
}

TEST(GorRecordsTest, APacketMayHoldSeveralMessages) {
  const Read read = read_records(gor_record("1 a 1", get + "POST /b HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" + get));
  ASSERT_EQ(read.records.size(), 1u);
  ASSERT_EQ(read.records[0].messages.size(), 3u);
  EXPECT_EQ(read.records[0].messages[1].message.body, "x");
  EXPECT_TRUE(read.damage.empty());
}

TEST(GorRecordsTest, DamageIsNamedWithItsPlaceAndTheNextRecordIsFound) {
  const std::string next = gor_record("1 n 9", get);
  const auto lost = [&](const std::string& damaged, const std::string& expected) {
    const Read read = read_records(damaged + next);
    ASSERT_FALSE(read.records.empty()) << damaged;
    EXPECT_EQ(read.records.back().header.id, "n") << damaged;
    EXPECT_EQ(read.records.back().messages[0].message.head, get) << damaged;
    EXPECT_EQ(read.damage, std::vector<std::string>({expected})) << damaged;
  };
  lost("junk" + separator, "a record without a header line @0 +4");
  lost(gor_record("1 a 1", "junk"), "a record without an HTTP message @0 +10");
  lost(gor_record("1 a 1", "GET / HTTP/1.1\r\nHo"), "a head without its end @0 +24");
  lost("1 a 1\nGET / HTTP/1.1\r\nHo", "a head without its end @0 +24");  // and no separator
  lost(gor_record("1 a 1", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"), "a body shorter than its head says @0 +0");
  lost("1 a 1\nPOST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "a body shorter than its head says @0 +0");
  lost(gor_record("1 a 1", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "a chunked body that does not end @0 +0");
  lost(gor_record("1 a 1", get + "zz"), fmt::format("bytes behind the end of a message @{} +2", 6 + get.size()));
}

TEST(GorRecordsTest, ATruncatedBodyIsKeptAndMarked) {
  const Read read = read_records("1 a 1\nPOST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
  ASSERT_EQ(read.records.size(), 1u);
  EXPECT_TRUE(read.records[0].messages[0].truncated);
  EXPECT_EQ(read.records[0].messages[0].message.body, "abc");
}

TEST(GorRecordsTest, ARecordUpToTheMaximumIsReadAndALargerOneIsDamage) {
  const std::string header = "1 a 1\n";
  const auto post = [&](std::size_t total) {
    std::string head = fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", total - header.size() - 45);
    EXPECT_EQ(head.size(), 45u);
    return head + std::string(total - header.size() - 45, 'x');
  };
  const Read most = read_records(gor_record("1 a 1", post(GorRecords::record_bytes_max)) + gor_record("1 n 1", get));
  EXPECT_TRUE(most.damage.empty());
  EXPECT_EQ(most.records.size(), 2u);
  const Read more = read_records(gor_record("1 a 1", post(GorRecords::record_bytes_max + 1)) + gor_record("1 n 1", get));
  EXPECT_EQ(more.damage, std::vector<std::string>({fmt::format("a record larger than can be read @0 +{}", GorRecords::record_bytes_max + 1)}));
  ASSERT_EQ(more.records.size(), 1u);
  EXPECT_EQ(more.records[0].header.id, "n");
}

TEST(GorRecordsTest, ABodyWhoseEndNothingTellsGoesToTheNextRecord) {
  const std::string response = "HTTP/1.0 200 OK\r\n\r\n";
  const Read read = read_records(gor_record("2 a 1", response + "x" + separator + "y") + gor_record("1 n 1", get));
  ASSERT_EQ(read.records.size(), 2u);
  EXPECT_EQ(read.records[0].messages[0].message.body, "x" + separator + "y");
  EXPECT_EQ(read.damage, std::vector<std::string>({fmt::format("a separator in a body whose end nothing tells @{} +0", 6 + response.size() + 1)}));
}

// Every framing; each record whose bytes were not touched must come out as it is. Only of a body that goes to the next record
// (every fourth) nothing is asked: what happens to that record happens to it.
TEST(GorRecordsTest, CutsAndFlipsLoseNoRecordThatTheyDidNotTouch) {
  std::vector<std::string> records, messages;
  for (int i = 0; i < 13; ++i) {
    const std::string binary = noise(static_cast<std::uint64_t>(i), 20);
    const std::string kinds[] = {
        fmt::format("GET /r{} HTTP/1.1\r\nHost: h\r\n\r\n", i),
        fmt::format("POST /r{} HTTP/1.1\r\nContent-Length: 20\r\n\r\n{}", i, binary),
        fmt::format("PUT /r{} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n", i),
        "HTTP/1.0 200 OK\r\n\r\n" + binary,
    };
    messages.push_back(kinds[i % 4]);
    records.push_back(gor_record(fmt::format("{} id{} 15681397464372960{:02}", i % 4 == 3 ? 2 : 1, i, i), messages.back()));
  }
  constexpr std::uint64_t seed = 11;
  for (std::uint64_t round = 0; round < 300; ++round) {
    std::string bytes;
    for (const std::string& record : records) bytes += record;
    const std::size_t begin = 1 + base::draw(seed, "begin", round) % (bytes.size() - 1);
    const bool cut = round % 2 == 0;
    const std::size_t length = cut ? std::min<std::size_t>(1 + base::draw(seed, "length", round) % 150, bytes.size() - begin) : 1;
    if (cut) {
      bytes.erase(begin, length);
    } else {
      bytes[begin] = static_cast<char>(bytes[begin] ^ (1 << (base::draw(seed, "bit", round) % 8)));
    }
    const Read read = read_records(bytes);
    std::size_t at = 0;
    for (std::size_t i = 0; i < records.size(); at += records[i++].size()) {
      const std::size_t end = at + records[i].size() - gor_separator.size();
      if (i % 4 == 3 || (begin < end && begin + length > at)) continue;
      EXPECT_TRUE(std::ranges::any_of(read.records, [&](const GorRecord& record) {
        const GorMessage& first = record.messages[0];
        return record.header.id == fmt::format("id{}", i) && !first.truncated && first.message.head + first.message.body == messages[i];
      })) << "round " << round << ": record " << i << ", bytes " << begin << "+" << length << testing::PrintToString(read.damage);
    }
  }
}

TEST(GorRecordsTest, HostileBytesNeverCrashAndAreAccountedFor) {
  const std::string pieces[] = {"1 a 1\n", "2 a 2 3\n", "3 b 1\n", get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                "POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\n", "5\r\nabcde\r\n", "0\r\n\r\n", separator,
                                separator.substr(3), "\n", noise(3, 30), "HTTP/1.0 200 OK\n\n", "ffffff\r\n"};
  for (std::uint64_t round = 0; round < 300; ++round) {
    std::string bytes;
    for (std::uint64_t i = 0; i < 30; ++i) bytes += pieces[base::draw(round, "piece", i) % std::size(pieces)];
    const Read read = read_records(bytes);
    EXPECT_FALSE(read.records.empty() && read.damage.empty()) << round;
    for (const GorRecord& record : read.records) {
      ASSERT_FALSE(record.messages.empty()) << round;
      for (const GorMessage& message : record.messages) {
        EXPECT_NE(bytes.find(message.message.head + message.message.body, record.offset), bytes.npos) << round;
      }
    }
  }
}

TEST(GorRecordsTest, LooksLikeGor) {
  EXPECT_TRUE(looks_like_gor("1 a 1\nGET"));
  EXPECT_TRUE(looks_like_gor("damaged" + separator));
  EXPECT_FALSE(looks_like_gor(""));
  EXPECT_FALSE(looks_like_gor("{\"log\": {}}"));
}

}  // namespace
}  // namespace stormproof::replay
