#include "harness/run/probe_traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/run/answering.h"

namespace stormproof::run {
namespace {

using scenarios::ProbeVariant;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Attribute = ProbeVariant::Attribute;

replay::Script script() {
  replay::Script made;
  for (const std::string target : {"/orders/1", "/orders/2"}) {
    replay::ScriptRequest request;
    request.method = "GET";
    request.target = target;
    request.fields = "GET " + target + " HTTP/1.1\r\nHost: shop\r\nX-Api-Key: a\r\n";
    made.add(request);
  }
  return made;
}

ProbeWay way_to(std::uint16_t port) { return {.target = {wire::asio::ip::address_v4::loopback(), port}}; }

TEST(ProbeTraffic, VariesOneAttribute) {
  const replay::ScriptRequest request = script().requests.front();
  EXPECT_EQ(varied(request, {.attribute = Attribute::header, .name = "x-api-key", .value = "b"}).fields,
            "GET /orders/1 HTTP/1.1\r\nHost: shop\r\nx-api-key: b\r\n");
  EXPECT_EQ(varied(request, {.attribute = Attribute::header, .name = "X-New", .value = "b"}).fields,
            request.fields + "X-New: b\r\n");
  const auto other = varied(request, {.attribute = Attribute::path, .value = "/b"});
  EXPECT_EQ(other.target, "/b");
  EXPECT_EQ(other.fields, "GET /b HTTP/1.1\r\nHost: shop\r\nX-Api-Key: a\r\n");
  const auto head = varied(request, {.attribute = Attribute::method, .value = "HEAD"});
  EXPECT_EQ(head.method, "HEAD");
  EXPECT_THAT(head.fields, testing::StartsWith("HEAD /orders/1 HTTP/1.1\r\n"));
  EXPECT_EQ(varied(request, {.attribute = Attribute::source, .value = "127.0.0.2"}).fields, request.fields);
  replay::ScriptRequest twice = request;
  twice.fields += "x-api-key: c\r\nZ: z\r\n";
  EXPECT_EQ(varied(twice, {.attribute = Attribute::header, .name = "X-Api-Key", .value = "b"}).fields,
            "GET /orders/1 HTTP/1.1\r\nHost: shop\r\nX-Api-Key: b\r\nZ: z\r\n");
}

TEST(ProbeTraffic, TheRequestIsOneThatWasRecorded) {
  const ProbeWay way = way_to(9);
  const auto first = plan_probe({}, {.rate_per_second = 20}, script(), way, 1);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->requests.front().target, "/orders/1");
  scenarios::RateProbe probe{.request = "GET /orders/2"};
  EXPECT_EQ(plan_probe(probe, {.rate_per_second = 20}, script(), way, 1)->requests.front().target, "/orders/2");
  probe.request = "GET /orders/3";
  const auto none = plan_probe(probe, {.rate_per_second = 20}, script(), way, 1);
  ASSERT_FALSE(none.has_value());
  EXPECT_THAT(none.error().message, HasSubstr("GET /orders/3 is not among those of the capture"));
}

TEST(ProbeTraffic, TheTrafficRestsWhileAProbeHasItsTurn) {
  scenarios::Scenario scenario;
  scenario.steady_state.duration = seconds(2);
  scenario.phases.resize(3);
  for (auto& phase : scenario.phases) phase.duration = seconds(5);
  scenario.phases[1].probe.emplace();
  EXPECT_EQ(rests_of(scenario), (std::vector<RestingShots::Rest>{{seconds(7), seconds(12)}}));
}

TEST(ProbeTraffic, EachGoesItsWay) {
  Answering server;
  Answering instance;
  scenarios::RateProbe probe;
  probe.vary = {{.attribute = Attribute::header, .name = "X-Api-Key", .value = "b"},
                {.attribute = Attribute::source, .value = "127.0.0.2"},
                {.attribute = Attribute::instance, .value = "http://127.0.0.1:" + std::to_string(instance.port())}};
  auto plan = plan_probe(probe, {.rate_per_second = 20, .burst = 2}, script(), way_to(server.port()), 1001);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan->ways.size(), 3U);
  // Of the schedule only who asks matters here: all of it at once.
  plan->schedule.shots = {{milliseconds(0), 0}, {milliseconds(1), 1}, {milliseconds(2), 2}, {milliseconds(3), 3}};
  const base::SystemClock clock;
  LiveCounts counts;
  ProbeTraffic traffic(7, 16, clock, counts, "X-Api-Key");
  traffic.begin(*plan, clock.now());
  while (counts.sent < 4) std::this_thread::yield();
  events::Log log = traffic.finish(seconds(10));
  ASSERT_EQ(log.exchanges.size(), 4U);
  std::ranges::sort(log.exchanges, {}, &events::Exchange::request);
  EXPECT_EQ(log.exchanges.front().request, 1001U);
  EXPECT_EQ(log.exchanges.back().request, 1004U);
  EXPECT_NE(log.exchanges[0].key, log.exchanges[1].key);
  EXPECT_NE(log.exchanges[0].connection, log.exchanges[2].connection) << "numbered within the run";
  EXPECT_EQ(server.asked().size(), 3U);
  EXPECT_EQ(instance.asked().size(), 1U);
}

}  // namespace
}  // namespace stormproof::run
