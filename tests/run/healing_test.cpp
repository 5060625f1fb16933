#include "harness/run/healing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <semaphore>
#include <thread>

#include "faults/journal.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::run {
namespace {

faults::Undo saying(const support::TempDir& folder, const std::string& command) {
  faults::Undo undo;
  undo.kind = faults::Undo::Kind::command;
  undo.rule = "rule";
  undo.argv = {"/bin/sh", "-c", command};
  undo.folder = folder.path().string();
  return undo;
}

TEST(Healing, UndoesTheLastFirstAndTakesTheJournalAway) {
  const support::TempDir folder;
  const std::string journal = (folder.path() / "j").string();
  {
    auto opened = faults::Journal::open(journal);
    ASSERT_TRUE(opened.has_value());
    ASSERT_TRUE(opened->add(saying(folder, "echo one >> log")).has_value());
    ASSERT_TRUE(opened->add(saying(folder, "echo two >> log")).has_value());
  }
  const auto healed = heal(journal);
  ASSERT_TRUE(healed.has_value());
  EXPECT_TRUE(healed->clean());
  EXPECT_EQ(support::read_file(folder.path() / "log").value_or(""), "two\none\n");
  EXPECT_FALSE(std::filesystem::exists(journal));
  EXPECT_TRUE(heal(journal)->undone.empty());
}

TEST(Healing, WhatFailsStaysPending) {
  const support::TempDir folder;
  const std::string journal = (folder.path() / "j").string();
  ASSERT_TRUE(faults::Journal::open(journal)->add(saying(folder, "exit 1")).has_value());
  EXPECT_FALSE(heal(journal)->clean());
  EXPECT_EQ(faults::pending(journal)->size(), 1U);
}

TEST(Healing, WaitsForTheEndOfTheHarness) {
  const support::TempDir folder;
  const std::string journal = (folder.path() / "j").string();
  ASSERT_EQ(::mkfifo((folder.path() / "go").c_str(), 0600), 0);
  const auto harness = support::Process::start(
      {.argv = {"/bin/sh", "-c", "read -r word < go; echo over >> log"}, .env = {}, .folder = folder.path()});
  ASSERT_TRUE(harness.has_value());
  ASSERT_TRUE(faults::Journal::open(journal)->add(saying(folder, "echo healed >> log")).has_value());
  base::Result<Healed> healed;
  std::binary_semaphore begun{0};
  std::thread watchdog([&] {
    begun.release();
    healed = heal_after(harness->pid(), journal);
  });
  begun.acquire();
  std::ofstream(folder.path() / "go") << "go\n";
  watchdog.join();
  ASSERT_TRUE(healed.has_value());
  EXPECT_EQ(support::read_file(folder.path() / "log").value_or(""), "over\nhealed\n");
}

}  // namespace
}  // namespace stormproof::run
