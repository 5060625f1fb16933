#include "harness/run/runner.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <sstream>

#include "harness/base/digest.h"
#include "replay/capture_writer.h"
#include "scenarios/parser.h"
#include "tests/run/answering.h"
#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::run {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using verify::Verdict;

// A scenario on a service that runs already, and a capture of reads for it.
class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto writer = replay::CaptureWriter::create((folder_.path() / "shop.traffic").string(), {{"source", "test"}});
    ASSERT_TRUE(writer) << writer.error().message;
    for (std::uint64_t id = 1; id <= 3; ++id) {
      replay::Exchange exchange;
      exchange.id = id;
      exchange.connection = 1;
      exchange.request_start = base::Time(std::chrono::seconds(id));
      exchange.request.head =
          fmt::format("{} /orders/{} HTTP/1.1\r\nHost: shop\r\n\r\n", id == 3 ? "DELETE" : "GET", id);
      exchange.response.head = "HTTP/1.1 204 No Content\r\n\r\n";
      ASSERT_TRUE(writer->append(exchange));
    }
    const auto closed = writer->close();
    ASSERT_TRUE(closed) << closed.error().message;
  }

  // `service`: what follows the candidate's url.
  scenarios::Scenario scenario(std::uint16_t port, const std::string& steady_errors = "at-most: 50%",
                               const std::string& service = "") {
    const std::string text = fmt::format(R"(version: 1
name: ledger outage
topology:
  service:
    name: shop
    candidate: {{url: "http://127.0.0.1:{}"{}}}
  dependencies:
    ledger: {{proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}"}}
traffic: {{capture: shop.traffic, rate: 200/s}}
steady-state:
  for: 300ms
  expect: [{{errors: {{{}}}}}]
phases:
  - name: ledger down
    for: 300ms
    faults: [{{on: ledger, abort: {{status: 503}}}}]
    expect: [{{errors: {{at-most: 50%}}}}]
  - name: after
    for: 200ms
    expect: [{{errors: {{at-most: 50%}}}}]
)",
                                         port, service, proxy_, ledger_.port(), steady_errors);
    auto parsed = scenarios::parse(text, (folder_.path() / "scenario.yaml").string());
    EXPECT_TRUE(parsed) << scenarios::render(parsed.error());
    return parsed ? std::move(*parsed) : scenarios::Scenario{};
  }

  RunnerOptions options() const { return {.seed = 7, .version = "0.0.1", .output_folder = folder_.path().string()}; }

  static std::vector<std::string> marks_of(const events::Log& log, events::MarkKind kind) {
    std::vector<std::string> names;
    for (const events::Mark& mark : log.marks) {
      if (mark.kind == kind) names.emplace_back(log.names.name_of(mark.name));
    }
    return names;
  }

  base::SystemClock clock_;
  std::ostringstream out_;
  Progress progress_{out_, false};
  support::TempDir folder_;
  Answering ledger_;
  std::uint16_t proxy_ = support::free_port();
};

TEST_F(RunnerTest, ARunGoesThroughItsPhasesAndJudgesEveryExpectation) {
  Answering service;
  const auto scenario = this->scenario(service.port());
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->ended_because, "completed");
  EXPECT_EQ(record->scenario_name, "ledger outage");
  EXPECT_EQ(record->seed, 7u);
  EXPECT_EQ(marks_of(record->log, events::MarkKind::phase_begin),
            (std::vector<std::string>{"steady state", "ledger down", "after"}));
  EXPECT_EQ(marks_of(record->log, events::MarkKind::phase_end),
            (std::vector<std::string>{"steady state", "ledger down", "after"}));
  EXPECT_EQ(marks_of(record->log, events::MarkKind::faults_on), std::vector<std::string>{"ledger down"});
  EXPECT_EQ(marks_of(record->log, events::MarkKind::faults_off), std::vector<std::string>{"ledger down"});
  EXPECT_FALSE(record->log.exchanges.empty());
  EXPECT_GE(record->ended - record->started, milliseconds(800));
  ASSERT_EQ(record->findings.size(), 3u);
  for (const auto& finding : record->findings) EXPECT_NE(finding.verdict, Verdict::violated) << finding.summary;
  EXPECT_THAT(out_.str(), HasSubstr("ledger down"));
  EXPECT_FALSE(support::is_listening(proxy_));
}

TEST_F(RunnerTest, RequestsThatWriteAreNotSentAndTheReportSaysSo) {
  Answering service;
  const auto scenario = this->scenario(service.port());
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_TRUE(record) << record.error().message;
  const auto asked = service.asked();
  EXPECT_FALSE(asked.empty());
  for (const std::string& head : asked) EXPECT_THAT(head, testing::StartsWith("GET "));
  EXPECT_THAT(marks_of(record->log, events::MarkKind::note),
              testing::Contains(HasSubstr("1 requests of the capture write")));
}

