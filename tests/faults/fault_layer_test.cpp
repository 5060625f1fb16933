// What a raw client and a raw server see of each fault on bytes.
#include "faults/fault_layer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/faults/hurt_relay.h"
#include "tests/support/waiting.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using support::RawConnection;

constexpr auto up = Direction::upstream;
constexpr auto down = Direction::downstream;

std::string round_trip(RawConnection& client, std::string_view bytes) {
  EXPECT_TRUE(client.send(bytes));
  return client.read(bytes.size()).value_or("");
}

bool is_reset(RawConnection& client) {
  const auto rest = client.read_to_end();
  return !rest && rest.error().message.contains("reset");
}

StreamLatency latency(milliseconds by) { return {.distribution = {.base = by}}; }

TEST(FaultLayer, LatencyIsWithin10MsOnLiveConnectionsInEitherDirectionAndBoth) {
  HurtRelay relay;
  RawConnection live = relay.connect();
  EXPECT_EQ(round_trip(live, "a"), "a");
  relay.set("down", latency(milliseconds(60)));
  EXPECT_NEAR(milliseconds_of([&] { EXPECT_EQ(round_trip(live, "b"), "b"); }), 65, 5.5);
  relay.set("up", latency(milliseconds(40)), up);
  EXPECT_NEAR(milliseconds_of([&] { EXPECT_EQ(round_trip(live, "c"), "c"); }), 105, 5.5);
  RawConnection late = relay.connect();
  EXPECT_GE(milliseconds_of([&] { EXPECT_EQ(round_trip(late, "d"), "d"); }), 100);
  relay.withdraw("down");
  relay.withdraw("up");
  EXPECT_LT(milliseconds_of([&] { EXPECT_EQ(round_trip(live, "e"), "e"); }), 40);
}

