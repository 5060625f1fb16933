#include "replay/capture_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "harness/base/seed.h"
#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::vector<Exchange> exchanges_up_to(std::uint64_t count, std::size_t body_bytes = 700) {
  std::vector<Exchange> all;
  for (std::uint64_t i = 1; i <= count; ++i) all.push_back(exchange_number(i, body_bytes));
  return all;
}

TEST(CaptureWriter, WhatWasAppendedIsReadBackByteForByte) {
  const Folder folder;
  write_capture(folder.file("a.traffic"), 1500);
  EXPECT_EQ(folder.files().size(), 1U) << "a finished capture is one file";
  auto reader = CaptureReader::open(folder.file("a.traffic"));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_FALSE(reader->torn());
  EXPECT_GT(reader->blocks(), 3U);
  EXPECT_EQ(reader->exchanges(), 1500U);
  const Contents contents = read_all(*reader);
  EXPECT_TRUE(contents.errors.empty());
  EXPECT_TRUE(contents.exchanges == exchanges_up_to(1500));
}

TEST(CaptureWriter, NothingIsEverOverwritten) {
  const Folder folder;
  write_bytes(folder.file("a.traffic"), "mine");
  const auto refused = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("exists already and is not overwritten"));
  write_bytes(folder.file("b.traffic-wal"), "the last seconds of b");
  EXPECT_THAT(CaptureWriter::create(folder.file("b.traffic"), {}).error().message,
              HasSubstr("b.traffic-wal is left from an earlier recording"));
  const std::map<std::string, std::string> wanted = {{"a.traffic", "mine"}, {"b.traffic-wal", "the last seconds of b"}};
  EXPECT_EQ(folder.files(), wanted);
}

TEST(CaptureWriter, ASymbolicLinkToNowhereIsAFileThatExists) {
  const Folder folder;
  std::filesystem::create_symlink(folder.file("elsewhere"), folder.file("a.traffic"));
  EXPECT_FALSE(CaptureWriter::create(folder.file("a.traffic"), {}));
  EXPECT_FALSE(std::filesystem::exists(folder.file("elsewhere")));
}

TEST(CaptureWriter, AFolderThatIsNotThereIsAnErrorWithItsCause) {
  const Folder folder;
  const auto made = CaptureWriter::create(folder.file("no/a.traffic"), {});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("No such file or directory"));
}

TEST(CaptureWriter, ACaptureOfNothingIsWhole) {
  const Folder folder;
  write_capture(folder.file("a.traffic"), 0);
  auto reader = CaptureReader::open(folder.file("a.traffic"));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_FALSE(reader->torn());
  EXPECT_EQ(reader->blocks(), 0U);
  EXPECT_TRUE(read_all(*reader).exchanges.empty());
  EXPECT_EQ(reader->account(), (Account{{"recorded", {0, 0}}}));
  EXPECT_EQ(reader->meta(), (Meta{{"source", "test"}}));
}

