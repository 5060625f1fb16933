// A shadow that is switched off, by the relay's delay or by draining.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "harness/proxy/shadow.h"
#include "tests/proxy/shadow_run.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::RawConnection;
using support::RawServer;
using testing::ElementsAre;

const std::string get = "GET /a HTTP/1.1\r\nHost: shop.local\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void answer_heads(RawConnection& peer) {
  while (peer.read_until("\r\n\r\n", seconds(30)) && peer.send(ok)) {
  }
}
void stay_silent(RawConnection& peer) { peer.read_to_end(seconds(30)); }

void set_delay(ShadowRun& run, base::Nanoseconds delay) { run.delay.now = delay.count(); }

bool becomes(ShadowRun& run, bool on) {
  return support::eventually(seconds(5), [&] { return run.state().on == on; });
}

TEST(ShadowSwitch, ADelayAboveTheBoundSwitchesItOffAndSaysSo) {
  RawServer upstream(answer_heads);
  RawServer candidate(stay_silent);
  ShadowRun run(upstream.port(), candidate.port(), [](ShadowOptions& options) { options.connections_max = 2; });
  RawConnection client = run.connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(client, get, ok.size()), ok);
  EXPECT_TRUE(run.state().on);
  EXPECT_EQ(run.state().counts.under_way, 5u);
  set_delay(run, std::chrono::microseconds(7100));
  EXPECT_TRUE(becomes(run, false));
  EXPECT_THAT(run.troubles(),
              ElementsAre("shadow switched off: the relay's own delay reached p99 7.10 ms, above 5.00 ms"));
  // Two were with the candidate and are cut, three waited; one more comes after it.
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  const ShadowState state = run.settled(6);
  EXPECT_EQ(state.counts.failed_for(ShadowLoss::switched_off), 2u);
  EXPECT_EQ(state.counts.dropped_for(ShadowLoss::switched_off), 4u);
  const auto seen = run.taps.wait_for_ended(8);
  EXPECT_EQ(std::ranges::count(seen, events::Outcome::cancelled, [](const auto& each) { return each.event.outcome; }),
            2);
}

TEST(ShadowSwitch, ADelayAtTheBoundDoesNot) {
  RawServer upstream(answer_heads);
  RawServer candidate(answer_heads);
  ShadowRun run(upstream.port(), candidate.port());
  set_delay(run, milliseconds(5));
  const int asked = run.delay.asked;
  EXPECT_TRUE(support::eventually(seconds(5), [&] { return run.delay.asked >= asked + 2; }));
  EXPECT_TRUE(run.state().on);
  EXPECT_TRUE(run.troubles().empty());
}

TEST(ShadowSwitch, ARequestThatIsStillComingIsDropped) {
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n";
  std::promise<void> begun;
  RawServer upstream([&](RawConnection& peer) {
    must(peer.read(head.size() + 4));
    begun.set_value();
    must(peer.read(4));
    must(peer.send(ok));
  });
  RawServer candidate(answer_heads);
  ShadowRun run(upstream.port(), candidate.port());
  RawConnection client = run.connect();
  must(client.send(head + "half"));
  begun.get_future().wait();
  set_delay(run, milliseconds(50));
  EXPECT_TRUE(becomes(run, false));
  EXPECT_EQ(run.state().counts.under_way, 1u);
  EXPECT_EQ(ask(client, "half", ok.size()), ok);
  EXPECT_EQ(run.settled(1).counts.dropped_for(ShadowLoss::switched_off), 1u);
}

TEST(ShadowSwitch, ItStaysOffUnlessToldWhenToTryAgain) {
  RawServer upstream(answer_heads);
  RawServer candidate(answer_heads);
  ShadowRun stays(upstream.port(), candidate.port());
  ShadowRun tries(upstream.port(), candidate.port(),
                  [](ShadowOptions& options) { options.on_again_after = milliseconds(300); });
  for (ShadowRun* const run : {&stays, &tries}) {
    set_delay(*run, milliseconds(6));
    EXPECT_TRUE(becomes(*run, false));
    set_delay(*run, milliseconds(1));
  }
  EXPECT_TRUE(becomes(tries, true));
  EXPECT_EQ(tries.troubles().back(), "shadow switched on again");
  EXPECT_FALSE(stays.state().on);
  RawConnection client = tries.connect();
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  EXPECT_EQ(tries.settled(1).counts.answered, 1u);
  EXPECT_EQ(stays.troubles().size(), 1u);
}

TEST(ShadowDrain, LetsCallsAndTheQueueEnd) {
  RawServer upstream(answer_heads);
  std::promise<void> asked;
  std::promise<void> answer;
  RawServer candidate([&](RawConnection& peer) {
    must(peer.read(get.size()));
    asked.set_value();
    answer.get_future().wait();
    must(peer.send(ok));
    answer_heads(peer);
  });
  ShadowRun run(upstream.port(), candidate.port(), [](ShadowOptions& options) {
    options.connections_max = 1;
    options.drain = seconds(20);
  });
  RawConnection client = run.connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(client, get, ok.size()), ok);
  asked.get_future().wait();
  client.close();
  auto ended = std::async(std::launch::async, [&] { return run.end(); });
  EXPECT_TRUE(support::eventually(seconds(5), [&] { return !support::is_listening(run.port()); }));
  answer.set_value();
  EXPECT_EQ(ended.get().counts.answered, 3u);
}

TEST(ShadowDrain, CutsWhatIsUnderWayAtItsLimit) {
  RawServer upstream(answer_heads);
  RawServer candidate(stay_silent);
  ShadowRun run(upstream.port(), candidate.port(), [](ShadowOptions& options) {
    options.connections_max = 2;
    options.drain = milliseconds(30);
  });
  RawConnection client = run.connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(client, get, ok.size()), ok);
  client.close();
  const ShadowState end = run.end();
  EXPECT_EQ(end.counts.failed_for(ShadowLoss::ended), 2u);
  EXPECT_EQ(end.counts.dropped_for(ShadowLoss::ended), 3u);
}

}  // namespace
}  // namespace stormproof::proxy
