#include "reports/markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "reports/escape.h"
#include "tests/reports/golden.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Markdown, IsAsItEverWas) {
  expect_golden("holds.md", render_markdown(sample_run(Sample::holds)));
  expect_golden("violated.md", render_markdown(sample_run(Sample::violated)));
  expect_golden("starved.md", render_markdown(sample_run(Sample::starved)));
}

TEST(Markdown, AnEmptyRecordIsInconclusive) {
  const std::string text = render_markdown({});
  EXPECT_THAT(text, HasSubstr("INCONCLUSIVE"));
  EXPECT_THAT(text, HasSubstr("No request was sent."));
}

TEST(Markdown, ShowsTheRuleThatNeverFired) {
  RunRecord record = sample_run(Sample::holds);
  record.log.faults.clear();
  EXPECT_THAT(render_markdown(record), HasSubstr("| abort with 503 | **0** |"));
}

TEST(Markdown, FitsIntoAStepSummaryWhateverTheRecordHolds) {
  RunRecord record = sample_run(Sample::violated);
  const std::string endless(100'000, '@');
  record.scenario_name = record.owner = record.scenario_file = record.ended_because = endless;
  verify::Finding finding{
      .expectation = endless, .phase = endless, .summary = endless, .checks = {}, .timeline = {}, .exchanges = {}};
  finding.checks.assign(3, {.name = endless, .expected = endless, .measured = endless, .missing = endless});
  record.findings.assign(150, finding);
  record.planned_faults.assign(200, {endless, endless, endless, endless, 1});
  for (int i = 0; i < 100; ++i) {
    record.log.exchanges.push_back(
        {.side = events::Side::egress, .party = record.log.names.id_of(std::string(1000, '@') + std::to_string(i))});
  }
  const std::string text = render_markdown(record);
  EXPECT_LT(text.size(), std::size_t{1} << 20) << "GitHub drops a larger one";
  for (const char* said : {" more rows are in the other reports.", " more rules are in the other reports.",
                           " more dependencies are in the other reports."}) {
    EXPECT_NE(text.find(said), std::string::npos) << said;
  }
}

TEST(Markdown, NothingHostileIsMarkup) {
  std::string text = render_markdown(hostile_run());
  EXPECT_EQ(clean(text), text);
  // The command stands in a fence, and on one line: it cannot leave it.
  const auto fence = text.find("\n```\nstormproof run ");
  ASSERT_NE(fence, std::string::npos);
  EXPECT_TRUE(text.ends_with("\n```\n"));
  EXPECT_EQ(std::ranges::count(text.substr(fence + 1), '\n'), 3);
  text.resize(fence);
  EXPECT_THAT(text, Not(HasSubstr("[x](http")));
  EXPECT_THAT(text, Not(HasSubstr("http://")));
  std::istringstream lines(text);
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) continue;
    ++rows;
    // A row has the bars of its table and no others: what came from the record is behind a backslash.
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    EXPECT_TRUE(bars == 6 || bars == 5) << line;
    EXPECT_EQ(line.find('<'), std::string::npos) << line;
  }
  EXPECT_GT(rows, 6U);
}

}  // namespace
}  // namespace stormproof::reports
