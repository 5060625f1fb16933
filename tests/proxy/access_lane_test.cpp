#include "harness/proxy/access_lane.h"

#include <gmock/gmock.h>

#include <optional>

#include "tests/proxy/relay_run.h"
#include "tests/proxy/tapping.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

struct Line {
  AccessLine line;
  std::string method;
  std::string target;
};

// The oldest line in the lane's ring; nothing: it is empty.
std::optional<Line> take(AccessLane& lane) {
  const std::string_view record = lane.ring().front();
  if (record.data() == nullptr) return std::nullopt;
  Line taken;
  taken.line = AccessLane::read_record(record);
  taken.method = taken.line.method;
  taken.target = taken.line.target;
  lane.ring().pop();
  return taken;
}

events::Exchange some_exchange() {
  events::Exchange exchange;
  exchange.outcome = events::Outcome::answered;
  exchange.status = 201;
  exchange.connection = 4;
  exchange.request = 9;
  exchange.trace.bytes[3] = 7;
  exchange.start = base::Time(milliseconds(1000));
  exchange.first_byte = base::Time(milliseconds(1007));
  exchange.end = base::Time(milliseconds(1010));
  exchange.request_bytes = 11;
  exchange.response_bytes = 22;
  return exchange;
}

TEST(AccessLane, ARecordSaysWhatTheExchangeWas) {
  AccessLane lane(nullptr, {});
  const events::Exchange exchange = some_exchange();
  tell(lane, {.method = "PUT", .target = "/p?q", .shadow_of = 5, .exchange = exchange});
  const auto taken = take(lane);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->method, "PUT");
  EXPECT_EQ(taken->target, "/p?q");
  EXPECT_FALSE(taken->line.target_cut);
  EXPECT_EQ(taken->line.shadow_of, 5u);
  EXPECT_EQ(taken->line.start, exchange.start);
  EXPECT_EQ(taken->line.first_byte, milliseconds(7));
  EXPECT_EQ(taken->line.duration, milliseconds(10));
  EXPECT_EQ(taken->line.connection, 4u);
  EXPECT_EQ(taken->line.request, 9u);
  EXPECT_EQ(taken->line.request_bytes, 11u);
  EXPECT_EQ(taken->line.response_bytes, 22u);
  EXPECT_EQ(taken->line.trace, exchange.trace);
  EXPECT_EQ(taken->line.outcome, exchange.outcome);
  EXPECT_EQ(taken->line.status, 201);
  EXPECT_FALSE(take(lane));
}

TEST(AccessLane, NoFirstByte) {
  AccessLane lane(nullptr, {});
  events::Exchange exchange = some_exchange();
  exchange.first_byte = {};
  tell(lane, {.exchange = exchange});
  EXPECT_LT(take(lane).value_or(Line{}).line.first_byte.count(), 0);
}

TEST(AccessLane, TargetsAreCutAndQueriesLeftOut) {
  AccessLane cutting(nullptr, {.target_bytes_max = 20});
  tell(cutting, {.method = std::string(1000, 'M'), .target = std::string(20, 'a')});
  tell(cutting, {.target = std::string(21, 'b')});
  const Line whole = take(cutting).value_or(Line{});
  EXPECT_EQ(whole.method, std::string(AccessLane::method_bytes_max, 'M'));
  EXPECT_EQ(whole.target, std::string(20, 'a'));
  EXPECT_FALSE(whole.line.target_cut);
  const Line cut = take(cutting).value_or(Line{});
  EXPECT_EQ(cut.target, std::string(20, 'b'));
  EXPECT_TRUE(cut.line.target_cut);

  AccessLane dropping(nullptr, {.target_bytes_max = 20, .query = false});
  tell(dropping, {.target = "/a?token=secret-and-very-long"});
  const Line without = take(dropping).value_or(Line{});
  EXPECT_EQ(without.target, "/a");
  EXPECT_FALSE(without.line.target_cut) << "what was asked for is no cut";
}

TEST(AccessLane, LimitsThatMakeNoSenseAreMended) {
  AccessLane least(nullptr, {.ring_bytes = 0, .target_bytes_max = 0});
  tell(least, {.target = std::string(1 << 16, 'a')});
  EXPECT_EQ(take(least).value_or(Line{}).target.size(), AccessLane::target_bytes_least);
  AccessLane most(nullptr, {.ring_bytes = 0, .target_bytes_max = std::size_t{1} << 40});
  tell(most, {.target = std::string(AccessLane::target_bytes_most + 1, 'a')});
  EXPECT_EQ(take(most).value_or(Line{}).target.size(), AccessLane::target_bytes_most);
}

TEST(AccessLane, AFullRingDropsAndCounts) {
  AccessLane lane(nullptr, {.ring_bytes = 0, .target_bytes_max = 16});
  std::uint64_t told = 0;
  while (lane.dropped() < 3) {
    tell(lane, {.exchange = {.request = ++told}});
    ASSERT_LT(told, 1000u);
  }
  std::uint64_t seen = 0;
  while (const auto taken = take(lane)) EXPECT_EQ(taken->line.request, ++seen);
  EXPECT_EQ(seen + lane.dropped(), told);
  tell(lane, {.exchange = {.request = 77}});
  EXPECT_EQ(take(lane).value_or(Line{}).line.request, 77u) << "there is room again";
}

