#include "replay/capture_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/seed.h"
#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& path) {
  const auto reader = CaptureReader::open(path);
  return reader ? "opened" : reader.error().message;
}

TEST(CaptureReader, SaysWhatIsWrongInOneSentence) {
  const Folder folder;
  EXPECT_EQ(refusal(folder.file("none")), folder.file("none") + " does not exist");
  EXPECT_EQ(refusal(folder.path().string()), folder.path().string() + " is not a file");
  write_bytes(folder.file("empty"), "");
  EXPECT_THAT(refusal(folder.file("empty")), HasSubstr("is empty"));
  write_bytes(folder.file("text"), std::string(5000, 'x'));
  EXPECT_THAT(refusal(folder.file("text")), HasSubstr("is not a capture; files of other tools"));
  write_bytes(folder.file("short"), std::string_view("SQLite format 3\0", 16));
  EXPECT_THAT(refusal(folder.file("short")), HasSubstr("is not a capture"));
  write_bytes(folder.file("other"), "");
  ASSERT_TRUE(Database::open(folder.file("other"), Database::Mode::write)->run("CREATE TABLE blocks(a)"));
  EXPECT_THAT(refusal(folder.file("other")), HasSubstr("is not a capture but an SQLite file of another program"));
}

TEST(CaptureReader, RefusesANewerVersionAndAnOtherSchema) {
  const Folder folder;
  write_capture(folder.file("newer"), 3);
  ASSERT_TRUE(Database::open(folder.file("newer"), Database::Mode::write)->run("PRAGMA user_version=4"));
  EXPECT_THAT(refusal(folder.file("newer")),
              HasSubstr("was written by a newer stormproof (capture version 4; this one reads 3)"));
  write_capture(folder.file("older"), 3);
  ASSERT_TRUE(Database::open(folder.file("older"), Database::Mode::write)->run("PRAGMA user_version=1"));
  EXPECT_THAT(refusal(folder.file("older")), HasSubstr("was written by a stormproof from before its first release "
                                                       "(capture version 1; this one reads 3): record it again"));
  write_capture(folder.file("zero"), 3);
  ASSERT_TRUE(Database::open(folder.file("zero"), Database::Mode::write)->run("PRAGMA user_version=0"));
  EXPECT_THAT(refusal(folder.file("zero")), HasSubstr("is damaged"));
  // A view in the place of a table could run for ever.
  write_capture(folder.file("view"), 3);
  ASSERT_TRUE(Database::open(folder.file("view"), Database::Mode::write)
                  ->run("DROP TABLE account; CREATE VIEW account AS WITH RECURSIVE r(cause, count, bytes) AS "
                        "(SELECT 'a', 1, 1 UNION ALL SELECT cause, count, bytes FROM r) SELECT * FROM r"));
  EXPECT_THAT(refusal(folder.file("view")), HasSubstr("its tables are not those of a capture"));
}

TEST(CaptureReader, ADamagedBlockIsNamedAndTheRestIsRead) {
  const Folder folder;
  const std::string path = folder.file("a.traffic");
  write_capture(path, 1500);
  ASSERT_TRUE(
      Database::open(path, Database::Mode::write)->run("UPDATE contents SET content=zeroblob(1000) WHERE number=2"));
  auto reader = CaptureReader::open(path);
  ASSERT_TRUE(reader);
  for (int pass = 0; pass < 2; ++pass) {
    const Contents contents = read_all(*reader);
    ASSERT_EQ(contents.errors.size(), 1U);
    EXPECT_EQ(contents.errors[0], path + " is damaged: block 2: it does not have its checksum");
    EXPECT_LT(contents.exchanges.size(), 1500U);
    EXPECT_EQ(contents.exchanges.back(), exchange_number(1500));
    reader->rewind();
  }
}

TEST(CaptureReader, RowsThatAreGoneAreNoticed) {
  const Folder folder;
  const std::pair<const char*, const char*> cases[] = {
      {"DELETE FROM blocks WHERE number=2", "block 2 is missing"},
      {"DELETE FROM blocks WHERE number=(SELECT max(number) FROM blocks)", "blocks, and"},
      {"DELETE FROM seal", "its seal is missing"},
      {"DELETE FROM account", "does not have its checksum"},
      {"UPDATE meta SET value='other'", "does not have its checksum"},
  };
  for (const auto& [sql, message] : cases) {
    const std::string path = folder.file(fmt::format("{}.traffic", folder.files().size()));
    write_capture(path, 1000);
    ASSERT_TRUE(Database::open(path, Database::Mode::write)->run(sql));
    EXPECT_THAT(refusal(path), HasSubstr(message)) << sql;
  }
  const std::string path = folder.file("contents.traffic");
  write_capture(path, 1000);
  ASSERT_TRUE(Database::open(path, Database::Mode::write)->run("DELETE FROM contents WHERE number=1"));
  auto reader = CaptureReader::open(path);
  ASSERT_TRUE(reader);
  EXPECT_THAT(read_all(*reader).errors.front(), HasSubstr("block 1: its content is missing"));
}

TEST(CaptureReader, DamagedPartsAreNamed) {
  const Folder folder;
  for (const char* sql : {"DELETE FROM parts WHERE sequence=1", "DELETE FROM parts WHERE sequence=2",
                          "UPDATE parts SET content=zeroblob(10) WHERE sequence=0",
                          "UPDATE parts SET raw_bytes=1<<60 WHERE sequence=0"}) {
    const std::string path = folder.file(fmt::format("{}.traffic", folder.files().size()));
    write_capture(path, 2, 5'000'000);
    ASSERT_TRUE(Database::open(path, Database::Mode::write)->run(sql));
    auto reader = CaptureReader::open(path);
    ASSERT_TRUE(reader);
    const Contents contents = read_all(*reader);
    EXPECT_EQ(contents.errors.size(), 2U) << sql;
    EXPECT_TRUE(contents.exchanges.empty());
  }
}

