#include "replay/outbox.h"

#include <gtest/gtest.h>

#include "harness/events/recorder.h"

namespace stormproof::replay {
namespace {

TEST(Outbox, EveryRequestEndsOnceAndIsCounted) {
  wire::IoContext io(wire::one_thread);
  base::ManualClock clock(base::Time(std::chrono::seconds(100)));
  events::Recorder sink;
  Outbox outbox(io, clock, sink, {});
  UnderWay sent;
  sent.due.shot.method = "HEAD";
  sent.due.shot.fields = "HEAD / HTTP/1.1\r\n";
  sent.due.intended = sent.due.taken = clock.now();
  sent.due.waiting = true;
  clock.advance(std::chrono::milliseconds(7));
  outbox.start(sent);
  EXPECT_TRUE(sent.to_head);
  EXPECT_EQ(sent.event.waited, base::Nanoseconds(std::chrono::milliseconds(7)));
  const wire::TraceLines trace({}, 0);
  EXPECT_EQ(outbox.parts(sent, trace)[0], "HEAD / HTTP/1.1\r\n");
  EXPECT_EQ(sent.event.request_bytes, 19u);
  EXPECT_EQ(outbox.cancelled(sent).outcome, events::Outcome::cancelled);
  outbox.report(sent, events::Outcome::shed);
  outbox.hold_off(Due{});
  EXPECT_EQ(outbox.counts.sent, 1u);
  EXPECT_EQ(outbox.counts.shed, 1u);
  EXPECT_EQ(outbox.counts.held_off, 1u);
  EXPECT_EQ(outbox.counts.ended, 2u);
  EXPECT_TRUE(outbox.under_way.empty());
  EXPECT_EQ(sink.log().exchanges.size(), 2u);
}

}  // namespace
}  // namespace stormproof::replay
