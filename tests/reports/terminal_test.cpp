#include "reports/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/escape.h"
#include "tests/reports/golden.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Terminal, IsAsItEverWas) {
  expect_golden("holds.txt", render_terminal(sample_run(Sample::holds), false));
  expect_golden("violated.txt", render_terminal(sample_run(Sample::violated), false));
  expect_golden("starved.txt", render_terminal(sample_run(Sample::starved), false));
}

TEST(Terminal, ColoursOnlyWhenAsked) {
  const RunRecord record = sample_run(Sample::violated);
  EXPECT_THAT(render_terminal(record, false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(render_terminal(record, true), StartsWith("\x1b[1;31mVIOLATED\x1b[0m"));
  EXPECT_THAT(render_terminal(record, true), HasSubstr("\x1b[1;32mHOLDS"));
  EXPECT_THAT(render_terminal(record, true), HasSubstr("\x1b[1;33mINCONCLUSIVE\x1b[0m"));
}

TEST(Terminal, NothingHostileReachesTheTerminal) {
  const std::string text = render_terminal(hostile_run(), false);
  EXPECT_EQ(clean(text), text);
}

TEST(Terminal, AnEmptyRecordIsInconclusive) {
  EXPECT_THAT(render_terminal({}, false), StartsWith("INCONCLUSIVE"));
  EXPECT_THAT(render_terminal({}, false), HasSubstr("no request was sent"));
}

TEST(Terminal, SaysHowManyCouldNotBeSent) {
  RunRecord record = sample_run(Sample::holds);
  record.log.exchanges.push_back(
      {.outcome = events::Outcome::shed, .party = record.log.names.find("candidate"), .intended = record.started});
  EXPECT_THAT(render_terminal(record, false), HasSubstr("; 1 could not be sent"));
}

}  // namespace
}  // namespace stormproof::reports
