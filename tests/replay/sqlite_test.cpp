#include "replay/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

using ::testing::HasSubstr;

TEST(Sqlite, OpensOnlyFilesThatAreThere) {
  const Folder folder;
  const auto missing = Database::open(folder.file("none"), Database::Mode::write);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("none: unable to open database file (No such file or directory)"));
  EXPECT_TRUE(folder.files().empty());
}

TEST(Sqlite, NamesWithSignsOfUrisAreNamesOfFiles) {
  const Folder folder;
  const std::string path = folder.file("a?mode=memory#50%25 ü.db");
  write_bytes(path, "");
  auto database = Database::open(path, Database::Mode::write);
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->run("CREATE TABLE t(a)"));
  EXPECT_GT(read_bytes(path).size(), 0U);
}

TEST(Sqlite, KeepsBytesAndNumbers) {
  const Folder folder;
  write_bytes(folder.file("x"), "");
  auto database = Database::open(folder.file("x"), Database::Mode::write);
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->run("CREATE TABLE t(n INTEGER NOT NULL, b BLOB NOT NULL)"));
  auto insert = database->prepare("INSERT INTO t VALUES(?,?)");
  ASSERT_TRUE(insert);
  const std::string blob("a\0b\xff", 4);
  ASSERT_TRUE(insert->bind(1, INT64_MIN).bind_blob(2, blob).run());
  ASSERT_TRUE(insert->bind(1, 2).bind_blob(2, std::string_view()).run());
  auto rows = database->prepare("SELECT n, b FROM t ORDER BY n");
  ASSERT_TRUE(rows);
  ASSERT_TRUE(rows->step().value_or(false));
  EXPECT_EQ(rows->integer(0), INT64_MIN);
  EXPECT_EQ(rows->bytes(1), blob);
  ASSERT_TRUE(rows->step().value_or(false));
  EXPECT_EQ(rows->bytes(1), "");
  EXPECT_FALSE(rows->step().value_or(true));
  rows->reset();
  EXPECT_EQ(database->integer("SELECT count(*) FROM t"), 2);
}

TEST(Sqlite, ErrorsNameTheFileAndLeaveItUsable) {
  const Folder folder;
  write_bytes(folder.file("x"), "");
  auto database = Database::open(folder.file("x"), Database::Mode::write);
  ASSERT_TRUE(database);
  const auto wrong = database->prepare("SELECT nonsense");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr(folder.file("x") + ": no such column: nonsense"));
  ASSERT_TRUE(database->run("CREATE TABLE t(a PRIMARY KEY); INSERT INTO t VALUES(1)"));
  auto insert = database->prepare("INSERT INTO t VALUES(?)");
  ASSERT_TRUE(insert);
  const auto twice = insert->bind(1, 1).run();
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message, HasSubstr("UNIQUE constraint failed"));
  EXPECT_TRUE(insert->bind(1, 2).run());
}

TEST(Sqlite, RefusesRowsAboveItsLimit) {
  const Folder folder;
  write_bytes(folder.file("x"), "");
  auto database = Database::open(folder.file("x"), Database::Mode::write);
  ASSERT_TRUE(database);
  auto huge = database->prepare("SELECT zeroblob(67108865)");
  ASSERT_TRUE(huge);
  const auto row = huge->step();
  ASSERT_FALSE(row);
  EXPECT_THAT(row.error().message, HasSubstr("too big"));
}

TEST(Sqlite, ReadersCannotWrite) {
  const Folder folder;
  write_bytes(folder.file("x"), "");
  ASSERT_TRUE(Database::open(folder.file("x"), Database::Mode::write)->run("CREATE TABLE t(a)"));
  const auto before = folder.files();
  for (const auto mode : {Database::Mode::immutable, Database::Mode::shared, Database::Mode::orphaned}) {
    auto reader = Database::open(folder.file("x"), mode);
    ASSERT_TRUE(reader);
    EXPECT_FALSE(reader->run("INSERT INTO t VALUES(1)"));
    EXPECT_EQ(reader->integer("SELECT count(*) FROM t"), 0);
  }
  EXPECT_EQ(folder.files(), before);
}

}  // namespace
}  // namespace stormproof::replay