TEST(FaultLayer, WhatIsHeldIsLetGoInOrderWhenTheFaultGoes) {
  HurtRelay relay;
  RawConnection client = relay.connect();
  relay.set("slow", latency(milliseconds(60'000)));
  ASSERT_TRUE(client.send("abc"));
  ASSERT_TRUE(
      support::eventually(milliseconds(2000), [&] { return relay.board().state("t")->counts.connections == 1; }));
  ASSERT_TRUE(client.send("def"));
  relay.withdraw("slow");
  EXPECT_EQ(client.read(6).value_or(""), "abcdef");
}

TEST(FaultLayer, AnEndWaitsForWhatIsHeldBeforeIt) {
  HurtRelay relay;
  relay.set("slow", latency(milliseconds(50)));
  RawConnection client = relay.connect();
  ASSERT_TRUE(client.send(std::string(300'000, 'x')));
  client.end_sending();
  EXPECT_EQ(client.read_to_end().value_or("").size(), 300'000U);
}

TEST(FaultLayer, LargeStreamsPassUnchangedWhileFaultsComeAndGo) {
  HurtRelay relay;
  RawConnection client = relay.connect();
  std::string sent;
  for (int i = 0; i < 60; ++i) {
    std::string part;
    for (int k = 0; k < 5000; ++k) part += static_cast<char>('a' + (i + k) % 26);
    sent += part;
    ASSERT_TRUE(client.send(part));
    const Direction direction = i % 2 == 0 ? up : down;
    if (i % 6 == 0) relay.set("a", latency(milliseconds(3)));
    if (i % 6 == 1) relay.set("b", Slicer{.average_size = 700, .size_variation = 300}, up);
    if (i % 6 == 2) relay.set("c", Bandwidth{.rate = 5'000'000});
    if (i % 6 == 4) relay.withdraw(direction == up ? "a" : "b");
    if (i % 6 == 5) {
      relay.withdraw("b");
      relay.withdraw("c");
    }
  }
  EXPECT_TRUE(client.read(sent.size()).value_or("") == sent);
}

TEST(FaultLayer, BandwidthStallsAt0AndHasItsRate) {
  HurtRelay relay;
  RawConnection client = relay.connect();
  relay.set("line", Bandwidth{.rate = 0});
  ASSERT_TRUE(client.send("abc"));
  EXPECT_FALSE(client.read(1, milliseconds(50)));
  relay.set("line", Bandwidth{.rate = 500'000});
  EXPECT_EQ(client.read(3).value_or(""), "abc");
  const double took =
      milliseconds_of([&] { EXPECT_EQ(round_trip(client, std::string(100'000, 'x')).size(), 100'000U); });
  EXPECT_NEAR(took, 205, 10) << "200 ms of line";
}

TEST(FaultLayer, LimitGivesItsBytesAndThenAnEndToBoth) {
  std::atomic<bool> upstream_ended = false;
  HurtRelay relay([&](RawConnection& peer) {
    HurtRelay::echo(peer);
    upstream_ended = true;
  });
  relay.set("limit", LimitData{.bytes = 100});
  RawConnection client = relay.connect();
  ASSERT_TRUE(client.send(std::string(150, 'x')));
  EXPECT_EQ(client.read_to_end().value_or("none").size(), 100U);
  EXPECT_TRUE(support::eventually(milliseconds(2000), [&] { return upstream_ended.load(); }));
}

TEST(FaultLayer, LimitUpstreamGivesTheServerItsBytes) {
  std::promise<std::string> got;
  HurtRelay relay([&](RawConnection& peer) { got.set_value(peer.read_to_end().value_or("reset")); });
  relay.set("limit", LimitData{.bytes = 100}, up);
  RawConnection client = relay.connect();
  ASSERT_TRUE(client.send(std::string(150, 'x')));
  EXPECT_EQ(client.read_to_end().value_or("none"), "");
  EXPECT_EQ(got.get_future().get().size(), 100U);
}

TEST(FaultLayer, BlackholeClosesAfterItsTimeAndWhenItGoes) {
  HurtRelay relay;
  relay.set("hole", Blackhole{.close_after = milliseconds(80)});
  RawConnection client = relay.connect();
  ASSERT_TRUE(client.send("abc"));
  const double took = milliseconds_of([&] { EXPECT_EQ(client.read_to_end().value_or("reset"), ""); });
  EXPECT_NEAR(took, 80, 10);
  relay.set("hole", Blackhole{});
  RawConnection other = relay.connect();
  ASSERT_TRUE(other.send("abc"));
  EXPECT_FALSE(other.read(1, milliseconds(50)));
  relay.withdraw("hole");
  EXPECT_EQ(other.read_to_end().value_or("reset"), "");
}

TEST(FaultLayer, ResetIsARealOneOnBothSides) {
  for (const Direction direction : {up, down}) {
    std::promise<bool> upstream_reset;
    HurtRelay relay([&](RawConnection& peer) {
      const auto got = peer.read(1);
      if (got) static_cast<void>(peer.send("x"));
      upstream_reset.set_value(is_reset(peer) || !got);
    });
    relay.set("reset", Reset{.after = milliseconds(30)}, direction);
    RawConnection client = relay.connect();
    ASSERT_TRUE(client.send("abc"));
    const double took = milliseconds_of([&] { EXPECT_TRUE(is_reset(client)); });
    EXPECT_NEAR(took, 32, 8);
    EXPECT_TRUE(upstream_reset.get_future().get());
  }
}

TEST(FaultLayer, ResetFromTheStartNeedsNoByte) {
  HurtRelay relay;
  relay.set("reset", Reset{.after = milliseconds(20), .from_start = true});
  RawConnection client = relay.connect();
  EXPECT_TRUE(is_reset(client));
}

TEST(FaultLayer, AShareOf0NeverActs) {
  HurtRelay relay;
  relay.set("reset", Reset{}, down, Place::client, 0);
  RawConnection client = relay.connect();
  EXPECT_EQ(round_trip(client, "abc"), "abc");
  EXPECT_EQ(relay.board().state("t")->faults.front().connections_hit, 0U);
}

TEST(FaultLayer, SlicerAndCorruptAndSlowClose) {
  HurtRelay relay;
  relay.set("slicer", Slicer{.average_size = 10, .size_variation = 5, .delay = std::chrono::microseconds(200)});
  RawConnection client = relay.connect();
  const std::string bytes(300, 'x');
  EXPECT_EQ(round_trip(client, bytes), bytes);
  relay.withdraw("slicer");
  relay.set("corrupt", Corrupt{.one_in = 100});
  const std::string wrong = round_trip(client, bytes);
  EXPECT_EQ(wrong.size(), 300U);
  EXPECT_NE(wrong, bytes);
  relay.withdraw("corrupt");
  relay.set("close", SlowClose{.delay = milliseconds(50)});
  client.end_sending();
  EXPECT_NEAR(milliseconds_of([&] { EXPECT_EQ(client.read_to_end().value_or("reset"), ""); }), 55, 8);
}

TEST(FaultLayer, HalfOpenTellsTheServerAndNeverTheClient) {
  std::promise<bool> upstream_cut;
  HurtRelay relay([&](RawConnection& peer) {
    const auto got = peer.read(3);
    if (got) static_cast<void>(peer.send("abcdef"));
    upstream_cut.set_value(!peer.read_to_end().has_value());
  });
  relay.set("gone", HalfOpen{.after_bytes = 3});
  RawConnection client = relay.connect();
  ASSERT_TRUE(client.send("abc"));
  EXPECT_EQ(client.read(3).value_or(""), "abc");
  EXPECT_TRUE(upstream_cut.get_future().get());
  EXPECT_TRUE(client.send("more")) << "nobody has told it";
  const auto silence = client.read(1, milliseconds(60));
  ASSERT_FALSE(silence);
  EXPECT_FALSE(silence.error().message.contains("reset")) << silence.error().message;
  relay.withdraw("gone");
  EXPECT_TRUE(is_reset(client));
}

TEST(FaultLayer, AClientThatLeavesEndsEveryWait) {
  std::atomic<int> ended = 0;
  HurtRelay relay([&](RawConnection& peer) {
    HurtRelay::echo(peer);
    ++ended;
  });
  relay.set("slow", latency(milliseconds(60'000)));
  RawConnection client = relay.connect();
  ASSERT_TRUE(client.send("abc"));
  client.reset();
  EXPECT_TRUE(support::eventually(milliseconds(3000), [&] { return ended == 1; }));
}

}  // namespace
}  // namespace stormproof::faults
