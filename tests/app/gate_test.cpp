#include "harness/app/gate.h"

#include <gtest/gtest.h>

namespace stormproof::app {
namespace {

using verify::Verdict;

reports::RunRecord record_of(std::initializer_list<Verdict> verdicts, std::string ended = "completed") {
  reports::RunRecord record;
  record.ended_because = std::move(ended);
  for (const Verdict verdict : verdicts) record.findings.emplace_back().verdict = verdict;
  return record;
}

TEST(Gate, OnlyHoldsPasses) {
  EXPECT_EQ(exit_code_of(record_of({Verdict::holds, Verdict::holds}), {}), ExitCode::pass);
  EXPECT_EQ(exit_code_of(record_of({Verdict::holds, Verdict::inconclusive}), {}), ExitCode::inconclusive);
  EXPECT_EQ(exit_code_of(record_of({Verdict::inconclusive, Verdict::violated}), {}), ExitCode::gate_failed);
}

TEST(Gate, NothingJudgedIsNoPass) { EXPECT_EQ(exit_code_of(record_of({}), {}), ExitCode::inconclusive); }

TEST(Gate, FailsOnlyOnWhatTheScenarioSays) {
  scenarios::Gate gate;
  gate.on_inconclusive = false;
  EXPECT_EQ(exit_code_of(record_of({Verdict::inconclusive}), gate), ExitCode::pass);
  gate.on_violated = false;
  EXPECT_EQ(exit_code_of(record_of({Verdict::violated}), gate), ExitCode::pass);
}

TEST(Gate, HowARunEndedComesBeforeItsFindings) {
  EXPECT_EQ(exit_code_of(record_of({Verdict::violated}, "steady state violated: nothing was injected"), {}), ExitCode::could_not_run);
  EXPECT_EQ(exit_code_of(record_of({Verdict::holds}, "interrupted (SIGINT)"), {}), ExitCode::interrupted);
  EXPECT_EQ(exit_code_of(record_of({Verdict::holds}, "interrupted (SIGTERM)"), {}), ExitCode::terminated);
  EXPECT_EQ(exit_code_of(record_of({Verdict::holds}, "aborted: errors above 50% for 10s"), {}), ExitCode::gate_failed);
}

TEST(Gate, TheWorseOfTwoScenariosIsTold) {
  EXPECT_EQ(worse(ExitCode::pass, ExitCode::inconclusive), ExitCode::inconclusive);
  EXPECT_EQ(worse(ExitCode::gate_failed, ExitCode::inconclusive), ExitCode::gate_failed);
  EXPECT_EQ(worse(ExitCode::gate_failed, ExitCode::could_not_run), ExitCode::could_not_run);
  EXPECT_EQ(worse(ExitCode::interrupted, ExitCode::invalid_input), ExitCode::interrupted);
}

}  // namespace
}  // namespace stormproof::app
