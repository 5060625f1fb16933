#include "faults/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::faults {
namespace {

using support::TempDir;

TEST(Journal, SaysWhatIsPendingLastFirstAndForgetsWhatIsDone) {
  const TempDir folder;
  const std::string path = (folder.path() / "j").string();
  Undo command;
  command.kind = Undo::Kind::command;
  command.rule = "a#1";
  command.argv = {"/bin/echo", "two words", "\"quoted\""};
  command.folder = "/";
  Undo resume;
  resume.pid = 123;
  resume.pid_started = 456;
  {
    auto journal = Journal::open(path);
    ASSERT_TRUE(journal.has_value());
    EXPECT_EQ(*journal->add(command), 1U);
    EXPECT_EQ(*journal->add(resume), 2U);
    EXPECT_EQ(*journal->add(resume), 3U);
    EXPECT_TRUE(journal->done(2).has_value());
  }
  const auto left = pending(path);
  ASSERT_TRUE(left.has_value());
  ASSERT_EQ(left->size(), 2U);
  EXPECT_EQ((*left)[0].number, 3U);
  EXPECT_EQ((*left)[0].undo, resume);
  EXPECT_EQ((*left)[1].undo, command);
  EXPECT_TRUE(owner_lives(path));
  std::ofstream(path, std::ios::app) << "\n{\"undo\": 9, \"kind\": \"resu";
  EXPECT_EQ(pending(path)->size(), 2U) << "a torn line was written before its fault acted";
  EXPECT_EQ(*Journal::open(path)->add(resume), 4U);
  EXPECT_EQ(pending(path)->size(), 3U) << "and what comes after it is read";
}

TEST(Journal, NoFileIsNothingPendingAndAnotherFileIsRefused) {
  const TempDir folder;
  EXPECT_TRUE(pending((folder.path() / "none").string())->empty());
  std::ofstream(folder.path() / "other") << "{\"undo\": 1}\n";
  EXPECT_FALSE(pending((folder.path() / "other").string()).has_value());
  EXPECT_FALSE(owner_lives((folder.path() / "other").string()));
}

TEST(Journal, UndoingLooksWhetherItIsUndone) {
  const auto program = support::Process::start({.argv = {"/bin/sleep", "60"}});
  ASSERT_TRUE(program.has_value());
  Undo entry;
  entry.pid = program->pid();
  entry.pid_started = started_at(entry.pid);
  ASSERT_GT(entry.pid_started, 0U);
  program->signal(SIGSTOP);
  const auto state = [&] {
    std::string stat = support::read_file("/proc/" + std::to_string(entry.pid) + "/stat").value_or("");
    return stat.substr(stat.rfind(')') + 2, 1);
  };
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return state() == "T"; }));
  Undo other = entry;
  other.pid_started += 1;
  EXPECT_TRUE(undo(other).has_value());
  EXPECT_EQ(state(), "T") << "another process that has the same number is left alone";
  EXPECT_TRUE(undo(entry).has_value());
  EXPECT_NE(state(), "T");
  Undo end = entry;
  end.kind = Undo::Kind::end_group;
  EXPECT_TRUE(undo(end).has_value());
  EXPECT_EQ(program->exit_code_within(std::chrono::seconds(5)), 128 + SIGKILL);
  Undo failing;
  failing.kind = Undo::Kind::command;
  failing.argv = {"/bin/false"};
  EXPECT_THAT(undo(failing).error().message, ::testing::HasSubstr("/bin/false, failed"));
}

}  // namespace
}  // namespace stormproof::faults
