#include "harness/events/recorder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stormproof::events {
namespace {

TEST(Recorder, KeepsWhatItIsTold) {
  Recorder recorder;
  Sink& sink = recorder;
  const NameId payments = sink.name("payments");
  const NameId route = sink.route("GET", "/orders/7?full=1");
  sink.exchange({.status = 503, .party = payments, .route = route});
  sink.fault({.rule = payments, .request = 4});
  ASSERT_EQ(recorder.log().exchanges.size(), 1U);
  EXPECT_EQ(recorder.log().exchanges[0].status, 503);
  EXPECT_EQ(recorder.log().names.name_of(recorder.log().exchanges[0].route), "GET /orders/{id}");
  ASSERT_EQ(recorder.log().faults.size(), 1U);
  EXPECT_EQ(recorder.log().faults[0].request, 4U);
}

TEST(Recorder, GivesOneRouteToLikeTargetsAndTellsMethodsApart) {
  Recorder recorder;
  const NameId route = recorder.route("GET", "/orders/1");
  EXPECT_EQ(recorder.route("GET", "/orders/1"), route);
  EXPECT_EQ(recorder.route("GET", "/orders/2"), route);
  EXPECT_NE(recorder.route("PUT", "/orders/1"), route);
}

// More targets than it remembers: it forgets, and answers the same.
TEST(Recorder, AnswersTheSameAfterItForgot) {
  Recorder recorder;
  const NameId route = recorder.route("GET", "/orders/0");
  for (int i = 1; i < 70'000; ++i) ASSERT_EQ(recorder.route("GET", fmt::format("/orders/{}", i)), route);
  EXPECT_EQ(recorder.route("GET", "/orders/0"), route);
  EXPECT_EQ(recorder.log().names.size(), 2U);
}

// A verdict needs the name of a rule that fires late in a run, whatever paths came before.
TEST(Recorder, PathsWithoutEndLeaveRoomForNames) {
  Recorder recorder;
  const NameId early = recorder.route("GET", "/first-one");
  for (int i = 0; i < 70'000; ++i) recorder.route("GET", fmt::format("/guest-{}", i));
  const NameId late = recorder.route("GET", "/late");
  EXPECT_EQ(recorder.log().names.name_of(late), Names::other);
  EXPECT_EQ(recorder.route("GET", "/first-one"), early) << "a known route keeps its name";
  EXPECT_EQ(recorder.log().names.name_of(recorder.name("outage#1")), "outage#1");
}

}  // namespace
}  // namespace stormproof::events
