// What watches exchanges on the relay's thread costs it next to nothing and, in steady state, no heap allocation.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "harness/proxy/access_lane.h"
#include "harness/proxy/meter.h"
#include "tests/proxy/allocation/counting.h"
#include "tests/proxy/tapping.h"

namespace stormproof::proxy {
namespace {

using std::chrono::microseconds;

events::Exchange some_exchange(int i) {
  events::Exchange exchange;
  exchange.status = 200;
  exchange.start = base::Time(std::chrono::seconds(1'700'000'000));
  exchange.first_byte = exchange.start + microseconds(i % 5000);
  exchange.end = exchange.first_byte + microseconds(10);
  exchange.request_bytes = 78;
  exchange.response_bytes = 1103;
  return exchange;
}

// The least that one call took, of batches short enough that some of them are not interrupted: on a busy machine, too,
// this is what the work costs.
template <typename Work>
double least_ns(Work work) {
  constexpr int batches = 300;
  constexpr int batch = 1000;
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < batches; ++i) {
    const auto start = std::chrono::steady_clock::now();
    for (int k = 0; k < batch; ++k) work(k);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    least = std::min(least, took.count() / batch);
  }
  return least;
}

class SidePaths : public testing::Test {
 protected:
  void SetUp() override {
    if (sanitized) GTEST_SKIP() << "a sanitizer has malloc's place";
  }
};

TEST_F(SidePaths, AMeterAllocatesNothing) {
  Meter meter;
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 1000; ++i) meter.exchange(some_exchange(i));
              meter.fault({});
              static_cast<void>(meter.read());
            }),
            0u);
  EXPECT_EQ(meter.read().exchanges(), 1000u);
}

#ifdef __OPTIMIZE__
TEST_F(SidePaths, AMeterCostsLessThan50NanosecondsAnExchange) {
  Meter meter;
  const events::Exchange exchange = some_exchange(300);
  const double ns = least_ns([&](int) { meter.exchange(exchange); });
  fmt::print("a metered exchange: {:.1f} ns\n", ns);
  EXPECT_LT(ns, 50);
}
#endif

// Exchanges one after the other and four at once, with a consumer that keeps up.
TEST_F(SidePaths, AnAccessLaneAllocatesNothingInSteadyState) {
  AccessLane lane(nullptr, {});
  const std::string longest(3000, 'x');
  const auto round = [&] {
    wire::Tap* taps[4];
    for (wire::Tap*& tap : taps) {
      tap = begin(lane, {.target = longest});
      tap->bytes(wire::Part::response_body, longest);
    }
    for (wire::Tap* tap : taps) tap->ended(some_exchange(1));
    while (lane.ring().front().data() != nullptr) lane.ring().pop();
  };
  round();
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 1000; ++i) round();
            }),
            0u);
  EXPECT_EQ(lane.dropped(), 0u);
}

#ifdef __OPTIMIZE__
TEST_F(SidePaths, AnAccessLaneCostsLessThan500NanosecondsAnExchange) {
  AccessLane lane(nullptr, {});
  const events::Exchange exchange = some_exchange(300);
  const double ns = least_ns([&](int) {
    wire::Tap* const tap = begin(lane, {.target = "/products/42?page=7"});
    tap->bytes(wire::Part::request_head, "head");
    tap->bytes(wire::Part::response_head, "head");
    tap->bytes(wire::Part::response_body, "body");
    tap->ended(exchange);
    lane.ring().pop();
  });
  fmt::print("a logged exchange on the relay's thread: {:.1f} ns\n", ns);
  EXPECT_LT(ns, 500);
}
#endif

}  // namespace
}  // namespace stormproof::proxy
