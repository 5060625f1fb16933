// `stormproof run` against the demo's shop: the verdicts, the exit codes, what is stored, and how it ends when it is cut.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json.hpp>
#include <fstream>

#include "tests/e2e/program.h"
#include "tests/subjects/shop/shop.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using subjects::Shop;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds whole_run{60};

// A payments service, and a shop that a scenario will start.
class ShopRun : public ::testing::Test {
 protected:
  void SetUp() override {
    auto payments = Shop::start({.is_payments = true});
    ASSERT_TRUE(payments.has_value()) << payments.error().to_string();
    payments_.emplace(std::move(*payments));
    outage_.payments = payments_->port();
    outage_.service_port = support::free_port();
    outage_.payments_proxy = support::free_port();
    outage_.capture = folder_.path() / "checkout.traffic";
    truth_ = folder_.path() / "truth";
    const auto recorded = Shop::start({.payments = payments_->url()});
    ASSERT_TRUE(recorded.has_value());
    record_checkouts(recorded->port(), outage_.capture, 40);
    use_version(1);
  }

  void use_version(int version) {
    outage_.command = Shop::command({.port = outage_.service_port,
                                     .version = version,
                                     .payments = "http://127.0.0.1:" + std::to_string(outage_.payments_proxy),
                                     .truth = truth_});
    write_outage(outage_, scenario());
  }

  std::string scenario() const { return (folder_.path() / "scenario.yaml").string(); }
  std::string out() const { return (folder_.path() / "out").string(); }
  support::Finished run(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"run", scenario(), "--out", out(), "--seed", "7"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return stormproof(std::move(arguments), {}, whole_run);
  }

  support::TempDir folder_;
  std::optional<Shop> payments_;
  Outage outage_;
  std::filesystem::path truth_;
};

TEST_F(ShopRun, AShopWithABreakerHoldsAndVerifyingAgainGivesTheSameBytes) {
  const std::string json = (folder_.path() / "run.json").string();
  const std::string junit = (folder_.path() / "junit.xml").string();
  const auto finished = run({"--json", json, "--junit", junit});
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("HOLDS"));
  EXPECT_THAT(finished.out, Not(HasSubstr("VIOLATED")));

  const auto truth = subjects::read_truth(truth_);
  ASSERT_TRUE(truth.has_value()) << truth.error().to_string();
  EXPECT_EQ(subjects::times_of(*truth, "open").size() > 1, true)
      << "the breaker itself says that it opened and reopened";

  const auto again = stormproof({"verify", out()});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, support::read_file(json).value_or(""));
  EXPECT_THAT(support::read_file(junit).value_or(""), HasSubstr("<testcase"));
  EXPECT_THAT(stormproof({"report", out(), "--format", "html"}).out, HasSubstr("<svg"));
}

TEST_F(ShopRun, AShopWhoseBreakerNeverOpensIsViolated) {
  use_version(2);
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 1) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("VIOLATED"));
}

TEST_F(ShopRun, ARunStarvedOfTrafficIsInconclusiveAndSaysWhatIsMissing) {
  outage_.rate = "2/s";
  use_version(1);
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 5) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("INCONCLUSIVE"));
  EXPECT_THAT(finished.out, Not(HasSubstr("VIOLATED")));
}

TEST_F(ShopRun, SigintHealsStopsTheShopAndStillWritesTheReport) {
  const support::Process process = start_stormproof({"run", scenario(), "--out", out()});
  ASSERT_TRUE(support::eventually(std::chrono::seconds(20),
                                  [&] {
                                    const auto answer = support::http(outage_.payments_proxy, "/charge/1");
                                    return answer && answer->status == 503;
                                  }))
      << "the fault was never injected: " << process.err();
  process.signal(SIGINT);
  EXPECT_EQ(process.exit_code_within(std::chrono::seconds(20)), 130) << process.err();
  EXPECT_FALSE(support::is_listening(outage_.service_port));
  EXPECT_FALSE(support::is_listening(outage_.payments_proxy));
  EXPECT_THAT(stormproof({"report", out(), "--format", "md"}).out, HasSubstr("interrupted"));
}

TEST_F(ShopRun, KilledItLeavesNoShopAndNoProxyBehind) {
  const support::Process process = start_stormproof({"run", scenario(), "--out", out()});
  ASSERT_TRUE(
      support::eventually(std::chrono::seconds(20), [&] { return support::is_listening(outage_.service_port); }));
  process.signal(SIGKILL);
  EXPECT_TRUE(support::eventually(std::chrono::seconds(2), [&] {
    return !support::is_listening(outage_.service_port) && !support::is_listening(outage_.payments_proxy);
  }));
}

