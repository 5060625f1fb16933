#include "tests/subjects/suspect/quota.h"

#include <gtest/gtest.h>

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Asked 100 times a second: admitted in the first instant, and then a second.
struct Seen {
  int at_once = 0;
  double per_second = 0;
  int retry_after = 0;
};

Seen asked(Defect defect) {
  Quota quota({.per_second = 20, .burst = 10, .defect = defect});
  Quota::Instant now{seconds(100)};
  Seen seen;
  for (int i = 0; i < 50; ++i) seen.at_once += quota.ask(now).admitted ? 1 : 0;
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) {
    now += milliseconds(10);
    const Quota::Ruling ruling = quota.ask(now);
    admitted += ruling.admitted ? 1 : 0;
    if (!ruling.admitted) seen.retry_after = ruling.retry_after;
  }
  seen.per_second = admitted / 10.0;
  return seen;
}

TEST(Quota, ACorrectOneKeepsItsRateAndItsBurst) {
  const Seen seen = asked(Defect::none);
  EXPECT_EQ(seen.at_once, 10);
  EXPECT_NEAR(seen.per_second, 20, 0.2);
  EXPECT_EQ(seen.retry_after, 1);
}

TEST(Quota, EachDefectShows) {
  EXPECT_EQ(asked(Defect::off_by_some).at_once, 13);
  EXPECT_NEAR(asked(Defect::too_generous).per_second, 24, 0.2);
  EXPECT_LT(asked(Defect::counts_refused).per_second, 2);
  EXPECT_EQ(asked(Defect::lies).retry_after, 10);
  EXPECT_EQ(asked(Defect::per_instance).at_once, 20);
  EXPECT_NEAR(asked(Defect::per_instance).per_second, 40, 0.4);
  EXPECT_EQ(asked(Defect::unlimited).at_once, 50);
}

}  // namespace
}  // namespace stormproof::subjects
