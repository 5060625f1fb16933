// npm cockatiel in a real Node service: both of its breakers as they are meant, and mistakes that people make with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/outage_run.h"
#include "tests/subjects/cockatiel/cockatiel.h"
#include "tests/subjects/truth.h"

namespace stormproof::e2e {
namespace {

using subjects::Cockatiel;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CockatielRun : public OutageRun {
 protected:
  std::optional<std::string> missing() const override { return Cockatiel::missing(); }
  Judged with(std::string kind, std::string defect) {
    return judged(Cockatiel::command({.port = outage_.service_port,
                                      .payments = payments(),
                                      .kind = std::move(kind),
                                      .defect = std::move(defect),
                                      .truth = truth()}));
  }
  std::size_t logged(std::string_view state) const {
    return subjects::times_of(subjects::read_truth(truth()).value(), state).size();
  }
};

TEST_F(CockatielRun, FiveInARowHoldsAndSleepsAsItLogged) {
  const auto run = with("consecutive", "none");
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("(5 failed calls, "), Not(HasSubstr("VIOLATED"))));
  const auto sleep = run.estimate("sleep window");
  ASSERT_TRUE(sleep.has_value()) << run.out;
  EXPECT_LE(sleep->low, 0.5);
  EXPECT_GE(sleep->high, 0.5);
  EXPECT_EQ(run.instants("opened") + run.instants("reopened"), logged("open"));
  EXPECT_EQ(run.instants("probe"), logged("halfOpen") - 1) << "but the one that closes it";
  // Five in a row and an even pace are no implementation's defaults.
  EXPECT_THAT(run.summaries(), AllOf(HasSubstr("let 1 call through half-open."), Not(HasSubstr("by default"))));
}

TEST_F(CockatielRun, HalfOfASecondHoldsAsWell) {
  outage_.opens_within = "2s";
  outage_.down = "3500ms";
  const auto run = with("sampling", "none");
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  const auto sleep = run.estimate("sleep window");
  ASSERT_TRUE(sleep.has_value()) << run.out;
  EXPECT_LE(sleep->low, 0.5);
  EXPECT_GE(sleep->high, 0.5);
}

TEST_F(CockatielRun, WhoBacksOffIsViolated) {
  const auto run = with("consecutive", "backs-off");
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("opens-within: HOLDS"), HasSubstr("leaks-at-most: HOLDS"),
                             HasSubstr("VIOLATED      circuit-breaker on payments [payments down]")));
}

TEST_F(CockatielRun, WhoStaysIsolatedIsViolated) {
  const auto run = with("consecutive", "isolates");
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("opens-within: HOLDS"), HasSubstr("no probe for"),
                             HasSubstr("VIOLATED      circuit-breaker on payments [recovery]")));
}

}  // namespace
}  // namespace stormproof::e2e
