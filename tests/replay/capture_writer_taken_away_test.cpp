// A capture whose file is renamed or removed while it is written.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "replay/capture_reader.h"
#include "replay/capture_writer.h"
#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

TEST(CaptureWriterTakenAway, ARenamedFileIsWholeOnceItIsClosed) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer);
  for (std::uint64_t i = 1; i <= 600; ++i) ASSERT_TRUE(writer->append(exchange_number(i)));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(writer->place(), WatchedFile::Place::here);
  std::filesystem::rename(folder.file("a.traffic"), folder.file("b.traffic"));
  EXPECT_EQ(writer->place(), WatchedFile::Place::renamed);
  ASSERT_TRUE(writer->append(exchange_number(601)));
  ASSERT_TRUE(writer->commit());
  ASSERT_TRUE(writer->append(exchange_number(602)));
  const auto closed = writer->close();
  ASSERT_TRUE(closed) << closed.error().message;
  EXPECT_EQ(folder.files().size(), 1U) << "nothing is left under the old name";
  auto reader = CaptureReader::open(folder.file("b.traffic"));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_FALSE(reader->torn());
  const Contents contents = read_all(*reader);
  ASSERT_EQ(contents.exchanges.size(), 602U);
  for (std::uint64_t i = 1; i <= 602; ++i) ASSERT_TRUE(contents.exchanges[i - 1] == exchange_number(i)) << i;
}

// Whoever takes the name meanwhile keeps his file and what he has beside it.
TEST(CaptureWriterTakenAway, WhatHasTakenTheNameOfARenamedFileStays) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->append(exchange_number(1)));
  ASSERT_TRUE(writer->commit());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::rename(folder.file("a.traffic") + suffix, folder.file("b.traffic") + suffix);
    write_bytes(folder.file("a.traffic") + suffix, "mine");
  }
  ASSERT_TRUE(writer->close());
  for (const char* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(read_bytes(folder.file("a.traffic") + suffix), "mine");
  auto reader = CaptureReader::open(folder.file("b.traffic"));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_FALSE(reader->torn());
  EXPECT_EQ(reader->exchanges(), 1U);
}

TEST(CaptureWriterTakenAway, ARenamedFileThatIsReadIsClosedOnceItsReaderEnds) {
  const Folder folder;
  const std::string seen = in_child([&]() -> std::string {
    auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
    if (!writer || !writer->append(exchange_number(1)) || !writer->commit()) return "cannot begin";
    int ends[2];
    int opened[2];
    if (::pipe(ends) != 0 || ::pipe(opened) != 0) return "no pipe";
    const pid_t reading = ::fork();
    if (reading == 0) {
      ::close(ends[1]);
      const auto reader = CaptureReader::open(folder.file("a.traffic"));
      char byte = reader ? 'y' : 'n';
      if (::write(opened[1], &byte, 1) == 1) static_cast<void>(::read(ends[0], &byte, 1));
      _exit(0);
    }
    char byte = 0;
    if (::read(opened[0], &byte, 1) != 1 || byte != 'y') return "cannot read";
    std::filesystem::rename(folder.file("a.traffic"), folder.file("b.traffic"));
    if (!writer->append(exchange_number(2))) return "cannot append";
    const auto refused = writer->close();
    if (refused || !refused.error().message.contains("renamed while somebody reads it")) return "closed under a reader";
    ::close(ends[1]);
    ::waitpid(reading, nullptr, 0);
    if (const auto closed = writer->close(); !closed) return closed.error().message;
    auto reader = CaptureReader::open(folder.file("b.traffic"));
    if (!reader || reader->torn() || reader->exchanges() != 2) return "not whole";
    return "as it should be";
  });
  EXPECT_EQ(seen, "as it should be");
}

TEST(CaptureWriterTakenAway, ARemovedFileLeavesNothingWhenItIsAbandoned) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->append(exchange_number(1)));
  ASSERT_TRUE(writer->commit());
  std::filesystem::remove(folder.file("a.traffic"));
  EXPECT_EQ(writer->place(), WatchedFile::Place::removed);
  writer->abandon();
  EXPECT_TRUE(folder.files().empty());
  EXPECT_EQ(writer->account().at("recorded").count, 1U);
  EXPECT_TRUE(CaptureWriter::create(folder.file("a.traffic"), {}));
}

}  // namespace
}  // namespace stormproof::replay