TEST(CaptureWriter, LargeBodiesGoInParts) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer);
  // Two bodies grow at the same time, one of them of an exchange that has the id of another.
  Exchange first = exchange_number(1, 2'600'000);
  Exchange second = exchange_number(2);
  const std::string request_body = first.request.body + noise(77, 500'000);
  Exchange tail = first;
  tail.request.body = request_body.substr(1'200'000);
  for (std::size_t at = 0; at < 1'200'000; at += 100'000) {
    ASSERT_TRUE(writer->append_part(1, Direction::request, std::string_view(request_body).substr(at, 100'000)));
    ASSERT_TRUE(writer->append_part(2, Direction::response, "piece;"));
  }
  ASSERT_TRUE(writer->append(tail));
  ASSERT_TRUE(writer->append(exchange_number(1)));
  ASSERT_TRUE(writer->append(second));
  ASSERT_TRUE(writer->close());

  first.request.body = request_body;
  std::string pieces;
  for (int i = 0; i < 12; ++i) pieces += "piece;";
  second.response.body = pieces + second.response.body;
  auto reader = CaptureReader::open(folder.file("a.traffic"));
  ASSERT_TRUE(reader);
  const Contents contents = read_all(*reader);
  EXPECT_TRUE(contents.errors.empty());
  ASSERT_EQ(contents.exchanges.size(), 3U);
  EXPECT_TRUE(contents.exchanges[0] == first);
  EXPECT_TRUE(contents.exchanges[1] == exchange_number(1));
  EXPECT_TRUE(contents.exchanges[2] == second);
  std::uint64_t bytes = 0;
  for (const Exchange& exchange : contents.exchanges) {
    bytes += exchange.request.head.size() + exchange.request.body.size() + exchange.interim.size() +
             exchange.response.head.size() + exchange.response.body.size();
  }
  EXPECT_EQ(reader->account(), (Account{{"recorded", {3, bytes}}}));
}

TEST(CaptureWriter, ABodyWhoseExchangeNeverEndedIsCounted) {
  const Folder folder;
  {
    auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append_part(9, Direction::response, std::string(5000, 'x')));
    ASSERT_TRUE(writer->close());
    auto torn = CaptureWriter::create(folder.file("b.traffic"), {});
    ASSERT_TRUE(torn);
    ASSERT_TRUE(torn->append_part(9, Direction::response, std::string(5000, 'x')));
    ASSERT_TRUE(torn->commit());
  }
  auto closed = CaptureReader::open(folder.file("a.traffic"));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->account().at("body without its exchange"), (Tally{1, 5000}));
  auto torn = CaptureReader::open(folder.file("b.traffic"));
  ASSERT_TRUE(torn);
  EXPECT_THAT(torn->torn_message(), HasSubstr("1 large bodies (4.88 KiB) had been begun"));
}

TEST(CaptureWriter, HeadsHaveALimit) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer);
  Exchange exchange = exchange_number(3);
  exchange.response.head.resize(heads_bytes_max);
  const auto refused = writer->append(exchange);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("exchange 3 has heads of"));
  exchange.response.head.resize(heads_bytes_max - exchange.request.head.size());
  exchange.request.body = noise(1, inline_body_bytes_max);
  exchange.response.body = noise(2, inline_body_bytes_max);
  Exchange before = exchange_number(1);  // leaves the block one byte from full
  before.response.body.resize(block_bytes_full - 400, 'x');
  ASSERT_TRUE(writer->append(before));
  ASSERT_TRUE(writer->append(exchange));
  ASSERT_TRUE(writer->close());
  auto reader = CaptureReader::open(folder.file("a.traffic"));
  ASSERT_TRUE(reader);
  const Contents contents = read_all(*reader);
  EXPECT_TRUE(contents.errors.empty());
  ASSERT_EQ(contents.exchanges.size(), 2U);
  EXPECT_TRUE(contents.exchanges[1] == exchange);
}

TEST(CaptureWriter, TheAccountAddsUpByCause) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer);
  writer->count("dropped: queue full", 2, 300);
  writer->count("dropped: queue full", 1, 50);
  for (std::size_t i = 0; i < CaptureWriter::causes_max + 50; ++i) writer->count(fmt::format("cause {}", i), 1, 1);
  ASSERT_TRUE(writer->close());
  auto reader = CaptureReader::open(folder.file("a.traffic"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->account().at("dropped: queue full"), (Tally{3, 350}));
  EXPECT_EQ(reader->account().size(), CaptureWriter::causes_max + 1);
  EXPECT_EQ(reader->account().at("(other)"), (Tally{52, 52}));
}

TEST(CaptureWriter, TickCommitsOnceTheIntervalHasGoneBy) {
  const Folder folder;
  const std::string path = folder.file("a.traffic");
  const base::Time start{std::chrono::seconds(100)};
  const std::string seen = in_child([&]() -> std::string {
    auto writer = CaptureWriter::create(path, {});
    if (!writer) return writer.error().message;
    const auto committed = [&] {  // in a process of its own, as a reader has to be
      return in_child([&]() -> std::string { return std::to_string(CaptureReader::open(path)->exchanges()); });
    };
    if (!writer->tick(start) || !writer->append(exchange_number(1))) return "failed";
    std::string counts = committed();
    if (!writer->tick(start + CaptureWriter::commit_interval - milliseconds(1))) return "failed";
    counts += committed();
    if (!writer->tick(start + CaptureWriter::commit_interval)) return "failed";
    counts += committed();
    return counts;
  });
  EXPECT_EQ(seen, "001");
}