TEST_F(RunnerTest, AnInterruptionEndsTheRunSoonAndSaysWhatWasNotReached) {
  std::atomic<Runner*> running = nullptr;
  std::atomic<bool> told = false;
  Answering service([&] {  // at the first request: the run is under way
    Runner* const runner = running.load();
    if (runner == nullptr || told.exchange(true)) return;
    boost::asio::post(runner->io(), [runner] { runner->interrupt("interrupted (SIGINT)"); });
  });
  const auto scenario = this->scenario(service.port());
  Runner runner(scenario, options(), clock_, progress_);
  running = &runner;
  const auto record = runner.run();
  running = nullptr;
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->ended_because, "interrupted (SIGINT)");
  EXPECT_EQ(marks_of(record->log, events::MarkKind::aborted), std::vector<std::string>{"interrupted (SIGINT)"});
  EXPECT_THAT(marks_of(record->log, events::MarkKind::phase_begin), testing::Not(testing::Contains("ledger down")));
  EXPECT_TRUE(marks_of(record->log, events::MarkKind::faults_on).empty());
  ASSERT_EQ(record->findings.size(), 3u);
  for (std::size_t i = 1; i < 3; ++i) {
    const verify::Finding& finding = record->findings[i];
    EXPECT_EQ(finding.verdict, Verdict::inconclusive) << finding.phase;
    ASSERT_FALSE(finding.checks.empty());
    EXPECT_THAT(finding.checks[0].missing, HasSubstr("not reached: interrupted (SIGINT)"));
  }
}

TEST_F(RunnerTest, ASteadyStateThatDoesNotHoldInjectsNothing) {
  support::RawServer failing([](support::RawConnection& connection) {
    while (connection.read_until("\r\n\r\n")) {
      if (!connection.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")) return;
    }
  });
  const auto scenario = this->scenario(failing.port(), "at-most: 1%");
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_TRUE(record) << record.error().message;
  ASSERT_FALSE(record->findings.empty());
  if (record->findings[0].verdict == Verdict::inconclusive) {  // this machine was too busy for a run
    EXPECT_THAT(record->findings[0].summary, HasSubstr("the generator lagged"));
    return;
  }
  EXPECT_THAT(record->ended_because, HasSubstr("steady state violated"));
  EXPECT_EQ(record->findings[0].verdict, Verdict::violated);
  EXPECT_TRUE(marks_of(record->log, events::MarkKind::faults_on).empty());
}

// It takes every connection and answers nothing: none of its requests has ended when the steady state has.
TEST_F(RunnerTest, AServiceThatHangsFailsItsSteadyState) {
  support::RawServer silent(
      [](support::RawConnection& connection) { static_cast<void>(connection.read_to_end(std::chrono::seconds(60))); });
  const auto scenario = this->scenario(silent.port(), "at-most: 1%");
  RunnerOptions with_few_connections = options();
  with_few_connections.connections_max = 8;
  with_few_connections.answers_within = milliseconds(200);
  Runner runner(scenario, with_few_connections, clock_, progress_);
  const auto record = runner.run();
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_THAT(record->ended_because, HasSubstr("steady state violated"));
  EXPECT_TRUE(marks_of(record->log, events::MarkKind::faults_on).empty());
  ASSERT_FALSE(record->findings.empty());
  EXPECT_EQ(record->findings[0].verdict, Verdict::violated) << record->findings[0].summary;
  EXPECT_THAT(record->findings[0].summary, HasSubstr("the target held all 8 connections"));
}

TEST_F(RunnerTest, ATargetThatDoesNotAnswerIsAnErrorThatNamesItsAddress) {
  const std::uint16_t nobody = support::free_port();
  const auto scenario = this->scenario(nobody, "at-most: 50%", ", health: {path: /healthz, within: 200ms}");
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().message, HasSubstr(fmt::format("127.0.0.1:{}/healthz", nobody)));
}

TEST_F(RunnerTest, AProxyThatCannotBeBoundIsAnErrorBeforeAnythingIsSent) {
  Answering service;
  const Answering other;
  proxy_ = other.port();
  const auto scenario = this->scenario(service.port());
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().message, HasSubstr(fmt::format("'ledger': cannot listen on 127.0.0.1:{}", proxy_)));
  EXPECT_TRUE(service.asked().empty());
}

TEST_F(RunnerTest, ARecordNamesWhatItWasMadeOf) {
  Answering service;
  const auto scenario = this->scenario(service.port());
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_TRUE(record) << record.error().message;
  const std::map<std::string, std::string> expected = {
      {"scenario", base::digest_of(scenario.text)},
      {"capture", base::digest_of_file((folder_.path() / "shop.traffic").string()).value_or("")}};
  EXPECT_EQ(record->digests, expected) << "the candidate was running already";
}