TEST(AccessLane, PassesEverythingOn) {
  KeepingTapper inner;
  AccessLane lane(&inner, {});
  const events::Exchange exchange = some_exchange();
  wire::Tap* const tap = begin(lane, {.target = "/x", .shadow_of = 5, .exchange = exchange});
  EXPECT_EQ(tap->id(), 9u);
  tap->bytes(wire::Part::request_head, "head");
  tap->bytes(wire::Part::response_body, "body");
  tap->ended(exchange);
  ASSERT_EQ(inner.kept.size(), 1u);
  EXPECT_EQ(inner.kept[0].target, "/x");
  EXPECT_EQ(inner.kept[0].shadow_of, 5u);
  EXPECT_EQ(inner.kept[0].bytes, "headbody");
  EXPECT_THAT(inner.kept[0].ended, ElementsAre(exchange));
}

TEST(AccessLane, WhatTheOneWithinDeclinesIsLoggedAllTheSame) {
  KeepingTapper inner;
  inner.declines = true;
  AccessLane lane(&inner, {});
  wire::Tap* const tap = begin(lane, {.target = "/x"});
  EXPECT_EQ(tap->id(), 0u);
  tap->bytes(wire::Part::request_head, "head");
  tap->ended(some_exchange());
  EXPECT_EQ(take(lane).value_or(Line{}).target, "/x");
}

TEST(AccessLane, AnotherOneWithinIsForTheNextExchange) {
  KeepingTapper first;
  KeepingTapper second;
  AccessLane lane(&first, {});
  wire::Tap* const under_way = begin(lane, {.target = "/1"});
  lane.pass_to(&second);
  wire::Tap* const next = begin(lane, {.target = "/2"});
  lane.pass_to(nullptr);
  tell(lane, {.target = "/3"});
  next->ended({});
  under_way->ended({});
  ASSERT_EQ(first.kept.size(), 1u);
  EXPECT_EQ(first.kept[0].target, "/1");
  EXPECT_EQ(first.kept[0].ended.size(), 1u);
  ASSERT_EQ(second.kept.size(), 1u);
  EXPECT_EQ(second.kept[0].ended.size(), 1u);
  std::vector<std::string> targets;
  while (const auto taken = take(lane)) targets.push_back(taken->target);
  EXPECT_THAT(targets, ElementsAre("/3", "/2", "/1"));
}

TEST(AccessLane, ManyAtOnceDoNotMixUp) {
  AccessLane lane(nullptr, {});
  std::vector<wire::Tap*> taps;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const std::string target = "/" + std::to_string(i);
    taps.push_back(begin(lane, {.target = target}));
    if (i % 3 == 0) {
      std::exchange(taps[i / 3], nullptr)->ended({.request = i / 3});
    }
  }
  for (std::uint64_t i = 0; i < taps.size(); ++i) {
    if (taps[i] != nullptr) taps[i]->ended({.request = i});
  }
  std::size_t count = 0;
  for (; const auto taken = take(lane); ++count) EXPECT_EQ(taken->target, "/" + std::to_string(taken->line.request));
  EXPECT_EQ(count, 300u);
}

TEST(AccessLane, AtARelayEachExchangeIsOneRecord) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  support::RawServer upstream([&](support::RawConnection& peer) {
    while (peer.read_until("\r\n\r\n") && peer.send(ok)) {
    }
  });
  AccessLane lane(nullptr, {});
  RelayRun run(upstream.port(), {}, nullptr, &lane);
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string get = "GET /a?b HTTP/1.1\r\nHost: x\r\ntraceparent: 00-" + trace + "-00f067aa0ba902b7-01\r\n\r\n";
  {
    support::RawConnection client = run.connect();
    EXPECT_EQ(ask(client, get, ok.size()), ok);
  }
  EXPECT_THAT(last_words(run, "nonsense\r\n\r\n"), testing::StartsWith("HTTP/1.1 400 "));
  const auto events = run.events.wait_for(2);
  run.end();
  const Line first = take(lane).value_or(Line{});
  EXPECT_EQ(first.method, "GET");
  EXPECT_EQ(first.target, "/a?b");
  EXPECT_EQ(first.line.status, 200);
  EXPECT_EQ(first.line.start, events[0].start);
  EXPECT_EQ(first.line.duration, events[0].end - events[0].start);
  EXPECT_EQ(first.line.request_bytes, get.size());
  EXPECT_EQ(first.line.response_bytes, ok.size());
  EXPECT_EQ(first.line.trace, events[0].trace);
  EXPECT_FALSE(first.line.trace.none());
  const Line second = take(lane).value_or(Line{});
  EXPECT_EQ(second.line.outcome, events::Outcome::bad_request);
  EXPECT_EQ(second.method + second.target, "") << "nothing is known of a head that is none";
  EXPECT_FALSE(take(lane));
}

}  // namespace
}  // namespace stormproof::proxy
