// Faults before a connection is there, on HTTP relays and on either of a relay's connections.
#include "faults/stream_injector.h"

#include <gtest/gtest.h>

#include "harness/run/switchboard.h"
#include "tests/faults/hurt_relay.h"
#include "tests/support/waiting.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using support::RawConnection;

void answers(RawConnection& peer) {
  while (peer.read_until("\r\n\r\n") && peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
  }
}

std::string ask(RawConnection& client) {
  if (!client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")) return "";
  const auto head = client.read_until("\r\n\r\n");
  return head ? *head + client.read(head->contains("Length: 2") ? 2 : 0).value_or("") : "";
}

TEST(StreamInjector, RefusesWhatMeansNothing) {
  const base::SystemClock clock;
  StreamInjector injector(clock, nullptr, 0, 1);
  EXPECT_FALSE(injector.set({.name = "", .kind = Noop{}}));
  EXPECT_TRUE(injector.set({.name = "a", .kind = Bandwidth{.rate = 5}}));
  EXPECT_TRUE(injector.set({.name = "a", .kind = Bandwidth{.rate = 6}}));
  EXPECT_FALSE(injector.set({.name = "a", .kind = Noop{}})) << "it keeps its type";
  EXPECT_FALSE(injector.set({.name = "a", .direction = Direction::upstream, .kind = Bandwidth{}}));
  ASSERT_EQ(injector.faults().size(), 1U);
  EXPECT_EQ(std::get<Bandwidth>(injector.find("a")->kind).rate, 6U);
  for (std::size_t i = 1; i < StreamInjector::faults_max; ++i)
    EXPECT_TRUE(injector.set({.name = std::to_string(i), .kind = Noop{}}));
  EXPECT_FALSE(injector.set({.name = "more", .kind = Noop{}}));
  EXPECT_TRUE(injector.withdraw("a"));
  EXPECT_FALSE(injector.withdraw("a"));
  injector.clear();
  EXPECT_TRUE(injector.faults().empty());
}

TEST(StreamInjector, ConnectingIsDelayedRefusedOrHangs) {
  HurtRelay relay;
  relay.set("connect", Connecting{.delay = {.base = milliseconds(60)}});
  RawConnection client = relay.connect();
  EXPECT_GE(milliseconds_of([&] {
              EXPECT_TRUE(client.send("a"));
              EXPECT_EQ(client.read(1).value_or(""), "a");
            }),
            55);
  relay.set("connect", Connecting{.refuse = true});
  auto refused = RawConnection::connect(relay.port());
  EXPECT_FALSE(refused && refused->read_to_end()) << "reset, at the latest when it reads";
  relay.set("connect", Connecting{.hang = true});
  RawConnection hangs = relay.connect();
  EXPECT_TRUE(hangs.send("b"));
  EXPECT_FALSE(hangs.read(1, milliseconds(50)));
  relay.withdraw("connect");
  EXPECT_EQ(hangs.read(1).value_or(""), "b");
}

TEST(StreamInjector, AnHttpRelayCarriesFaultsOnEitherSide) {
  HurtRelay relay(answers, true);
  RawConnection client = relay.connect();
  EXPECT_TRUE(ask(client).ends_with("ok"));
  relay.set("client", StreamLatency{.distribution = {.base = milliseconds(40)}});
  relay.set("upstream", StreamLatency{.distribution = {.base = milliseconds(50)}}, Direction::upstream,
            Place::upstream);
  EXPECT_NEAR(milliseconds_of([&] { EXPECT_TRUE(ask(client).ends_with("ok")); }), 96, 8) << "a pooled connection, too";
  relay.withdraw("client");
  relay.withdraw("upstream");
  EXPECT_LT(milliseconds_of([&] { EXPECT_TRUE(ask(client).ends_with("ok")); }), 40);
  relay.set("reset", Reset{}, Direction::downstream, Place::upstream);
  EXPECT_TRUE(ask(client).starts_with("HTTP/1.1 502")) << "the upstream's side breaks; the relay answers its client";
  relay.withdraw("reset");
  relay.set("reset", Reset{}, Direction::downstream, Place::client);
  RawConnection other = relay.connect();
  EXPECT_TRUE(other.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_FALSE(other.read_to_end()) << "reset";
}

TEST(StreamInjector, CountsTheConnectionsThatItHit) {
  HurtRelay relay;
  relay.set("half", Reset{}, Direction::downstream, Place::client, 0.5);
  int resets = 0;
  std::uint64_t hits = 0;
  for (int i = 0; i < 20; ++i) {
    RawConnection client = relay.connect();
    EXPECT_TRUE(client.send("a"));
    resets += !client.read(1).has_value();
  }
  EXPECT_TRUE(support::eventually(milliseconds(2000), [&] {
    hits = relay.board().state("t")->faults.front().connections_hit;
    return hits == static_cast<std::uint64_t>(resets);
  })) << hits;
  EXPECT_GT(resets, 3);
  EXPECT_LT(resets, 17);
}

}  // namespace
}  // namespace stormproof::faults