TEST(CaptureWriter, AReaderSeesTheRecordingWhileItGrows) {
  const Folder folder;
  const std::string path = folder.file("a.traffic");
  auto writer = CaptureWriter::create(path, {});
  ASSERT_TRUE(writer);
  for (std::uint64_t i = 1; i <= 800; ++i) ASSERT_TRUE(writer->append(exchange_number(i)));
  ASSERT_TRUE(writer->commit());
  ASSERT_TRUE(writer->append(exchange_number(801)));
  const std::string seen = in_child([&]() -> std::string {
    auto reader = CaptureReader::open(path);
    if (!reader) return reader.error().message;
    if (read_all(*reader).exchanges != exchanges_up_to(800)) return "other exchanges";
    return reader->being_written() ? reader->torn_message() : "not being written";
  });
  EXPECT_THAT(seen, HasSubstr("is still being written: 800 exchanges up to"));
  ASSERT_TRUE(writer->close());
}

TEST(CaptureWriter, KnowsWhatIsCommittedAndHowLargeTheFileIs) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer);
  const std::uint64_t empty = writer->file_bytes();
  for (std::uint64_t i = 1; i <= 50; ++i) ASSERT_TRUE(writer->append(exchange_number(i, 20'000)));
  EXPECT_EQ(writer->committed_account().at("recorded").count, 0U);
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(writer->committed_account().at("recorded").count, 50U);
  EXPECT_GE(writer->file_bytes(), empty + 50 * 19'000U);
  ASSERT_TRUE(writer->close());
  EXPECT_EQ(writer->file_bytes(), std::filesystem::file_size(folder.file("a.traffic")));
}

// The child acknowledges each commit through a pipe; the parent kills it right behind one of them.
struct Crash {
  std::uint64_t acknowledged = 0;
};

Crash record_and_kill(const std::string& path, int after_commits, std::uint64_t seed) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = CaptureWriter::create(path, {{"source", "crash"}});
    if (!writer) _exit(1);
    for (std::uint64_t i = 1;; ++i) {
      const std::size_t body_bytes = i % 50 == 0 ? 900'000 : 1500;
      if (!writer->append(exchange_number(i, body_bytes))) _exit(1);
      if (base::draw(seed, "commit", i) % 40 != 0) continue;
      if (!writer->commit() || ::write(ends[1], &i, sizeof i) != sizeof i) _exit(1);
    }
  }
  ::close(ends[1]);
  Crash crash;
  for (int i = 0; i < after_commits; ++i) {
    if (::read(ends[0], &crash.acknowledged, sizeof crash.acknowledged) <= 0) break;
  }
  ::kill(child, SIGKILL);
  std::uint64_t more = 0;
  while (::read(ends[0], &more, sizeof more) == sizeof more) crash.acknowledged = more;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  return crash;
}

TEST(CaptureWriter, WhatWasCommittedSurvivesKill) {
  for (std::uint64_t round = 0; round < 6; ++round) {
    const Folder folder;
    const std::string path = folder.file("a.traffic");
    const Crash crash = record_and_kill(path, static_cast<int>(1 + round * 3), round);
    const auto before = folder.files();
    {
      auto reader = CaptureReader::open(path);
      ASSERT_TRUE(reader) << reader.error().message;
      EXPECT_TRUE(reader->torn());
      EXPECT_FALSE(reader->being_written());
      EXPECT_THAT(reader->torn_message(),
                  HasSubstr(fmt::format("it was not closed: {} exchanges up to 2023-11-14T", reader->exchanges())));
      EXPECT_GE(reader->exchanges(), crash.acknowledged);
      const Contents contents = read_all(*reader);
      EXPECT_TRUE(contents.errors.empty());
      ASSERT_EQ(contents.exchanges.size(), reader->exchanges());
      for (std::uint64_t i = 1; i <= contents.exchanges.size(); ++i) {
        ASSERT_TRUE(contents.exchanges[i - 1] == exchange_number(i, i % 50 == 0 ? 900'000 : 1500)) << i;
      }
      EXPECT_EQ(reader->account().at("recorded").count, reader->exchanges());
    }
    EXPECT_TRUE(folder.files() == before) << "a reader changes nothing";
  }
}

TEST(CaptureWriter, ATornCaptureIsReadWhereNothingMayBeWritten) {
  const Folder folder;
  const std::string path = folder.file("a.traffic");
  const Crash crash = record_and_kill(path, 3, 99);
  std::filesystem::remove(path + "-shm");
  using std::filesystem::perms;
  for (const auto& [name, bytes] : folder.files()) std::filesystem::permissions(folder.file(name), perms(0444));
  std::filesystem::permissions(folder.path(), perms(0555));
  const std::string seen = in_child([&]() -> std::string {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return "cannot become nobody";
    if (::access(folder.path().c_str(), W_OK) == 0) return "the folder can be written";
    auto reader = CaptureReader::open(path);
    if (!reader) return reader.error().message;
    const Contents contents = read_all(*reader);
    if (!contents.errors.empty()) return contents.errors.front();
    return contents.exchanges.size() >= crash.acknowledged && reader->torn() ? "read" : "something is missing";
  });
  std::filesystem::permissions(folder.path(), perms::owner_all);
  EXPECT_EQ(seen, "read");
}

// A file-size limit stands for the full disk: it fails the same calls.
TEST(CaptureWriter, AFullDiskIsAnErrorAndTheWriterGoesOnWhenThereIsRoom) {
  const Folder folder;
  const std::string path = folder.file("a.traffic");
  const std::string seen = in_child([&]() -> std::string {
    ::signal(SIGXFSZ, SIG_IGN);
    auto writer = CaptureWriter::create(path, {});
    if (!writer || !writer->append(exchange_number(1)) || !writer->commit()) return "cannot begin";
    rlimit unlimited{};
    ::getrlimit(RLIMIT_FSIZE, &unlimited);
    rlimit small = unlimited;
    small.rlim_cur = 200'000;
    ::setrlimit(RLIMIT_FSIZE, &small);
    std::uint64_t taken = 1;
    while (writer->append(exchange_number(taken + 1, 60'000))) ++taken;  // ends: what is pending has a limit
    if (taken < 50 || taken > 300) return fmt::format("{} exchanges were taken", taken);
    writer->count("dropped: disk full", 1, 60'000);
    const auto full = writer->commit();
    if (full) return "a full disk took everything";
    if (!full.error().message.contains(path)) return full.error().message;
    if (writer->close()) return "closed on a full disk";
    if (writer->append(exchange_number(taken + 1, 60'000))) return "took more than the limit";
    ::setrlimit(RLIMIT_FSIZE, &unlimited);
    if (writer->append(exchange_number(taken + 1, 60'000))) return "tried the disk before its time";
    if (const auto committed = writer->commit(); !committed) return committed.error().message;
    if (!writer->append(exchange_number(taken + 1, 60'000))) return "took nothing when there was room";
    if (const auto closed = writer->close(); !closed) return closed.error().message;
    auto reader = CaptureReader::open(path);
    if (!reader || reader->torn() || reader->exchanges() != taken + 1) return "not whole";
    const Contents contents = read_all(*reader);
    for (std::uint64_t i = 1; i <= taken + 1; ++i) {
      if (contents.exchanges.at(i - 1) != exchange_number(i, i == 1 ? 700 : 60'000))
        return fmt::format("exchange {} differs", i);
    }
    if (reader->account().at("dropped: disk full") != Tally{1, 60'000}) return "the account is wrong";
    return "as it should be";
  });
  EXPECT_EQ(seen, "as it should be");
}

TEST(CaptureWriter, AWriterThatIsNotClosedLeavesATornFile) {
  const Folder folder;
  {
    auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append(exchange_number(1)));
    ASSERT_TRUE(writer->commit());
    ASSERT_TRUE(writer->append(exchange_number(2)));
  }
  auto reader = CaptureReader::open(folder.file("a.traffic"));
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->torn());
  EXPECT_EQ(reader->exchanges(), 1U);
}

}  // namespace
}  // namespace stormproof::replay