TEST_F(ShopRun, AnUnhealthySteadyStateInjectsNothing) {
  outage_.payments = support::free_port();  // nobody there: every checkout fails
  outage_.latency = "p99: 400ms";
  use_version(2);
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 4) << finished.out << finished.err;
  EXPECT_THAT(finished.out + finished.err, HasSubstr("steady state"));
}

TEST_F(ShopRun, WhatCannotBeStartedIsNamedWithItsAddressAndCause) {
  const auto taken = Shop::start({.port = outage_.payments_proxy, .is_payments = true});
  ASSERT_TRUE(taken.has_value());
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 4);
  EXPECT_THAT(finished.err, HasSubstr("127.0.0.1:" + std::to_string(outage_.payments_proxy)));
  EXPECT_THAT(finished.err, HasSubstr("Address already in use"));
}

TEST_F(ShopRun, AServiceThatDoesNotStartIsNamedWithItsLastWords) {
  outage_.command = {"/bin/sh", "-c", "echo no database; exit 3"};
  write_outage(outage_, scenario());
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 4);
  EXPECT_THAT(finished.err, HasSubstr("exited with status 3"));
  EXPECT_THAT(finished.err, HasSubstr("no database"));
}

// The service gets it, its log shows it, a fault answers with it; no file and no line of ours does.
TEST_F(ShopRun, ASecretIsInNoOutput) {
  const std::string secret = "hunter2/\"quoted\"";
  const std::string literal = "c2VjcmV0LWxpdGVyYWw";
  std::string shop = "echo serving with $SHOP_TOKEN; exec";
  for (const std::string& word : outage_.command) shop += " " + word;
  outage_.command = {"/bin/sh", "-c", shop};
  outage_.fault =
      "abort: {status: 503, body: 'not for ${secret:SHOP}', headers: {Authorization: 'Bearer " + literal + "'}}";
  outage_.steady = "1s";
  outage_.down = "1s";
  outage_.recovery = "1s";
  outage_.opens_within = "1s";
  write_outage(outage_, scenario());
  std::string text = support::read_file(scenario()).value_or("");
  for (const std::string within : {"closes-within: 6s", "within: 6s"})
    text.replace(text.find(within), within.size(), within.substr(0, within.find(':')) + ": 1s");
  const std::string before = "command: [";
  text.insert(text.find(before), "env: {SHOP_TOKEN: '${secret:SHOP}'}, ");
  std::ofstream(scenario()) << text;

  const std::string json = (folder_.path() / "out" / "run.json").string();
  const std::string junit = (folder_.path() / "out" / "junit.xml").string();
  const std::map<std::string, std::string> env = {{"STORMPROOF_SECRET_SHOP", secret}};
  const auto finished =
      stormproof({"run", scenario(), "--out", out(), "--json", json, "--junit", junit}, env, whole_run);
  std::string shown = finished.out + finished.err;
  for (const std::string format : {"html", "json", "junit", "md"})
    shown += stormproof({"report", out(), "--format", format}, env).out;
  shown += stormproof({"verify", out()}, env).out;
  EXPECT_THAT(shown, HasSubstr("(secret)")) << "the scenario as it was written, without the literal one";
  bool served = false;
  for (const auto& file : std::filesystem::recursive_directory_iterator(out())) {
    const std::string content = support::read_file(file.path()).value_or("");
    served = served || content.contains("serving with (secret)");
    shown += content;
  }
  EXPECT_TRUE(served) << "the service's own output is kept";
  for (const std::string& one : {secret, std::string("hunter2"), literal}) EXPECT_FALSE(shown.contains(one)) << one;

  outage_.command = {"/bin/sh", "-c", "echo no database for $SHOP_TOKEN; exit 3"};
  write_outage(outage_, scenario());
  text = support::read_file(scenario()).value_or("");
  text.insert(text.find(before), "env: {SHOP_TOKEN: '${secret:SHOP}'}, ");
  for (const std::string within : {"closes-within: 6s", "within: 6s"})
    text.replace(text.find(within), within.size(), within.substr(0, within.find(':')) + ": 1s");
  std::ofstream(scenario()) << text;
  const auto refused = stormproof({"run", scenario(), "--out", out()}, env, whole_run);
  EXPECT_EQ(refused.exit_code, 4) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("no database for (secret)"));
  EXPECT_FALSE(refused.err.contains("hunter2"));
}

TEST_F(ShopRun, AWrongScenarioShowsEveryMistakeAtItsPlace) {
  std::ofstream(scenario()) << "version: 1\nname: x\nphases:\n  - name: a\n    fro: 3s\n";
  const auto finished = run();
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_THAT(finished.err, HasSubstr("scenario.yaml:5:5: error: "));
  EXPECT_THAT(finished.err, HasSubstr("did you mean 'for'?"));
}

}  // namespace
}  // namespace stormproof::e2e
