// resilience4j in a real Java service: its breaker and its bulkhead, as they are meant and with mistakes that people make with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/outage_run.h"
#include "tests/subjects/resilience4j/resilience4j.h"
#include "tests/subjects/truth.h"

namespace stormproof::e2e {
namespace {

using subjects::Resilience4j;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Resilience4jRun : public OutageRun {
 protected:
  std::optional<std::string> missing() const override { return Resilience4j::missing(); }
  Judged with(std::string kind, std::string defect) {
    return judged(Resilience4j::command({.port = outage_.service_port,
                                         .kind = std::move(kind),
                                         .payments = payments(),
                                         .defect = std::move(defect),
                                         .truth = truth()}));
  }
};

TEST_F(Resilience4jRun, ItHoldsAndSleepsAsItLogged) {
  const auto run = with("breaker", "none");
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 1) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, Not(HasSubstr("VIOLATED")));
  const auto sleep = run.estimate("sleep window");
  ASSERT_TRUE(sleep.has_value()) << run.out;
  EXPECT_LE(sleep->low, 0.5);
  EXPECT_GE(sleep->high, 0.5);
  const auto log = subjects::read_truth(truth());
  ASSERT_TRUE(log.has_value()) << log.error().to_string();
  EXPECT_EQ(run.instants("opened") + run.instants("reopened"), subjects::times_of(*log, "open").size());
  EXPECT_THAT(run.summaries(), HasSubstr("let 3 calls through half-open"));
}

TEST_F(Resilience4jRun, WhoKeepsThePermitsIsViolated) {
  const auto run = with("breaker", "keeps-permits");
  if (run.lagged) {
    EXPECT_NE(run.exit_code, 0) << run.out;
    GTEST_SKIP() << "this machine lagged, three times";
  }
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("opens-within: HOLDS"),
                             HasSubstr("VIOLATED      circuit-breaker on payments [recovery]")));
}

}  // namespace
}  // namespace stormproof::e2e
