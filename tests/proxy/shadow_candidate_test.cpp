// A candidate that misbehaves: the live side is served, and every copy is accounted for.
#include <gtest/gtest.h>

#include "harness/proxy/shadow.h"
#include "tests/proxy/shadow_run.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;

const std::string get = "GET /a HTTP/1.1\r\nHost: shop.local\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void answer_heads(RawConnection& peer) {
  while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) && peer.send(ok)) {
  }
}

void stay_silent(RawConnection& peer) { peer.read_to_end(std::chrono::seconds(30)); }

struct Misbehaviour {
  const char* name;
  RawServer::Play play;
  ShadowLoss loss;
};

TEST(ShadowCandidate, WhateverTheCandidateDoesTheLiveSideIsServed) {
  const std::vector<Misbehaviour> all = {{"breaks off",
                                          [](RawConnection& peer) {
                                            peer.read(1);
                                            peer.reset();
                                          },
                                          ShadowLoss::reset},
                                         {"garbage",
                                          [](RawConnection& peer) {
                                            must(peer.send("\x16\x03\x01 hello"));
                                            stay_silent(peer);
                                          },
                                          ShadowLoss::bad_response},
                                         {"stalls", stay_silent, ShadowLoss::timed_out},
                                         {"half an answer",
                                          [](RawConnection& peer) {
                                            must(peer.send(ok.substr(0, ok.size() - 1)));
                                            stay_silent(peer);
                                          },
                                          ShadowLoss::timed_out}};
  const std::string put = "PUT / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + std::string(50'000, 'z');
  RawServer upstream([&](RawConnection& peer) {
    while (peer.read(put.size(), std::chrono::seconds(30)) && peer.send(ok)) {
    }
  });
  for (const Misbehaviour& each : all) {
    RawServer candidate(each.play);
    ShadowRun run(upstream.port(), candidate.port(), [&](ShadowOptions& options) {
      if (each.loss != ShadowLoss::timed_out) return;
      options.head = milliseconds(30);
      options.total = milliseconds(60);
    });
    RawConnection client = run.connect();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(client, put, ok.size()), ok) << each.name;
    const ShadowState state = run.settled(20);
    EXPECT_EQ(state.counts.failed_for(each.loss), 20u) << each.name;
    for (const events::Exchange& event : run.events.wait_for(20)) EXPECT_EQ(event.outcome, Outcome::answered);
    run.end();
  }
}

TEST(ShadowCandidate, ARefusingCandidateIsCounted) {
  RawServer upstream(answer_heads);
  ShadowRun run(upstream.port(), support::free_port());
  RawConnection client = run.connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(client, get, ok.size()), ok);
  const ShadowState state = run.settled(20);
  EXPECT_EQ(state.counts.failed_for(ShadowLoss::refused), 20u);
  EXPECT_EQ(state.counts.sent, 0u);
  EXPECT_EQ(run.taps.wait_for_ended(40).size(), 40u);
}

TEST(ShadowCandidate, AStalledCandidateHoldsAtMostTheMemoryAndTheConnections) {
  RawServer upstream(answer_heads);
  RawServer candidate(stay_silent);
  constexpr std::size_t memory = 1'200'000;
  ShadowRun run(upstream.port(), candidate.port(), [](ShadowOptions& options) {
    options.memory_bytes_max = memory;
    options.connections_max = 4;
  });
  RawConnection client = run.connect();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(ask(client, get, ok.size()), ok);
  const ShadowState state = run.state();
  EXPECT_GT(state.counts.dropped_for(ShadowLoss::no_memory), 500u);
  EXPECT_LE(state.highest, memory);
  EXPECT_EQ(candidate.accepted(), 4u);
  run.end();
}

TEST(ShadowCandidate, CopiesThatWaitTooLongAreDropped) {
  RawServer upstream(answer_heads);
  RawServer candidate(stay_silent);
  ShadowRun run(upstream.port(), candidate.port(), [](ShadowOptions& options) {
    options.connections_max = 1;
    options.queued = milliseconds(20);
  });
  RawConnection client = run.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(client, get, ok.size()), ok);
  EXPECT_TRUE(support::eventually(std::chrono::seconds(5),
                                  [&] { return run.state().counts.dropped_for(ShadowLoss::waited) == 9; }));
}

}  // namespace
}  // namespace stormproof::proxy
