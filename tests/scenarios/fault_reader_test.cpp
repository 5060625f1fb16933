#include "scenarios/fault_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string with(const std::string& fault, const std::string& list = "faults") {
  return golden::broken("faults: [{on: ledger, abort: {status: 503}, share: 100%}]", list + ": [" + fault + "]");
}

Scenario scenario_of(const std::string& text) {
  auto parsed = parse(text, "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return parsed ? std::move(*parsed) : Scenario{};
}

TEST(FaultReader, ReadsEveryMessageFault) {
  const auto scenario = scenario_of(with(
      "{on: ledger, latency: {base: 10ms, at: response}, throttle: {rate: 5/s, burst: 3, status: 503, retry-after: "
      "2s}, "
      "change-request: {method: PUT, path: /v2, headers: {A: b}, without: [C], body: x, merge: '{\"a\":1}'}, "
      "change-response: {status: 500, body: y}, truncate: {bytes: 3B, framing: legal}, slow: {head: 1s, body: 2s}, "
      "huge-head: 64KiB, stale: true}, {on: ledger, framing: cut-chunk}, {on: ledger, no-answer: reset}"));
  const Fault& fault = scenario.phases.at(0).faults.at(0);
  EXPECT_TRUE(fault.latency->at_response);
  EXPECT_EQ(fault.message.throttle->per_second, 5);
  EXPECT_EQ(fault.message.throttle->burst, 3);
  EXPECT_EQ(fault.message.throttle->status, 503);
  EXPECT_EQ(fault.message.throttle->retry_after, 2s);
  EXPECT_EQ(fault.message.change_request->method, "PUT");
  EXPECT_EQ(fault.message.change_request->path, "/v2");
  EXPECT_EQ(fault.message.change_request->headers.at("A"), "b");
  EXPECT_THAT(fault.message.change_request->without, ElementsAre("C"));
  EXPECT_EQ(fault.message.change_request->body, "x");
  EXPECT_EQ(fault.message.change_request->merge, "{\"a\":1}");
  EXPECT_EQ(fault.message.change_response->status, 500);
  EXPECT_EQ(fault.message.truncate->bytes, 3U);
  EXPECT_TRUE(fault.message.truncate->legal);
  EXPECT_EQ(fault.message.slow->head, 1s);
  EXPECT_EQ(fault.message.slow->body, 2s);
  EXPECT_EQ(fault.message.huge_head, 65536U);
  EXPECT_TRUE(fault.message.stale);
  EXPECT_EQ(scenario.phases.at(0).faults.at(1).message.framing, "cut-chunk");
  EXPECT_EQ(scenario.phases.at(0).faults.at(2).message.no_answer, "reset");
}

TEST(FaultReader, ReadsTheAim) {
  const auto scenario = scenario_of(
      with("{on: ledger, abort: {status: 503}, share-of: requests, routes: [\"GET /a/{id}\"], headers: {X-T: \"a*\"}, "
           "clients: "
           "[10.0.0.0/8], after: 1s, for: 2s, ramp: 500ms, first-tries: 1, first: 2, every: 3, at-most: 4}"));
  const Targeting& aim = scenario.phases.at(0).faults.at(0).targeting;
  EXPECT_TRUE(aim.by_request);
  EXPECT_THAT(aim.routes, ElementsAre("GET /a/{id}"));
  EXPECT_EQ(aim.headers.at("X-T"), "a*");
  EXPECT_THAT(aim.clients, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(aim.after, 1s);
  EXPECT_EQ(aim.lasting, 2s);
  EXPECT_EQ(aim.ramp, 500ms);
  EXPECT_EQ(aim.first_tries, 1U);
  EXPECT_EQ(aim.first, 2U);
  EXPECT_EQ(aim.every, 3U);
  EXPECT_EQ(aim.at_most, 4U);
}

TEST(FaultReader, ReadsWhatHappensToTheProgram) {
  using Kind = ProcessFault::Kind;
  const auto scenario = scenario_of(
      with("{kill: {restart-after: 2s}, even-the-last: true, after: 1s}, {pause: 3s, even-the-last: true}, "
           "{crash-loop: {every: 2s}, "
           "even-the-last: true}, {open-files: 16}, {cpu: 20%}, {memory: 64MiB}, {command: {hurt: [a, b], heal: [c]}}",
           "processes"));
  const auto& all = scenario.phases.at(0).processes;
  ASSERT_EQ(all.size(), 7U);
  EXPECT_EQ(all[0].kind, Kind::kill);
  EXPECT_EQ(all[0].id, "ledger down/process#1");
  EXPECT_EQ(all[0].restart_after, 2s);
  EXPECT_EQ(all[0].after, 1s);
  EXPECT_EQ(all[1].lasting, 3s);
  EXPECT_EQ(all[2].every, 2s);
  EXPECT_EQ(all[3].open_files, 16U);
  EXPECT_EQ(all[4].cpu, 0.2);
  EXPECT_EQ(all[5].memory, 64U << 20);
  EXPECT_THAT(all[6].hurt, ElementsAre("a", "b"));
  EXPECT_THAT(all[6].heal, ElementsAre("c"));
}

TEST(FaultReader, SaysWhatCannotBeMeant) {
  const std::pair<const char*, const char*> wrong[] = {
      {"{on: ledger, truncate: {at: 50%, bytes: 3B}}", "both say how much is left"},
      {"{on: ledger, truncate: {at: 100%}}", "nothing is cut"},
      {"{on: ledger, framing: cut-chunk, no-answer: reset}", "a response is sent in one way"},
      {"{on: ledger, framing: cut-chunks}", "did you mean 'cut-chunk'?"},
      {"{on: ledger, no-answer: rst}", "is not empty or reset or random"},
      {"{on: ledger, huge-head: 17MiB}", "at most 16MiB"},
      {"{on: ledger, abort: {status: 503}, first: 0}", "'first' is 0: the fault would never fire"},
      {"{on: ledger, abort: {status: 503}, after: 20s}", "the fault would never begin"},
      {"{on: ledger, abort: {status: 503}, clients: [10.0.0.0/33]}", "'10.0.0.0/33' is no address or network"},
      {"{on: ledger, change-response: {status: 204}}", "an answer cannot become a 204"},
      {"{on: ledger, change-request: {method: HEAD}}", "a request cannot become a HEAD"},
      {"{on: ledger, change-response: {merge: '{\"a\":'}}", "is not JSON"},
      {"{on: ledger, change-request: {}}", "needs at least one of"},
      {"{on: ledger, share: 30%}", "needs at least one of"}};
  for (const auto& [fault, message] : wrong) EXPECT_THAT(golden::messages(with(fault)), HasSubstr(message)) << fault;
  EXPECT_THAT(golden::messages(with("{kill: {restart-after: 2s}}", "processes")), HasSubstr("even-the-last: true"));
  EXPECT_THAT(golden::messages(with("{open-files: 3, cpu: 20%}", "processes")), HasSubstr("exactly one of"));
}

}  // namespace
}  // namespace stormproof::scenarios
