// What the recorder does when its disk fails it, and when its file is taken away.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

#include "tests/replay/limit.h"
#include "tests/replay/tapping.h"

namespace stormproof::replay {
namespace {

using wire::Part;

TEST_F(RecorderTest, AFullDiskIsToldOnceCountedAndLeavesNoHoles) {
  start();
  const std::string piece = noise(9, 1 << 20);
  std::uint64_t ended = 0;
  const auto whole_ones = [&](int count) {
    for (int i = 0; i < count; ++i, ++ended) exchange(piece);
  };
  wire::Tap* const across = begin();  // begun before the trouble, ended after it
  across->bytes(Part::request_head, get_head);
  across->bytes(Part::response_head, ok_head);
  across->bytes(Part::response_body, piece);
  {
    const Limit full(RLIMIT_FSIZE, 2 << 20);
    whole_ones(12);  // more than the writer keeps for better times
    ASSERT_TRUE(is_told(1));
    clock_.let_it_work();
    across->bytes(Part::response_body, piece);  // lost
    whole_ones(2);
    clock_.let_it_work();
  }
  clock_.let_it_work();
  across->bytes(Part::response_body, piece);
  end(across);
  ++ended;
  for (int i = 0; i < 3; ++i, ++ended) exchange("after");
  const Account account = finish();
  ASSERT_EQ(told().size(), 1u) << told().back();
  EXPECT_NE(told()[0].find(path_), std::string::npos) << told()[0];
  EXPECT_EQ(count_of(account, "recorded") + count_of(account, "dropped: disk trouble"), ended);
  EXPECT_GE(count_of(account, "dropped: disk trouble"), 3u) << "the one with the hole and the two after it";
  const auto exchanges = read();
  EXPECT_FALSE(torn_) << "the disk had room again before the end";
  EXPECT_EQ(exchanges.size(), count_of(account, "recorded"));
  std::size_t after = 0;
  for (const Exchange& each : exchanges) {
    EXPECT_NE(each.id, 1u) << "a body with a hole in it is not recorded";
    if (each.response.body == "after") ++after;
    else EXPECT_TRUE(each.response.body == piece) << each.id;
  }
  EXPECT_EQ(after, 3u) << "it goes on when the disk has room again";
}

// A real file system without room, in a namespace of a child's own; more room is given to it later.
TEST_F(RecorderTest, AFileSystemThatIsFullAndGetsRoomAgain) {
  const std::string seen = in_child([&]() -> std::string {
    const char* const here = folder_.path().c_str();
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", here, "tmpfs", 0, "size=1m") != 0)
      return "not permitted";
    start();
    std::uint64_t ended = 0;
    for (; ended < 200; ++ended) exchange(noise(ended, 100'000));  // 20 MB; the writer keeps 8 MiB for better times
    if (!is_told(1)) return "nothing was told";
    clock_.let_it_work();
    if (::mount(nullptr, here, nullptr, MS_REMOUNT, "size=64m") != 0) return "cannot give room";
    clock_.let_it_work();
    for (; ended < 210; ++ended) exchange(noise(ended, 100'000));
    const Account account = finish();
    const auto exchanges = read();
    const std::uint64_t recorded = count_of(account, "recorded");
    const std::uint64_t dropped = count_of(account, "dropped: disk trouble");
    if (told().size() != 1 || !told()[0].contains("full")) return fmt::format("{} lines: {}", told().size(), told()[0]);
    if (torn_ || exchanges.size() != recorded || recorded + dropped != ended)
      return fmt::format("{} are there, {} recorded, {} dropped", exchanges.size(), recorded, dropped);
    if (dropped < 50 || recorded < 60) return fmt::format("{} recorded, {} dropped", recorded, dropped);
    for (const Exchange& each : exchanges) {
      if (each.response.body != noise(each.id - 1, 100'000)) return fmt::format("exchange {} differs", each.id);
    }
    return exchanges.back().id == ended ? "as it should be" : "it did not go on";
  });
  if (seen == "not permitted") GTEST_SKIP() << "to mount a file system is not permitted here";
  EXPECT_EQ(seen, "as it should be");
}

TEST_F(RecorderTest, AFileThatIsRenamedOrRemovedDisturbsNothing) {
  start();
  exchange("first");
  clock_.let_it_work();
  std::filesystem::rename(path_, folder_.file("renamed.traffic"));
  ASSERT_TRUE(is_told(1));
  exchange("second");
  clock_.let_it_work();
  std::filesystem::remove(path_);
  ASSERT_TRUE(is_told(2));
  exchange("third");
  const Account account = finish();
  EXPECT_EQ(account.at("recorded").count, 2u);
  EXPECT_EQ(account.at("dropped: file removed").count, 1u);
  for (const auto& [file, body] : {std::pair{folder_.file("renamed.traffic"), "first"}, {path_, "third"}}) {
    const auto exchanges = read(file);
    ASSERT_EQ(exchanges.size(), 1u) << file;
    EXPECT_EQ(exchanges[0].response.body, body);
    EXPECT_FALSE(torn_);
  }
}

}  // namespace
}  // namespace stormproof::replay
