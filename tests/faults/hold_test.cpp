#include "faults/hold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/events/recorder.h"

namespace stormproof::faults {
namespace {

// What it does to an exchange stands in message_faults_test.cpp, at the wire.
TEST(Hold, ARequestThatNobodyFinishesLeavesNothingBehind) {
  const base::SystemClock clock;
  events::Recorder sink;
  Injector injector(clock, sink, sink.name("payments"));
  Rule rule;
  rule.id = "r";
  rule.truncate = Truncate{};
  injector.apply(Plan(1, {rule}));
  wire::Head head;
  head.method = "GET";
  head.target = "/";
  auto interception = injector.intercept({head, 1, 1, clock.now()});
  ASSERT_NE(interception, nullptr);
  EXPECT_EQ(interception->response_wish(), wire::Interception::Wish::whole);
  injector.heal();
  EXPECT_EQ(interception->response_wish(), wire::Interception::Wish::none);
  EXPECT_FALSE(interception->response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na").has_value());
  interception.reset();
  injector.heal();
}

}  // namespace
}  // namespace stormproof::faults