TEST_F(RunnerTest, ASecretIsInNoErrorAndNotInTheServicesOutput) {
  auto scenario = this->scenario(support::free_port(), "at-most: 50%", ", health: {path: /healthz, within: 10s}");
  scenario.topology.candidate.command = {"/bin/sh", "-c", "echo no database for hunter2; exit 3"};
  scenario.secrets = {"hunter2"};
  {
    Runner runner(scenario, options(), clock_, progress_);
    const auto record = runner.run();
    ASSERT_FALSE(record);
    EXPECT_THAT(record.error().message, HasSubstr("no database for (secret)"));
    EXPECT_THAT(record.error().message, testing::Not(HasSubstr("hunter2")));
  }
  bool found = false;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (!file.path().string().ends_with(".service.log")) continue;
    found = true;
    EXPECT_EQ(support::read_file(file.path()).value_or(""), "no database for (secret)\n");
  }
  EXPECT_TRUE(found);
  EXPECT_THAT(out_.str(), testing::Not(HasSubstr("hunter2")));
}

TEST_F(RunnerTest, ASecretIsNotInTheRecord) {
  Answering service;
  auto scenario = this->scenario(service.port());
  scenario.text += "# hunter2\n";
  scenario.secrets = {"hunter2", "ledger"};  // the second is a name in the event log, too
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_THAT(record->scenario_text, testing::Not(HasSubstr("hunter2")));
  for (events::NameId id = 0; id < record->log.names.size(); ++id)
    EXPECT_THAT(std::string(record->log.names.name_of(id)), testing::Not(HasSubstr("ledger")));
}

TEST_F(RunnerTest, AFaultThatCannotBeInjectedIsAnErrorBeforeAnythingIsSent) {
  Answering service;
  auto scenario = this->scenario(service.port());
  scenario.phases[0].faults[0].abort->status = 42;
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().message, HasSubstr("the fault ledger down#1 on 'ledger' cannot be injected"));
  EXPECT_THAT(record.error().message, HasSubstr("not 42"));
  EXPECT_TRUE(service.asked().empty());
  EXPECT_FALSE(support::is_listening(proxy_));
}

TEST_F(RunnerTest, ACaptureThatIsNotThereIsAnError) {
  Answering service;
  auto scenario = this->scenario(service.port());
  scenario.traffic.capture = "absent.traffic";
  Runner runner(scenario, options(), clock_, progress_);
  const auto record = runner.run();
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().message, HasSubstr("absent.traffic"));
}

// Beside the candidate only where something is expected of the two; each through a proxy of its own, under one fault.
TEST_F(RunnerTest, ABaselineIsSentTheSameRequestsWhereAnExpectationComparesWithIt) {
  const std::uint16_t baseline_proxy = support::free_port();
  for (const bool compares : {true, false}) {
    Answering candidate;
    Answering baseline;
    const std::string text = fmt::format(R"(version: 1
name: beside
topology:
  service:
    name: shop
    candidate: {{url: "http://127.0.0.1:{}"}}
    baseline: {{url: "http://127.0.0.1:{}"}}
  dependencies:
    ledger: {{proxy: "127.0.0.1:{}", baseline-proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}"}}
traffic: {{capture: shop.traffic, rate: 200/s, warm-up: 100ms}}
steady-state: {{for: 200ms, expect: [{{errors: {{at-most: 50%}}}}]}}
phases:
  - name: ledger down
    for: 300ms
    faults: [{{on: ledger, abort: {{status: 503}}}}]
    expect: [{{{}}}]
)",
                                         candidate.port(), baseline.port(), proxy_, baseline_proxy, ledger_.port(),
                                         compares ? "not-worse: {errors: 1%}" : "errors: {at-most: 50%}");
    auto parsed = scenarios::parse(text, (folder_.path() / "scenario.yaml").string());
    ASSERT_TRUE(parsed) << scenarios::render(parsed.error());
    Runner runner(*parsed, options(), clock_, progress_);
    const auto record = runner.run();
    ASSERT_TRUE(record) << record.error().message;
    std::map<std::string, std::map<std::uint64_t, base::Time>> intended;
    for (const events::Exchange& one : record->log.exchanges)
      intended[std::string(record->log.names.name_of(one.party))][one.request] = one.intended;
    ASSERT_GT(intended["candidate"].size(), 50u);
    if (!compares) {
      EXPECT_TRUE(baseline.asked().empty());
      continue;
    }
    EXPECT_EQ(intended["baseline"], intended["candidate"]);
    const base::Time begin =
        std::ranges::find(record->log.marks, events::MarkKind::traffic_begin, &events::Mark::kind)->at;
    for (const events::Mark& mark : record->log.marks) {
      if (mark.kind != events::MarkKind::phase_begin) continue;
      EXPECT_GE(mark.at - begin, milliseconds(100)) << "the warm-up comes before the first";
    }
    ASSERT_EQ(record->findings.size(), 2u);
    EXPECT_EQ(record->findings.back().expectation, "not-worse");
    EXPECT_NE(record->findings.back().verdict, Verdict::violated);
    EXPECT_FALSE(support::is_listening(baseline_proxy));
  }
}

}  // namespace
}  // namespace stormproof::run
