#include "harness/run/process_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::run {
namespace {

using scenarios::ProcessFault;
using Kind = ProcessFault::Kind;
using ::testing::HasSubstr;

class ProcessFaultsTest : public ::testing::Test {
 protected:
  ProcessFaultsTest() {
    start();
    ProcessFaults::Setting setting;
    setting.service = "shop";
    setting.folder = folder_.path().string();
    setting.journal = journal();
    setting.program = [this]() -> Process* {
      return program_ != nullptr && !program_->ended() ? program_.get() : nullptr;
    };
    setting.start_again = [this] {
      program_->stop(std::chrono::milliseconds(0));
      start();
      ++starts_;
      return base::Result<void>{};
    };
    faults_.emplace(std::move(setting), clock_, ledger_);
  }
  void start() {
    auto started = Process::start({.argv = {"/bin/sleep", "60"}, .env = {}, .folder = {}, .output = {}});
    EXPECT_TRUE(started.has_value());
    program_ = std::move(*started);
  }
  std::string journal() const { return (folder_.path() / "run.journal").string(); }
  std::string state() const {
    const std::string stat = support::read_file("/proc/" + std::to_string(program_->pid()) + "/stat").value_or("");
    return stat.empty() ? "" : stat.substr(stat.rfind(')') + 2, 1);
  }
  ProcessFault fault(Kind kind) {
    ProcessFault made;
    made.id = "down/process#1";
    made.kind = kind;
    return made;
  }
  // Until nothing is due for longer.
  void poll_until(const std::function<bool()>& done) {
    EXPECT_TRUE(support::eventually(std::chrono::seconds(10), [&] {
      EXPECT_TRUE(faults_->poll().has_value());
      return done();
    }));
  }
  std::vector<std::string> told() const {
    std::vector<std::string> all;
    for (const auto& one : ledger_.faults) all.emplace_back(ledger_.names.name_of(one.detail));
    return all;
  }

  support::TempDir folder_;
  base::SystemClock clock_;
  events::Log ledger_;
  std::unique_ptr<Process> program_;
  std::optional<ProcessFaults> faults_;
  int starts_ = 0;
};

TEST_F(ProcessFaultsTest, AKilledProgramIsStartedAgainInItsTime) {
  auto kill = fault(Kind::kill);
  kill.restart_after = std::chrono::milliseconds(20);
  const std::vector<ProcessFault> all = {kill};
  ASSERT_TRUE(faults_->begin(all).has_value());
  EXPECT_TRUE(program_->ended().has_value());
  EXPECT_EQ(starts_, 0);
  poll_until([&] { return starts_ == 1; });
  EXPECT_FALSE(program_->ended().has_value());
  ASSERT_TRUE(faults_->heal().has_value());
  EXPECT_EQ(starts_, 1);
  EXPECT_THAT(told(), ::testing::ElementsAre(HasSubstr("SIGKILL to process"), "started again"));
}

TEST_F(ProcessFaultsTest, WithoutATimeItIsStartedAgainByTheHealing) {
  const std::vector<ProcessFault> all = {fault(Kind::terminate)};
  ASSERT_TRUE(faults_->begin(all).has_value());
  EXPECT_THAT(program_->ended().value_or(""), HasSubstr("signal 15"));
  EXPECT_EQ(faults_->next(), base::Time::max());
  ASSERT_TRUE(faults_->heal().has_value());
  EXPECT_EQ(starts_, 1);
}

TEST_F(ProcessFaultsTest, ACrashLoopGoesOnUntilItIsHealed) {
  auto loop = fault(Kind::crash_loop);
  loop.every = std::chrono::milliseconds(5);
  const std::vector<ProcessFault> all = {loop};
  ASSERT_TRUE(faults_->begin(all).has_value());
  poll_until([&] { return starts_ == 3; });
  ASSERT_TRUE(faults_->heal().has_value());
  EXPECT_FALSE(program_->ended().has_value());
}

TEST_F(ProcessFaultsTest, APausedProgramStandsStillAndGoesOn) {
  auto pause = fault(Kind::pause);
  pause.lasting = std::chrono::hours(1);
  const std::vector<ProcessFault> all = {pause};
  ASSERT_TRUE(faults_->begin(all).has_value());
  EXPECT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return state() == "T"; }));
  EXPECT_EQ(faults::pending(journal())->size(), 1U) << "the undo is on the disk";
  ASSERT_TRUE(faults_->heal().has_value());
  EXPECT_NE(state(), "T");
  EXPECT_TRUE(faults::pending(journal())->empty());
}

TEST_F(ProcessFaultsTest, DescriptorsAreLimitedAndGivenBack) {
  const auto limit = [&] {
    rlimit now = {};
    EXPECT_EQ(prlimit(program_->pid(), RLIMIT_NOFILE, nullptr, &now), 0);
    return now.rlim_cur;
  };
  const auto before = limit();
  auto files = fault(Kind::open_files);
  files.open_files = 7;
  const std::vector<ProcessFault> all = {files};
  ASSERT_TRUE(faults_->begin(all).has_value());
  EXPECT_EQ(limit(), 7U);
  ASSERT_TRUE(faults_->heal().has_value());
  EXPECT_EQ(limit(), before);
}

TEST_F(ProcessFaultsTest, CommandsHurtAndHealAndAFailureIsSaid) {
  auto command = fault(Kind::command);
  command.hurt = {"/bin/sh", "-c", "echo hurt >> log"};
  command.heal = {"/bin/sh", "-c", "echo healed >> log"};
  std::vector<ProcessFault> all = {command};
  ASSERT_TRUE(faults_->begin(all).has_value());
  EXPECT_EQ(support::read_file(folder_.path() / "log").value_or(""), "hurt\n");
  ASSERT_TRUE(faults_->heal().has_value());
  EXPECT_EQ(support::read_file(folder_.path() / "log").value_or(""), "hurt\nhealed\n");
  all[0].heal = {"/bin/false"};
  ASSERT_TRUE(faults_->begin(all).has_value());
  EXPECT_THAT(faults_->heal().error().message, HasSubstr("not healed: down/process#1"));
  EXPECT_EQ(faults::pending(journal())->size(), 1U) << "what could not be undone stays in the journal";
}

TEST_F(ProcessFaultsTest, WhatTheProgramLeavesBehindIsGuardedUntilItHasEndedInOrder) {
  ASSERT_TRUE(faults_->guard(program_->pid()).has_value());
  const auto left = faults::pending(journal());
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ((*left)[0].undo.kind, faults::Undo::Kind::end_group);
  EXPECT_EQ((*left)[0].undo.pid, program_->pid());
  ASSERT_TRUE(faults_->close().has_value());
  EXPECT_TRUE(faults::pending(journal())->empty());
}

TEST_F(ProcessFaultsTest, WhatCannotBeDoneHereIsRefused) {
  EXPECT_THAT(ProcessFaults::check({fault(Kind::kill)}, false).error().message,
              HasSubstr("stormproof did not start the service"));
  EXPECT_TRUE(ProcessFaults::check({fault(Kind::kill)}, true).has_value());
  EXPECT_TRUE(ProcessFaults::check({fault(Kind::command)}, false).has_value());
  if (std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers")) GTEST_SKIP() << "this machine has cgroup v2";
  EXPECT_THAT(ProcessFaults::check({fault(Kind::cpu)}, true).error().message, HasSubstr("it needs cgroup v2"));
}

}  // namespace
}  // namespace stormproof::run
