#include "reports/headline.h"

#include <gtest/gtest.h>

namespace stormproof::reports {
namespace {

using verify::Finding;
using verify::Verdict;

Finding with(Verdict verdict, std::string summary) {
  return {.expectation = "errors",
          .phase = "p",
          .verdict = verdict,
          .summary = std::move(summary),
          .checks = {},
          .timeline = {},
          .exchanges = {}};
}

RunRecord run_of(std::vector<Finding> findings) {
  RunRecord record;
  record.ended_because = "completed";
  record.findings = std::move(findings);
  return record;
}

TEST(Headline, NoFindingIsNeverAPass) {
  const Headline told = headline(run_of({}));
  EXPECT_EQ(told.verdict, Verdict::inconclusive);
  EXPECT_EQ(told.sentence, "Nothing was judged: the scenario has no expectations, or the run did not come to them.");
}

TEST(Headline, TellsTheFirstOfTheWorst) {
  const Headline told = headline(run_of({with(Verdict::holds, "Fine."), with(Verdict::inconclusive, "Too few."),
                                         with(Verdict::violated, "Never opened"), with(Verdict::violated, "Slow."),
                                         with(Verdict::violated, "Slower.")}));
  EXPECT_EQ(told.verdict, Verdict::violated);
  EXPECT_EQ(told.sentence, "Never opened. (2 more expectations are violated.)");
  EXPECT_EQ(told.holds, 1U);
  EXPECT_EQ(told.inconclusive, 1U);
  EXPECT_EQ(told.violated, 3U);
}

TEST(Headline, TellsWhatWasLackingWhereThereIsNoSummary) {
  Finding lacking = with(Verdict::inconclusive, "");
  EXPECT_EQ(headline(run_of({lacking})).sentence, "errors.");
  lacking.checks = {
      {.name = "a", .verdict = Verdict::holds, .expected = "", .measured = "", .missing = ""},
      {.name = "b", .verdict = Verdict::inconclusive, .expected = "", .measured = "", .missing = "needs 14/s"}};
  EXPECT_EQ(headline(run_of({lacking})).sentence, "needs 14/s.");
  EXPECT_EQ(headline(run_of({lacking, lacking})).sentence, "needs 14/s. (1 more expectation is inconclusive.)");
}

TEST(Headline, CountsWhatHolds) {
  EXPECT_EQ(headline(run_of({with(Verdict::holds, "x")})).sentence, "The one expectation holds.");
  EXPECT_EQ(headline(run_of({with(Verdict::holds, "x"), with(Verdict::holds, "y")})).sentence,
            "All 2 expectations hold.");
}

TEST(Headline, SaysThatTheRunEndedEarly) {
  RunRecord record = run_of({with(Verdict::holds, "x")});
  record.ended_because = "interrupted (SIGINT)";
  EXPECT_FALSE(is_complete(record));
  EXPECT_EQ(headline(record).sentence, "The run ended early: interrupted (SIGINT). The one expectation holds.");
  record.ended_because = "";
  EXPECT_EQ(headline(record).sentence, "The run ended early: no reason is recorded. The one expectation holds.");
}

TEST(Headline, CommandsCanBePasted) {
  RunRecord record;
  record.id = "20261123-093600-4f2a";
  record.scenario_file = "my scenarios/x.yaml";
  record.seed = 18446744073709551615U;
  EXPECT_EQ(rerun_command(record), "stormproof run 'my scenarios/x.yaml' --seed 18446744073709551615");
  EXPECT_EQ(verify_command(record), "stormproof verify 20261123-093600-4f2a");
}

}  // namespace
}  // namespace stormproof::reports
