#include "replay/capture_series.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "tests/replay/fixtures.h"
#include "tests/replay/series_run.h"

namespace stormproof::replay {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(CaptureSeriesTest, WithoutRotationItIsOneFile) {
  start({});
  for (int i = 0; i < 50; ++i) add(1'000);
  pass(minutes(60));
  const Account account = close();
  EXPECT_THAT(folder_.files(), SizeIs(1));
  EXPECT_THAT(read("x.traffic"), SizeIs(50));
  EXPECT_EQ(account, (Account{{"recorded", {50, bytes_}}}));
  EXPECT_EQ(meta("x.traffic").count("file"), 0u);
}

TEST_F(CaptureSeriesTest, ASizeThatIsReachedBeginsTheNextFile) {
  start({.bytes = 400'000});
  for (int i = 0; i < 24; ++i) {
    add(50'000);
    if (i % 2 == 1) pass(seconds(1));
  }
  const Account account = close();
  EXPECT_EQ(account, (Account{{"recorded", {24, bytes_}}}));
  std::uint64_t next = 1;
  Account sum;
  const auto files = folder_.files();
  EXPECT_GE(files.size(), 3u);
  for (const auto& [name, content] : files) {
    EXPECT_LE(content.size(), 400'000u + 150'000u) << "what came until the next look";
    for (const Exchange& exchange : read(name)) EXPECT_EQ(exchange.id, next++) << name;
    for (const auto& [cause, tally] : account_of(name)) {
      sum[cause].count += tally.count;
      sum[cause].bytes += tally.bytes;
    }
  }
  EXPECT_EQ(sum, account) << "each file has its own account, and they add up";
  EXPECT_EQ(files.begin()->first, "x-000001.traffic");
  EXPECT_EQ(meta("x-000002.traffic").at("file"), "2");
  EXPECT_EQ(meta("x-000002.traffic").at("source"), "test");
  EXPECT_EQ(series_->files_made(), files.size());
  EXPECT_THAT(told_, SizeIs(0));
}

TEST_F(CaptureSeriesTest, ATimeThatHasPassedBeginsTheNextFileUnlessThereIsNothingInIt) {
  start({.every = minutes(1)});
  pass(minutes(5));
  EXPECT_EQ(series_->files_made(), 1u) << "an empty one is not followed by another";
  add();
  pass(seconds(1));
  EXPECT_EQ(series_->files_made(), 2u);
  add();
  pass(seconds(58));
  EXPECT_EQ(series_->files_made(), 2u);
  series_->count("dropped: queue full", 3, 30);
  pass(seconds(2));
  EXPECT_EQ(series_->files_made(), 3u);
  EXPECT_EQ(close().at("recorded").count, 2u);
  EXPECT_THAT(read("x-000001.traffic"), SizeIs(1));
  EXPECT_EQ(account_of("x-000002.traffic").at("dropped: queue full"), (Tally{3, 30})) << "counted where it happened";
  EXPECT_THAT(read("x-000003.traffic"), SizeIs(0));
}

// No exchange is torn at a seam: the one that is begun ends where it began, and others do not wait for it.
TEST_F(CaptureSeriesTest, ALargeBodyEndsInTheFileThatItBeganIn) {
  start({.every = minutes(1)});
  const std::uint64_t large = begin_large(300'000);
  add();
  pass(minutes(1));
  EXPECT_EQ(series_->files_made(), 2u);
  add();
  more_of_large(large, 300'000);
  pass(minutes(1));
  EXPECT_EQ(series_->files_made(), 3u);
  add();
  end_large(large);
  pass(seconds(1));
  add();
  EXPECT_EQ(close(), (Account{{"recorded", {5, bytes_}}}));
  const auto first = read("x-000001.traffic");
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[1].id, large);
  EXPECT_TRUE(first[1].response.body == body_of_large(large, 600'000) + "the end");
  EXPECT_THAT(read("x-000002.traffic"), SizeIs(1));
  EXPECT_THAT(read("x-000003.traffic"), SizeIs(2));
}

TEST_F(CaptureSeriesTest, ABodyThatDoesNotEndIsDroppedAfterAStatedTime) {
  start({.every = minutes(1)});
  const std::uint64_t large = begin_large(300'000);
  pass(minutes(1));
  add();
  pass(CaptureSeries::lingering_max - minutes(1));
  EXPECT_TRUE(reads_as_torn("x-000001.traffic"));
  pass(minutes(1));
  more_of_large(large, 300'000);
  end_large(large);
  const Account account = close();
  EXPECT_EQ(account.at("recorded").count, 1u);
  EXPECT_EQ(account.at("dropped: body not ended long after a rotation").count, 1u);
  EXPECT_EQ(account.at("recorded").bytes + account.at("dropped: body not ended long after a rotation").bytes, bytes_);
  EXPECT_EQ(account_of("x-000001.traffic").at("body without its exchange"), (Tally{1, 300'000}));
}

TEST_F(CaptureSeriesTest, OnlySoManyFilesWaitForTheirBodies) {
  start({.every = seconds(10)});
  std::vector<std::uint64_t> large;
  for (std::size_t i = 0; i < CaptureSeries::lingering_files_max + 3; ++i) {
    large.push_back(begin_large(1'000));
    pass(seconds(10));
  }
  for (const std::uint64_t id : large) end_large(id);
  const Account account = close();
  EXPECT_EQ(account.at("dropped: body not ended long after a rotation").count, 3u);
  EXPECT_EQ(account.at("recorded").count, CaptureSeries::lingering_files_max);
  for (const auto& [name, content] : folder_.files()) EXPECT_FALSE(reads_as_torn(name)) << name;
}

TEST_F(CaptureSeriesTest, WhatIsGivenUpHoldsNoFileOpen) {
  start({.every = minutes(1)});
  const std::uint64_t large = begin_large(300'000);
  pass(minutes(1));
  series_->give_up(large);
  pass(seconds(1));
  EXPECT_FALSE(reads_as_torn("x-000001.traffic"));
  close();
}

TEST_F(CaptureSeriesTest, TheOldestFilesGoBeyondANumber) {
  write_bytes(folder_.file("x-000001.traffic"), "of an earlier recording");
  start({.every = minutes(1), .keep_files = 3});
  for (int i = 0; i < 8; ++i) {
    add();
    pass(minutes(1));
  }
  add();
  const Account account = close();
  EXPECT_EQ(account.at("recorded").count, 9u) << "they were recorded";
  EXPECT_THAT(names(), ElementsAre("x-000001.traffic", "x-000008.traffic", "x-000009.traffic", "x-000010.traffic"));
  EXPECT_EQ(series_->files_deleted(), 6u);
  EXPECT_EQ(read_bytes(folder_.file("x-000001.traffic")), "of an earlier recording");
}

TEST_F(CaptureSeriesTest, TheOldestFilesGoBeyondASize) {
  start({.bytes = 400'000, .keep_bytes = 2'000'000});
  for (int i = 0; i < 12; ++i) {
    add(400'000);
    pass(seconds(1));
  }
  close();
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : folder_.files()) bytes += content.size();
  EXPECT_LE(bytes, 2'000'000u);
  EXPECT_GE(bytes, 1'000'000u);
  EXPECT_GT(series_->files_deleted(), 5u);
}

TEST_F(CaptureSeriesTest, RetentionTouchesNothingThatIsNotOurs) {
  start({.every = minutes(1), .keep_files = 2});
  for (int i = 0; i < 2; ++i) {
    add();
    pass(minutes(1));
  }
  std::filesystem::remove(folder_.file("x-000002.traffic"));
  write_bytes(folder_.file("x-000002.traffic"), "somebody's");
  for (int i = 0; i < 4; ++i) {
    add();
    pass(minutes(1));
  }
  close();
  EXPECT_EQ(read_bytes(folder_.file("x-000002.traffic")), "somebody's");
}

}  // namespace
}  // namespace stormproof::replay
