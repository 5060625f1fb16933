// A run that hurts more than messages, and one that is killed while it does.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "tests/e2e/fault_run.h"
#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using ::testing::HasSubstr;

TEST_F(FaultRun, TheLedgerAgreesWithThePlanAndIsMadeAgainByReplay) {
  const std::string file =
      write("    for: 1500ms\n    faults: [ { on: payments, latency: 5ms, share: 40%, share-of: requests } ]");
  const auto planned = stormproof({"plan", file, "--seed", "7", "--json"});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  const auto plan = boost::json::parse(planned.out);
  EXPECT_EQ(plan.at("schema").as_string(), "stormproof.plan/1");
  EXPECT_GT(plan.at("rules").at(0).at("hits").as_array().size(), 30U);

  ASSERT_NE(stormproof({"run", file, "--out", out(), "--seed", "7"}).exit_code, 4);
  const auto agreed = stormproof({"plan", file, "--check", out()});
  EXPECT_EQ(agreed.exit_code, 0) << agreed.out;
  EXPECT_THAT(agreed.out, HasSubstr("drawn decisions agree"));
  const auto again = stormproof({"run", file, "--out", out(), "--replay-faults", "latest", "--json", "-"});
  ASSERT_NE(again.exit_code, 3) << again.err;
  const auto same = stormproof({"plan", file, "--check", out()});
  EXPECT_EQ(same.exit_code, 0) << same.out;
  EXPECT_THAT(same.out, HasSubstr("whose faults it made again"));
}

// Both ledgers are the plan's, so they are each other's.
TEST_F(FaultRun, OneConnectionAndManyMakeOneLedger) {
  for (const char* const connections : {"1", "64"}) {
    const std::string file =
        write("    for: 1s\n    faults: [ { on: payments, latency: 5ms, share: 40%, share-of: requests } ]",
              fmt::format("rate: 100/s, connections: {}", connections));
    const auto ran = stormproof({"run", file, "--out", out(), "--seed", "11"});
    ASSERT_NE(ran.exit_code, 4) << ran.err;
    const auto agreed = stormproof({"plan", file, "--check", out()});
    EXPECT_EQ(agreed.exit_code, 0) << connections << ": " << agreed.out;
    EXPECT_THAT(agreed.out,
                ::testing::ContainsRegex("[5-9][0-9] of [5-9][0-9] drawn|1[0-9][0-9] of 1[0-9][0-9] drawn"));
  }
}

TEST_F(FaultRun, TheProgramIsKilledStartedAgainAndNothingIsLeft) {
  const std::string file =
      write(fmt::format("    for: 2s\n    processes: [ {{ kill: {{ restart-after: 300ms }}, even-the-last: true }}, {{ "
                        "command: {{ hurt: [touch, {0}], heal: [rm, "
                        "{0}] }} }} ]",
                        mark().string()));
  const auto finished = stormproof({"run", file, "--out", out(), "--json", "-"});
  ASSERT_NE(finished.exit_code, 4) << finished.err;
  const auto faults = boost::json::parse(finished.out).at("faults").as_array();
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].at("fired").to_number<int>(), 2) << "the kill, and the start";
  EXPECT_FALSE(std::filesystem::exists(mark()));
  EXPECT_FALSE(support::is_listening(service_port_));
  EXPECT_TRUE(support::eventually(std::chrono::seconds(5), [&] {
    for (const auto& entry : std::filesystem::directory_iterator(out()))
      if (entry.path().extension() == ".journal") return false;
    return true;
  })) << "the watchdog has seen that all is done";
}

TEST_F(FaultRun, WhatTheWatchdogCouldNotHealIsHealedByHand) {
  std::filesystem::create_directory(out());
  std::ofstream(mark()) << "x";
  std::ofstream(out() + "/old.journal") << fmt::format(
      "{{\"owner\":1,\"started\":1}}\n{{\"undo\":1,\"kind\":\"command\",\"rule\":\"a#1\",\"pid\":0,\"pid_started\":0,"
      "\"soft_limit\":0,"
      "\"path\":\"\",\"argv\":[\"rm\",\"{}\"],\"folder\":\"/\"}}\n",
      mark().string());
  const auto healed = stormproof({"heal", out()});
  EXPECT_EQ(healed.exit_code, 0) << healed.err;
  EXPECT_THAT(healed.out, HasSubstr("a#1: 'rm' was run"));
  EXPECT_FALSE(std::filesystem::exists(mark()));
  EXPECT_THAT(stormproof({"heal", out()}).out, HasSubstr("nothing to heal"));
}

// Faults on connections in a run: planned, told, drawn again, and proved.
TEST_F(FaultRun, ConnectionsAreHurtAsPlannedAndTheLedgerAgrees) {
  const std::string file = write(
      "    for: 1500ms\n    faults: [ { on: payments, connection: { latency: { p50: 5ms, p99: 20ms, at-most: 30ms } } "
      "}, "
      "{ on: payments, connection: { reset: { after-bytes: 200B } }, share: 50% } ]");
  const auto planned = stormproof({"plan", file, "--seed", "7"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("connections: latency of responses"));
  EXPECT_THAT(planned.out, HasSubstr("numbers "));
  const auto ran = stormproof({"run", file, "--out", out(), "--seed", "7", "--json", "-"});
  ASSERT_NE(ran.exit_code, 4) << ran.err;
  const auto faults = boost::json::parse(ran.out).at("faults").as_array();
  ASSERT_EQ(faults.size(), 2U);
  for (const auto& fault : faults) EXPECT_GT(fault.at("fired").to_number<int>(), 0) << fault;
  const auto agreed = stormproof({"plan", file, "--check", out()});
  EXPECT_EQ(agreed.exit_code, 0) << agreed.out;
  EXPECT_THAT(agreed.out, HasSubstr("drawn decisions agree"));
}

TEST_F(FaultRun, ARuleOnConnectionsThatNeverFiredProvesNothing) {
  const std::string file =
      write("    for: 800ms\n    faults: [ { on: payments, connection: { reset: { after-bytes: 100MiB } } } ]");
  const auto ran = stormproof({"run", file, "--out", out(), "--strict"});
  EXPECT_EQ(ran.exit_code, 5) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("hurt#1 on payments never fired"));
}

}  // namespace
}  // namespace stormproof::e2e
