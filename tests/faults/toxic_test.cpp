#include "faults/toxic.h"

#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Toxic toxic(std::string type, std::vector<std::int64_t> values) {
  Toxic toxic{.name = "t", .type = type, .attributes = *Toxic::attributes_of(type)};
  for (std::size_t i = 0; i < values.size(); ++i) toxic.attributes[i].second = values[i];
  return toxic;
}

template <typename Kind>
Kind kind(std::string type, std::vector<std::int64_t> values) {
  const auto fault = toxic(std::move(type), std::move(values)).fault();
  return std::get<Kind>(fault.value().kind);
}

TEST(Toxic, HasToxiproxysUnits) {
  const auto latency = kind<StreamLatency>("latency", {100, 20}).distribution;
  EXPECT_EQ(latency.kind, Distribution::Kind::uniform);
  EXPECT_EQ(latency.base, milliseconds(100));
  EXPECT_EQ(latency.jitter, milliseconds(20));
  EXPECT_EQ(kind<Bandwidth>("bandwidth", {3}).rate, 3000U);
  EXPECT_EQ(kind<SlowClose>("slow_close", {4}).delay, milliseconds(4));
  EXPECT_EQ(kind<Blackhole>("timeout", {5}).close_after, milliseconds(5));
  EXPECT_EQ(kind<Reset>("reset_peer", {6}).after, milliseconds(6));
  EXPECT_EQ(kind<Slicer>("slicer", {9, 2, 7}), (Slicer{9, 2, microseconds(7)}));
  EXPECT_EQ(kind<LimitData>("limit_data", {8}).bytes, 8U);
  EXPECT_EQ(kind<Noop>("noop", {}), Noop{});
}

TEST(Toxic, RefusesWhatToxiproxyWouldChokeOn) {
  EXPECT_FALSE(toxic("latency", {-1}).fault());
  EXPECT_FALSE(toxic("slicer", {0}).fault());
  EXPECT_FALSE(toxic("limit_data", {std::int64_t{1} << 60}).fault());
  Toxic often = toxic("noop", {});
  often.toxicity = 2;
  EXPECT_FALSE(often.fault());
  EXPECT_FALSE(Toxic::attributes_of("delay"));
}

TEST(Toxic, StreamsInAnyCase) {
  Toxic up = toxic("noop", {});
  EXPECT_EQ(up.direction(), Direction::downstream);
  up.stream = "UpStream";
  EXPECT_EQ(up.direction(), Direction::upstream);
  up.stream = "sideways";
  EXPECT_FALSE(up.direction());
}

}  // namespace
}  // namespace stormproof::faults
