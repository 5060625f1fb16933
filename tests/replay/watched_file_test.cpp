#include "replay/watched_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

using Place = WatchedFile::Place;

TEST(WatchedFile, IsMadeOnlyWhereNothingStands) {
  const Folder folder;
  const auto made = WatchedFile::create(folder.file("a"));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->place(), Place::here);
  EXPECT_EQ(folder.files(), (std::map<std::string, std::string>{{"a", ""}}));
  EXPECT_FALSE(WatchedFile::create(folder.file("a")));
  EXPECT_FALSE(WatchedFile::create(folder.file("no/a")));
}

TEST(WatchedFile, SaysWhereItStands) {
  const Folder folder;
  const auto file = WatchedFile::create(folder.file("a"));
  ASSERT_TRUE(file);
  std::filesystem::rename(folder.file("a"), folder.file("b"));
  EXPECT_EQ(file->place(), Place::renamed);
  write_bytes(folder.file("a"), "another");
  EXPECT_EQ(file->place(), Place::renamed) << "its name means another file now";
  std::filesystem::remove(folder.file("a"));
  std::filesystem::rename(folder.file("b"), folder.file("a"));
  EXPECT_EQ(file->place(), Place::here);
  std::filesystem::create_hard_link(folder.file("a"), folder.file("c"));
  std::filesystem::remove(folder.file("a"));
  EXPECT_EQ(file->place(), Place::renamed) << "it lives on under its other name";
  std::filesystem::remove(folder.file("c"));
  EXPECT_EQ(file->place(), Place::removed);
}

TEST(WatchedFile, ItsFolderMayGoAway) {
  const Folder folder;
  std::filesystem::create_directory(folder.file("in"));
  const auto file = WatchedFile::create(folder.file("in/a"));
  ASSERT_TRUE(file);
  std::filesystem::rename(folder.file("in"), folder.file("out"));
  EXPECT_EQ(file->place(), Place::renamed);
  std::filesystem::remove_all(folder.file("out"));
  EXPECT_EQ(file->place(), Place::removed);
}

TEST(WatchedFile, RemovesItselfAndNoOther) {
  const Folder folder;
  const auto file = WatchedFile::create(folder.file("a"));
  ASSERT_TRUE(file);
  std::filesystem::rename(folder.file("a"), folder.file("b"));
  write_bytes(folder.file("a"), "another");
  file->remove();
  EXPECT_EQ(folder.files().size(), 2u);
  std::filesystem::rename(folder.file("b"), folder.file("a"));
  file->remove();
  EXPECT_TRUE(folder.files().empty());
}

TEST(WatchedFile, OfNoFileIsRemoved) {
  const Folder folder;
  EXPECT_EQ(WatchedFile::open(folder.file("none")).place(), Place::removed);
  EXPECT_EQ(WatchedFile().place(), Place::removed);
  WatchedFile().remove();
}

}  // namespace
}  // namespace stormproof::replay
