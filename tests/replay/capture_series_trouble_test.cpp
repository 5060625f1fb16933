// A recording whose disk is full, and whose files are taken away: everything that was brought is in a file or counted.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/replay/series_run.h"

namespace stormproof::replay {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace fs = std::filesystem;

TEST_F(CaptureSeriesTest, ARenamedFileIsWholeAndTheRecordingGoesOnInANewOne) {
  start({});
  for (int i = 0; i < 20; ++i) add();
  pass(seconds(1));
  for (int i = 0; i < 5; ++i) add();  // not committed yet
  fs::rename(folder_.file("x.traffic"), folder_.file("y.traffic"));
  pass(seconds(1));
  EXPECT_THAT(read("y.traffic"), SizeIs(25)) << "at once";
  for (int i = 0; i < 3; ++i) add();
  const Account account = close();
  EXPECT_EQ(account, (Account{{"recorded", {28, bytes_}}}));
  EXPECT_THAT(read("x.traffic"), SizeIs(3));
  EXPECT_THAT(names(), ElementsAre("x.traffic", "y.traffic"));
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_THAT(told_[0], HasSubstr("x.traffic was renamed while it is recorded, and is closed where it stands now; the "
                                  "recording goes on in "));
  EXPECT_EQ(meta("x.traffic").at("file"), "2");
}

TEST_F(CaptureSeriesTest, WhatHasTakenTheNameStays) {
  start({});
  add();
  fs::rename(folder_.file("x.traffic"), folder_.file("y.traffic"));
  write_bytes(folder_.file("x.traffic"), "somebody's");
  pass(seconds(1));
  add();
  EXPECT_EQ(close().at("recorded").count, 2u);
  EXPECT_EQ(read_bytes(folder_.file("x.traffic")), "somebody's");
  EXPECT_THAT(read("y.traffic"), SizeIs(1));
  EXPECT_THAT(read("x-000001.traffic"), SizeIs(1));
}

TEST_F(CaptureSeriesTest, LargeBodiesThatARenameCutsAreCounted) {
  start({});
  const std::uint64_t large = begin_large(300'000);
  add();
  fs::rename(folder_.file("x.traffic"), folder_.file("y.traffic"));
  pass(seconds(1));
  more_of_large(large, 300'000);
  end_large(large);
  const std::uint64_t after = begin_large(300'000);
  end_large(after);
  const Account account = close();
  EXPECT_EQ(account.at("recorded").count, 2u);
  EXPECT_EQ(account.at("dropped: file renamed while its body came").count, 1u);
  EXPECT_EQ(account.at("recorded").bytes + account.at("dropped: file renamed while its body came").bytes, bytes_);
  EXPECT_THAT(read("y.traffic"), SizeIs(1));
  const auto exchanges = read("x.traffic");
  ASSERT_THAT(exchanges, SizeIs(1));
  EXPECT_EQ(exchanges[0].id, after);
}

TEST_F(CaptureSeriesTest, WhatARemovedFileHeldIsCountedAndTheRecordingGoesOn) {
  start({});
  for (int i = 0; i < 20; ++i) add();
  series_->count("dropped: queue full", 2, 20);
  pass(seconds(1));
  for (int i = 0; i < 5; ++i) add();
  const std::uint64_t large = begin_large(300'000);
  fs::remove(folder_.file("x.traffic"));
  pass(seconds(1));
  end_large(large);
  for (int i = 0; i < 3; ++i) add();
  const Account account = close();
  EXPECT_EQ(account.at("recorded").count, 3u);
  EXPECT_EQ(account.at("dropped: file removed").count, 26u);
  EXPECT_EQ(account.at("recorded").bytes + account.at("dropped: file removed").bytes, bytes_);
  EXPECT_EQ(account.at("dropped: queue full"), (Tally{2, 20}));
  EXPECT_EQ(account_of("x.traffic"), account) << "the loss stands in the file that is there";
  EXPECT_THAT(names(), ElementsAre("x.traffic"));
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_THAT(told_[0],
              HasSubstr("was removed while it is recorded, and the 25 exchanges in it are lost; the recording "
                        "goes on in "));
}

TEST_F(CaptureSeriesTest, AFolderThatIsGoneIsTriedAgainUntilItIsThere) {
  fs::create_directory(folder_.file("in"));
  auto series = CaptureSeries::start(folder_.file("in/x.traffic"), {}, {}, now_,
                                     [this](const std::string& what) { told_.push_back(what); });
  ASSERT_TRUE(series);
  series_ = std::make_unique<CaptureSeries>(std::move(*series));
  add();
  fs::remove_all(folder_.file("in"));
  pass(seconds(1));
  add();
  pass(seconds(3));
  ASSERT_THAT(told_, SizeIs(2));
  EXPECT_THAT(told_[0], HasSubstr("x.traffic: No such file or directory"));
  EXPECT_THAT(told_[1], HasSubstr("a new file is tried every second"));
  fs::create_directory(folder_.file("in"));
  pass(seconds(1));
  add();
  pass(CaptureSeries::calm_after);
  ASSERT_THAT(told_, SizeIs(3));
  EXPECT_THAT(told_[2], HasSubstr("recording goes on; 1 exchanges were lost meanwhile"));
  const Account account = close();
  EXPECT_EQ(account.at("recorded").count, 1u);
  EXPECT_EQ(account.at("dropped: file removed").count, 1u);
  EXPECT_EQ(account.at("dropped: disk trouble").count, 1u);
  EXPECT_EQ(account_of("in/x.traffic"), account);
}

TEST_F(CaptureSeriesTest, ClosingWithoutAFolderIsAnErrorAndTheAccountIsRight) {
  fs::create_directory(folder_.file("in"));
  auto series = CaptureSeries::start(folder_.file("in/x.traffic"), {}, {}, now_, [](const std::string&) {});
  ASSERT_TRUE(series);
  series_ = std::make_unique<CaptureSeries>(std::move(*series));
  add();
  fs::remove_all(folder_.file("in"));
  EXPECT_FALSE(series_->close());
  EXPECT_EQ(series_->account(), (Account{{"recorded", {0, 0}}, {"dropped: file removed", {1, bytes_}}}));
}

TEST_F(CaptureSeriesTest, AFullDiskCostsWhatDoesNotFitTheMemoryAndIsToldOnceATime) {
  start({});
  const std::uint64_t across = begin_large(300'000);
  for (int round = 0; round < 2; ++round) {
    {
      const Limit full(RLIMIT_FSIZE, 300'000);
      for (int i = 0; i < 15; ++i) {
        add(1'000'000);
        pass(CaptureSeries::look_every);
      }
      if (round == 0) more_of_large(across, 300'000);
    }
    pass(seconds(1));
    add();
    pass(CaptureSeries::calm_after);
  }
  end_large(across);
  const Account account = close();
  const std::uint64_t dropped = account.at("dropped: disk trouble").count;
  EXPECT_GE(dropped, 2 * 5u + 1);
  EXPECT_LE(dropped, 2 * 9u + 1);
  EXPECT_EQ(account.at("recorded").count + dropped, last_id_);
  EXPECT_EQ(account.at("recorded").bytes + account.at("dropped: disk trouble").bytes, bytes_);
  const auto exchanges = read("x.traffic");
  EXPECT_EQ(exchanges.size(), account.at("recorded").count);
  for (const Exchange& exchange : exchanges) {
    EXPECT_NE(exchange.id, across) << "a body with a hole in it is not recorded";
    EXPECT_TRUE(exchange.response.body == noise(exchange.id, exchange.response.body.size()));
  }
  ASSERT_THAT(told_, SizeIs(4));
  for (const std::size_t told : {0u, 2u}) EXPECT_THAT(told_[told], HasSubstr("x.traffic: "));
  for (const std::size_t told : {1u, 3u}) EXPECT_THAT(told_[told], HasSubstr("recording goes on; "));
}

// SQLite's own seam for that: its calls to the system, one by one.
ssize_t no_write(int, const void*, size_t, off_t) {
  errno = EIO;
  return -1;
}

int no_open(const char*, int, int) {
  errno = EMFILE;
  return -1;
}

class Failing {
 public:
  template <typename Call>
  Failing(std::vector<const char*> names, Call* call) : vfs_(sqlite3_vfs_find(nullptr)), names_(std::move(names)) {
    for (const char* name : names_) vfs_->xSetSystemCall(vfs_, name, reinterpret_cast<sqlite3_syscall_ptr>(call));
  }
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;
  ~Failing() {
    for (const char* name : names_) vfs_->xSetSystemCall(vfs_, name, nullptr);
  }

 private:
  sqlite3_vfs* vfs_;
  std::vector<const char*> names_;
};

TEST_F(CaptureSeriesTest, WhereTheNextFileCannotBeMadeTheOldOneGoesOn) {
  start({.every = minutes(1)});
  add();
  {
    const Failing opening({"open"}, no_open);
    pass(minutes(1));
    add();
    pass(seconds(5));
  }
  EXPECT_EQ(series_->files_made(), 1u);
  EXPECT_THAT(names(), ::testing::Not(::testing::Contains("x-000002.traffic"))) << "nothing half-made stays";
  ASSERT_THAT(told_, SizeIs(1)) << "once, though it was tried every second";
  EXPECT_THAT(told_[0], HasSubstr("x-000002.traffic: unable to open database file (Too many open files)"));
  pass(seconds(1));
  EXPECT_EQ(series_->files_made(), 2u);
  add();
  EXPECT_EQ(close(), (Account{{"recorded", {3, bytes_}}}));
  EXPECT_THAT(read("x-000001.traffic"), SizeIs(2));
}

TEST_F(CaptureSeriesTest, ADiskThatFailsLosesNothingThatFitsTheMemory) {
  start({.every = minutes(1)});
  for (int i = 0; i < 20; ++i) add(20'000);
  const std::uint64_t large = begin_large(300'000);
  pass(seconds(1));
  {
    const Failing writing({"pwrite", "pwrite64"}, no_write);
    for (int i = 0; i < 20; ++i) add(20'000);
    more_of_large(large, 300'000);
    pass(minutes(2));
    add();
  }
  pass(CaptureSeries::calm_after);
  end_large(large);
  ASSERT_THAT(told_, SizeIs(3));
  EXPECT_THAT(told_[0], HasSubstr("x-000001.traffic: disk I/O error (Input/output error)"));
  EXPECT_THAT(told_[1], HasSubstr("x-000002.traffic: disk I/O error (Input/output error)")) << "it was to be rotated";
  EXPECT_THAT(told_[2], HasSubstr("recording goes on; 0 exchanges were lost meanwhile"));
  EXPECT_EQ(close(), (Account{{"recorded", {42, bytes_}}}));
  std::uint64_t recorded = 0;
  for (const std::string& name : names()) {
    for (const Exchange& exchange : read(name)) {
      ++recorded;
      if (exchange.id == large) EXPECT_TRUE(exchange.response.body == body_of_large(large, 600'000) + "the end");
      else EXPECT_TRUE(exchange.response.body == noise(exchange.id, exchange.response.body.size()));
    }
  }
  EXPECT_EQ(recorded, 42u);
}

// A file that is due while the disk is full waits for it, and nothing is lost by that.
TEST_F(CaptureSeriesTest, ARotationOnAFullDiskWaits) {
  start({.every = minutes(1)});
  add();
  pass(seconds(1));
  {
    const Limit full(RLIMIT_FSIZE, 1'000);
    add();
    pass(minutes(2));
    add();
  }
  pass(seconds(2));
  add();
  EXPECT_EQ(close(), (Account{{"recorded", {4, bytes_}}}));
  for (const std::string& name : names()) EXPECT_FALSE(reads_as_torn(name)) << name;
  EXPECT_THAT(names(), SizeIs(2));
}

// What could not be written when it ends is not called recorded.
TEST_F(CaptureSeriesTest, TheAccountOfARecordingThatCannotBeClosedSaysWhatIsOnTheDisk) {
  start({});
  for (int i = 0; i < 10; ++i) add(100'000);
  pass(seconds(1));
  const Limit full(RLIMIT_FSIZE, 1'000);
  for (int i = 0; i < 5; ++i) add(100'000);
  EXPECT_FALSE(series_->close());
  const Account account = series_->account();
  EXPECT_EQ(account.at("recorded").count, 10u);
  EXPECT_EQ(account.at("dropped: disk trouble").count, 5u);
  EXPECT_EQ(account.at("recorded").bytes + account.at("dropped: disk trouble").bytes, bytes_);
}

}  // namespace
}  // namespace stormproof::replay
