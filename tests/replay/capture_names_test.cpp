#include "replay/capture_names.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

TEST(CaptureNames, WithoutNumbersItIsTheNameItself) {
  const Folder folder;
  CaptureNames names(folder.file("x.traffic"), false);
  EXPECT_EQ(names.next(), folder.file("x.traffic"));
  names.take();
  EXPECT_EQ(names.next(), folder.file("x.traffic")) << "it is free again";
  write_bytes(folder.file("x.traffic-wal"), "");
  EXPECT_EQ(names.next(), folder.file("x-000001.traffic")) << "SQLite would take what stands there for its own";
}

TEST(CaptureNames, NumbersGoUpOnly) {
  const Folder folder;
  CaptureNames names(folder.file("x.traffic"), true);
  EXPECT_EQ(names.next(), folder.file("x-000001.traffic"));
  EXPECT_EQ(names.next(), folder.file("x-000001.traffic")) << "it was not made";
  names.take();
  EXPECT_EQ(names.next(), folder.file("x-000002.traffic")) << "the first may be gone: its number is not given again";
  std::filesystem::create_symlink("nowhere", folder.file("x-000002.traffic"));
  write_bytes(folder.file("x-000003.traffic-shm"), "");
  EXPECT_EQ(names.next(), folder.file("x-000004.traffic"));
}

TEST(CaptureNames, TheyBeginBehindTheHighestThatIsThere) {
  const Folder folder;
  write_bytes(folder.file("x-000007.traffic"), "");
  write_bytes(folder.file("x-1000000.traffic-wal"), "");
  write_bytes(folder.file("x-99999999999999999999999.traffic"), "");  // above any number
  write_bytes(folder.file("x-18446744073709551615.traffic"), "");
  write_bytes(folder.file("x-2000000.other"), "");
  write_bytes(folder.file("xy-2000000.traffic"), "");
  EXPECT_EQ(CaptureNames(folder.file("x.traffic"), true).next(), folder.file("x-1000001.traffic"));
}

TEST(CaptureNames, ANameMayHaveNoEndingOrFolder) {
  EXPECT_EQ(CaptureNames("no-such-capture", true).next(), "no-such-capture-000001");
  EXPECT_EQ(CaptureNames("no-such-folder/a.b.c", true).next(), "no-such-folder/a.b-000001.c");
}

}  // namespace
}  // namespace stormproof::replay
