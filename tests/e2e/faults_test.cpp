// A run that hurts more than messages, and one that is killed while it does.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "tests/e2e/program.h"
#include "tests/subjects/shop/shop.h"
#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using subjects::Shop;
using ::testing::HasSubstr;

class FaultRun : public ::testing::Test {
 protected:
  void SetUp() override {
    auto payments = Shop::start({.is_payments = true});
    ASSERT_TRUE(payments.has_value()) << payments.error().to_string();
    payments_.emplace(std::move(*payments));
    service_port_ = support::free_port();
    proxy_port_ = support::free_port();
    const auto recorded = Shop::start({.payments = payments_->url()});
    ASSERT_TRUE(recorded.has_value());
    record_checkouts(recorded->port(), folder_.path() / "c.traffic", 40);
  }

  std::string write(const std::string& phase) {
    std::string command;
    for (const std::string& word : Shop::command(
             {.port = service_port_, .version = 1, .payments = fmt::format("http://127.0.0.1:{}", proxy_port_)}))
      command += fmt::format("{}\"{}\"", command.empty() ? "" : ", ", word);
    const std::string file = (folder_.path() / "scenario.yaml").string();
    std::ofstream(file) << fmt::format(R"(version: 1
name: faults of every kind
topology:
  service:
    name: shop
    candidate: {{ url: "http://127.0.0.1:{}", command: [{}], health: {{ path: /healthz, within: 10s }} }}
  dependencies:
    payments: {{ proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}" }}
traffic: {{ capture: c.traffic, rate: 100/s }}
steady-state: {{ for: 500ms, expect: [ {{ errors: {{ at-most: 50% }} }} ] }}
phases:
  - name: hurt
{}
    expect: [ {{ errors: {{ at-most: 100% }} }} ]
)",
                                       service_port_, command, proxy_port_, payments_->port(), phase);
    return file;
  }
  std::string out() const { return (folder_.path() / "out").string(); }
  std::filesystem::path mark() const { return folder_.path() / "hurt-mark"; }

  support::TempDir folder_;
  std::optional<Shop> payments_;
  std::uint16_t service_port_ = 0;
  std::uint16_t proxy_port_ = 0;
};

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
  EXPECT_THAT(stormproof({"plan", file, "--check", out()}).exit_code, 0);
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

// Each kind: the harness is killed with SIGKILL while the fault acts; what heals is not asked of the harness.
TEST_F(FaultRun, KilledInEachKindOfFaultEverythingIsHealed) {
  const std::string command =
      fmt::format("{{ command: {{ hurt: [touch, {0}], heal: [rm, {0}] }}, after: 50ms }}", mark().string());
  for (const std::string kind : {"{ pause: 20s, even-the-last: true }", "{ open-files: 20 }",
                                 "{ crash-loop: { every: 2s }, even-the-last: true }"}) {
    const std::string file = write("    for: 20s\n    processes: [ " + kind + ", " + command + " ]");
    const support::Process process = start_stormproof({"run", file, "--out", out()});
    ASSERT_TRUE(support::eventually(std::chrono::seconds(20), [&] { return std::filesystem::exists(mark()); }))
        << process.err();
    process.signal(SIGKILL);
    EXPECT_TRUE(support::eventually(std::chrono::seconds(5), [&] {
      return !std::filesystem::exists(mark()) && !support::is_listening(service_port_) &&
             !support::is_listening(proxy_port_);
    })) << kind;
  }
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

}  // namespace
}  // namespace stormproof::e2e
