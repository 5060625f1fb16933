#include "harness/proxy/meter.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/proxy/relay_run.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const base::Time start{seconds(1'700'000'000)};

events::Exchange answered(base::Nanoseconds first_byte, base::Nanoseconds end, std::uint16_t status = 200) {
  events::Exchange exchange;
  exchange.status = status;
  exchange.start = start;
  exchange.first_byte = start + first_byte;
  exchange.end = start + end;
  exchange.request_bytes = 10;
  exchange.response_bytes = 300;
  return exchange;
}

TEST(Meter, BucketsAreClosedAbove) {
  EXPECT_EQ(bucket_of(-milliseconds(1)), 0u);
  EXPECT_EQ(bucket_of(base::Nanoseconds(0)), 0u);
  EXPECT_EQ(bucket_of(microseconds(100)), 0u);
  EXPECT_EQ(bucket_of(microseconds(100) + base::Nanoseconds(1)), 1u);
  EXPECT_EQ(bucket_of(seconds(30)), duration_bounds.size() - 1);
  EXPECT_EQ(bucket_of(seconds(31)), duration_bounds.size());
  for (std::size_t i = 1; i < duration_bounds.size(); ++i) EXPECT_LT(duration_bounds[i - 1], duration_bounds[i]);
}

TEST(Meter, CountsByOutcomeStatusBytesAndTime) {
  Meter meter;
  EXPECT_EQ(meter.read(), MeterReading{});
  meter.exchange(answered(microseconds(200), milliseconds(3)));
  meter.exchange(answered(milliseconds(3), seconds(40), 404));
  events::Exchange failed = answered(milliseconds(1), milliseconds(2), 502);
  failed.outcome = Outcome::refused;
  meter.exchange(failed);
  failed.status = 0;
  failed.outcome = Outcome::cancelled;
  meter.exchange(failed);
  meter.fault({});
  const MeterReading reading = meter.read();
  EXPECT_EQ(reading.exchanges(), 4u);
  EXPECT_EQ(reading.with(Outcome::answered), 2u);
  EXPECT_EQ(reading.with(Outcome::refused), 1u);
  EXPECT_EQ(reading.with(Outcome::cancelled), 1u);
  EXPECT_EQ(reading.status_classes, (std::array<std::uint64_t, 6>{0, 0, 1, 0, 1, 1}));
  EXPECT_EQ(reading.faults, 1u);
  EXPECT_EQ(reading.request_bytes, 40u);
  EXPECT_EQ(reading.response_bytes, 1200u);
  EXPECT_EQ(reading.duration.count(), 2u) << "only answered ones have a duration";
  EXPECT_EQ(reading.duration.counts[bucket_of(milliseconds(3))], 1u);
  EXPECT_EQ(reading.duration.counts[duration_bounds.size()], 1u);
  EXPECT_EQ(reading.duration.sum_ns, 40'003'000'000u);
  EXPECT_EQ(reading.first_byte.counts[1], 1u);
  EXPECT_EQ(reading.first_byte.sum_ns, 3'200'000u);
}

TEST(Meter, OddEventsAreCountedToo) {
  Meter meter;
  events::Exchange odd = answered(-milliseconds(1), -milliseconds(1), 999);
  meter.exchange(odd);
  odd.first_byte = {};
  meter.exchange(odd);
  odd.outcome = static_cast<Outcome>(200);
  meter.exchange(odd);
  const MeterReading reading = meter.read();
  EXPECT_EQ(reading.status_classes[0], 3u);
  EXPECT_EQ(reading.outcomes.back(), 1u);
  EXPECT_EQ(reading.duration.counts[0], 2u);
  EXPECT_EQ(reading.duration.sum_ns, 0u);
  EXPECT_EQ(reading.first_byte.count(), 1u);
}

TEST(Meter, ReadingsAddUp) {
  Meter one;
  Meter other;
  one.exchange(answered(milliseconds(1), milliseconds(2)));
  other.exchange(answered(milliseconds(1), milliseconds(2), 503));
  other.fault({});
  Meter both;
  both.exchange(answered(milliseconds(1), milliseconds(2)));
  both.exchange(answered(milliseconds(1), milliseconds(2), 503));
  both.fault({});
  MeterReading sum = one.read();
  sum += other.read();
  EXPECT_EQ(sum, both.read());
}

// Everything reaches the sink within, and its names come back.
TEST(Meter, StandsBeforeAnotherSink) {
  EventLog log;
  Meter meter(&log);
  EXPECT_EQ(meter.name("x"), 1u);
  EXPECT_EQ(meter.route("GET", "/"), 2u);
  const events::Exchange exchange = answered(milliseconds(1), milliseconds(2));
  meter.exchange(exchange);
  EXPECT_EQ(log.now(), std::vector{exchange});
  EXPECT_EQ(Meter().name("x"), 0u);
  EXPECT_EQ(Meter().route("GET", "/"), 0u);
}

TEST(Meter, IsReadWhileItCounts) {
  constexpr std::uint64_t rounds = 100'000;
  Meter meter;
  std::thread worker([&] {
    for (std::uint64_t i = 0; i < rounds; ++i) meter.exchange(answered(microseconds(50), milliseconds(20)));
  });
  MeterReading before;
  for (MeterReading now; now.exchanges() < rounds; before = now) {
    now = meter.read();
    ASSERT_GE(now.exchanges(), before.exchanges());
    ASSERT_GE(now.duration.count(), before.duration.count());
    ASSERT_GE(now.response_bytes, before.response_bytes);
  }
  worker.join();
  EXPECT_EQ(meter.read().duration.count(), rounds);
  EXPECT_EQ(meter.read().response_bytes, rounds * 300);
}

}  // namespace
}  // namespace stormproof::proxy