TEST(CaptureReader, HeadsOnlyLeavesBodiesOut) {
  const Folder folder;
  write_capture(folder.file("a"), 2, 3'000'000);
  auto reader = CaptureReader::open(folder.file("a"), {.heads_only = true});
  ASSERT_TRUE(reader);
  Exchange exchange;
  ASSERT_EQ(reader->next(exchange), true);
  const Exchange whole = exchange_number(1, 3'000'000);
  EXPECT_EQ(exchange.request.head, whole.request.head);
  EXPECT_EQ(exchange.response.head, whole.response.head);
  EXPECT_EQ(exchange.request.body, "");
  EXPECT_EQ(exchange.response.body, "");
  EXPECT_EQ(reader->body_bytes().request, whole.request.body.size());
  EXPECT_EQ(reader->body_bytes().response, whole.response.body.size());
}

TEST(CaptureReader, AnExchangeAboveTheLimitIsAnErrorAndTheNextIsRead) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a"), {});
  ASSERT_TRUE(writer);
  for (const std::size_t body_bytes : {500U, 200'000U, 2'000'000U, 500U})
    ASSERT_TRUE(writer->append(exchange_number(1, body_bytes)));
  ASSERT_TRUE(writer->close());
  auto reader = CaptureReader::open(folder.file("a"), {.exchange_bytes_max = 10'000});
  ASSERT_TRUE(reader);
  const Contents contents = read_all(*reader);
  EXPECT_EQ(contents.exchanges.size(), 2U);
  ASSERT_EQ(contents.errors.size(), 2U);
  EXPECT_THAT(contents.errors[1], HasSubstr("exchange 1 of " + folder.file("a") + " is larger than 9.77 KiB"));
}

TEST(CaptureReader, PositionsLeadBackToTheirExchanges) {
  const Folder folder;
  write_capture(folder.file("a"), 1000);
  auto reader = CaptureReader::open(folder.file("a"), {.heads_only = true});
  ASSERT_TRUE(reader);
  std::vector<CaptureReader::Position> positions;
  Exchange exchange;
  while (reader->next(exchange).value_or(false)) positions.push_back(reader->position());
  ASSERT_EQ(positions.size(), 1000U);
  for (const std::size_t i : {999U, 0U, 1U, 0U, 500U, 501U, 998U}) {
    ASSERT_TRUE(reader->read_at(positions[i], exchange));
    EXPECT_EQ(exchange, exchange_number(i + 1));
  }
  EXPECT_FALSE(reader->read_at({.block = 99, .index = 0}, exchange));
  EXPECT_FALSE(reader->read_at({.block = 1, .index = 100'000}, exchange));
  EXPECT_TRUE(reader->read_at(positions[3], exchange));
}

TEST(CaptureReader, KnowsTheFirstAndLastTime) {
  const Folder folder;
  write_capture(folder.file("a"), 1000);
  auto reader = CaptureReader::open(folder.file("a"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->first_time(), exchange_number(1).request_start);
  EXPECT_EQ(reader->last_time(), exchange_number(1000).response_end);
  EXPECT_EQ(reader->torn_message(), "");
}

// Never a crash, never another exchange than was written, never another account.
void expect_truth_or_error(const std::string& path, std::uint64_t count) {
  auto reader = CaptureReader::open(path);
  if (!reader) {
    EXPECT_NE(reader.error().message, "");
    return;
  }
  const Contents contents = read_all(*reader);
  for (const Exchange& exchange : contents.exchanges) ASSERT_TRUE(exchange == exchange_number(exchange.id));
  if (contents.errors.empty()) EXPECT_EQ(contents.exchanges.size(), count);
  EXPECT_EQ(reader->account().at("recorded").count, count);
}

TEST(CaptureReader, FlippedBitsAreNoticed) {
  const Folder folder;
  const std::string path = folder.file("a");
  write_capture(path, 700);
  const std::string whole = read_bytes(path);
  for (std::uint64_t i = 0; i < 600; ++i) {
    // Every third in the header and the schema, the others anywhere.
    const std::uint64_t range = i % 3 == 0 ? 4096 : whole.size();
    const std::uint64_t bit = base::draw(7, "flip", i) % (range * 8);
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    write_bytes(path, flipped);
    expect_truth_or_error(path, 700);
  }
}

TEST(CaptureReader, TruncatedFilesAndGarbageBehindTheHeaderAreNoticed) {
  const Folder folder;
  const std::string path = folder.file("a");
  write_capture(path, 700);
  const std::string whole = read_bytes(path);
  for (std::uint64_t i = 0; i < 60; ++i) {
    write_bytes(path, std::string_view(whole).substr(0, base::draw(7, "cut", i) % whole.size()));
    EXPECT_NE(refusal(path), "");
    expect_truth_or_error(path, 700);
    write_bytes(path, whole.substr(0, 100) + noise(i, whole.size() - 100));
    EXPECT_THAT(refusal(path), HasSubstr("is damaged"));
    write_bytes(path, noise(i, 5000));
    EXPECT_THAT(refusal(path), HasSubstr("is not a capture"));
  }
}

}  // namespace
}  // namespace stormproof::replay
