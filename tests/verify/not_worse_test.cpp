#include "harness/verify/not_worse.h"

#include <gtest/gtest.h>

#include "tests/verify/paired_draws.h"

namespace stormproof::verify {
namespace {

using std::chrono::milliseconds;

// One phase of the same requests to two versions.
struct Run {
  std::uint64_t requests = 2000;
  double slower = 1;
  std::uint64_t failing_each = 0;
  bool baseline = true;

  Finding judged(const scenarios::NotWorseExpectation& expectation) const {
    scenarios::Scenario scenario;
    scenario.steady_state.name = "steady state";
    scenario.steady_state.duration = milliseconds(requests * 2);
    events::Log log;
    log.mark(base::Time(milliseconds(1)), events::MarkKind::phase_begin, "steady state");
    log.mark(base::Time(milliseconds(1 + requests * 2)), events::MarkKind::phase_end, "steady state");
    for (std::uint64_t i = 0; i < requests; ++i) {
      add(log, candidate_party, i, slower, failing_each > 0 && i % failing_each == 3);
      if (baseline) add(log, baseline_party, i, 1, false);
    }
    const View view(log, scenario);
    return judge_not_worse(view, view.phases().front(), expectation);
  }

  static void add(events::Log& log, std::string_view party, std::uint64_t i, double factor, bool fails) {
    events::Exchange exchange;
    exchange.party = log.names.id_of(party);
    exchange.request = i + 1;
    exchange.status = fails ? 500 : 200;
    exchange.intended = exchange.start = base::Time(milliseconds(1 + i * 2));
    const double seconds = 0.002 * std::exp(0.8 * normal(1, "request", i) + 0.2 * normal(1, party, i)) * factor;
    exchange.end =
        exchange.intended + std::chrono::duration_cast<base::Nanoseconds>(std::chrono::duration<double>(seconds));
    log.exchanges.push_back(exchange);
  }
};

TEST(NotWorse, TheSameVersionHolds) {
  const Finding finding = Run{}.judged({0.05, 0.01});
  EXPECT_EQ(finding.verdict, Verdict::holds) << finding.summary;
  EXPECT_EQ(finding.checks.size(), 2U);
}

TEST(NotWorse, SlowerThanTheMarginIsViolated) {
  EXPECT_EQ(Run{.slower = 1.1}.judged({0.05, {}}).verdict, Verdict::violated);
  EXPECT_EQ(Run{.slower = 1.1}.judged({0.2, {}}).verdict, Verdict::holds);
}

TEST(NotWorse, MoreErrorsAreViolatedAndShown) {
  const Finding finding = Run{.failing_each = 50}.judged({{}, 0.005});
  EXPECT_EQ(finding.verdict, Verdict::violated);
  EXPECT_FALSE(finding.exchanges.empty());
  EXPECT_EQ(Run{.failing_each = 1000}.judged({{}, 0.01}).verdict, Verdict::holds);
}

TEST(NotWorse, ThinTrafficAndNoBaselineAreInconclusive) {
  EXPECT_EQ(Run{.requests = 20}.judged({0.05, 0.01}).verdict, Verdict::inconclusive);
  const Finding finding = Run{.baseline = false}.judged({0.05, 0.01});
  EXPECT_EQ(finding.verdict, Verdict::inconclusive);
  EXPECT_EQ(finding.checks.front().missing, "the run has no baseline");
}

}  // namespace
}  // namespace stormproof::verify
