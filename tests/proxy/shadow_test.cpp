// Which requests are shadowed, what the shadow holds and loses, and that the live side never sees it.
#include "harness/proxy/shadow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>

#include "harness/base/seed.h"
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
using testing::ElementsAre;
using testing::HasSubstr;
using wire::Part;

const std::string get = "GET /a HTTP/1.1\r\nHost: shop.local\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string other = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nother";

// Answers whatever comes without a body, for as long as it comes.
RawServer::Play answer_heads(const std::string& answer) {
  return [&answer](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) && peer.send(answer)) {
    }
  };
}

void stay_silent(RawConnection& peer) { peer.read_to_end(std::chrono::seconds(30)); }

// Requests put to a shadow without a relay, a loop or a candidate.
class Asked {
 private:
  base::SystemClock clock_;
  SetDelay delay_;
  wire::IoContext io_{wire::one_thread};
  std::uint64_t asked_ = 0;

 public:
  TapLog within;
  std::unique_ptr<Shadow> shadow;  // ends before what it stands on

  explicit Asked(ShadowOptions options) {
    options.candidate = {wire::asio::ip::address_v4::loopback(), 1};
    options.drain = milliseconds(1);
    shadow = must(Shadow::open(io_, clock_, delay_, std::move(options), &within));
  }
  ~Asked() {
    base::TaskGroup group;
    group.spawn(shadow->drain());
    while (group.size() > 0) io_.run_one();
    expect_adds_up(shadow->counts());
  }

  // The tap that the shadow gives to this request.
  wire::Tap* tap(const std::string& head) {
    wire::Framer framer(wire::MessageKind::request);
    framer.begin();
    framer.feed(head);
    wire::Tap* const tap = shadow->tap({framer.head(), 1, ++asked_, {}});
    if (tap != nullptr) tap->bytes(Part::request_head, head);
    return tap;
  }
  // Whether this request is chosen.
  bool chosen(const std::string& head) {
    const std::uint64_t before = shadow->counts().chosen;
    if (wire::Tap* const given = tap(head)) given->ended({});
    return shadow->counts().chosen > before;
  }
};

// What is chosen.

TEST(Shadow, ShareIsADrawOfSeedAndRequestNumber) {
  constexpr int requests = 10'000;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{42}}) {
    ShadowOptions options;
    options.share = 0.1;
    options.seed = seed;
    options.queue_max = 0;
    Asked asked(options);
    int chosen = 0;
    for (std::uint64_t number = 1; number <= requests; ++number) {
      const bool expected = base::draw_unit(seed, "shadow", number) < 0.1;
      ASSERT_EQ(asked.chosen(get), expected) << number;
      chosen += expected ? 1 : 0;
    }
    EXPECT_NEAR(chosen, 0.1 * requests, 100);
  }
}

TEST(Shadow, OfNothingAndOfEverything) {
  ShadowOptions options;
  options.share = 0;
  Asked none(options);
  options.share = 1;
  Asked all(options);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(none.chosen(get));
    ASSERT_TRUE(all.chosen(get));
  }
}

TEST(Shadow, OnlyMethodsThatReadUnlessToldOtherwise) {
  Asked asked({});
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    EXPECT_TRUE(asked.chosen(std::string(method) + " / HTTP/1.1\r\n\r\n")) << method;
  }
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "get", "PURGE"}) {
    EXPECT_FALSE(asked.chosen(std::string(method) + " / HTTP/1.1\r\n\r\n")) << method;
  }
}

TEST(Shadow, OnlyPathsThatAreAskedFor) {
  ShadowOptions options;
  options.only.paths = {"/api/*", "/health"};
  Asked asked(options);
  EXPECT_TRUE(asked.chosen("GET /api/orders?x=/health HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(asked.chosen("GET /health?deep HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(asked.chosen("GET /apis HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(asked.chosen("GET /a?/api/ HTTP/1.1\r\n\r\n"));
}

TEST(Shadow, NeverUpgradesTunnelsAndWhatIsNoRequest) {
  ShadowOptions options;
  options.only = {};
  Asked asked(options);
  EXPECT_FALSE(asked.chosen("CONNECT shop:443 HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(asked.chosen("GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
  EXPECT_FALSE(asked.chosen("nonsense\r\n\r\n"));
  EXPECT_TRUE(asked.chosen(get));
}

TEST(Shadow, ARequestThatIsNotChosenKeepsTheTapWithin) {
  ShadowOptions options;
  options.only.paths = {"/other"};
  Asked asked(options);
  wire::Tap* const tap = asked.tap(get);
  ASSERT_NE(tap, nullptr);
  EXPECT_EQ(tap, asked.within.last_given()) << "no wrapper";
  tap->ended({});
}

// What it holds.

TEST(Shadow, NeverHoldsMoreThanItsMemory) {
  ShadowOptions options;
  options.only = {};
  options.memory_bytes_max = 4 << 20;
  Asked asked(options);
  const std::size_t at_first = asked.shadow->memory_held();
  std::vector<wire::Tap*> taps;
  for (int i = 0; i < 100; ++i) {
    taps.push_back(asked.tap("POST / HTTP/1.1\r\nContent-Length: 100001\r\n\r\n"));
    taps.back()->bytes(Part::request_body, std::string(100'000, 'x'));
  }
  EXPECT_GT(asked.shadow->counts().dropped_for(ShadowLoss::no_memory), 50u);
  EXPECT_GT(asked.shadow->counts().under_way, 10u) << "what is held stays";
  EXPECT_LE(asked.shadow->memory_highest(), options.memory_bytes_max);
  EXPECT_GE(asked.shadow->memory_highest(), options.memory_bytes_max - 200'000);
  for (wire::Tap* const tap : taps) tap->ended({});
  EXPECT_EQ(asked.shadow->memory_held(), at_first);
  EXPECT_EQ(asked.shadow->counts().under_way, 0u);
  for (const TapLog::Seen& seen : asked.within.now()) {
    ASSERT_EQ(seen.part(Part::request_body).size(), 100'000u) << "the tap within misses nothing";
    ASSERT_TRUE(seen.ended);
  }
}

TEST(Shadow, ABodyAboveAllMemoryIsDroppedAtItsHead) {
  ShadowOptions options;
  options.only = {};
  options.memory_bytes_max = 4 << 20;
  Asked asked(options);
  const std::size_t at_first = asked.shadow->memory_held();
  wire::Tap* const tap = asked.tap("POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n");
  EXPECT_EQ(asked.shadow->counts().dropped_for(ShadowLoss::too_large), 1u);
  EXPECT_EQ(asked.shadow->memory_held(), at_first);
  tap->ended({});
}

TEST(Shadow, MemoryThatDoesNotServeItsConnectionsIsRefused) {
  base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  SetDelay delay;
  ShadowOptions options;
  options.memory_bytes_max = 1 << 20;
  const auto shadow = Shadow::open(io, clock, delay, options, nullptr);
  ASSERT_FALSE(shadow.has_value());
  EXPECT_THAT(shadow.error().message, HasSubstr("a shadow with 64 connections needs at least 1.3"));
  options.connections_max = 8;
  EXPECT_TRUE(Shadow::open(io, clock, delay, options, nullptr).has_value());
}

TEST(Shadow, AFullQueueDropsTheNewest) {
  ShadowOptions options;
  options.queue_max = 3;
  Asked asked(options);
  for (int i = 0; i < 5; ++i) asked.tap(get)->ended({});
  EXPECT_EQ(asked.shadow->counts().dropped_for(ShadowLoss::queue_full), 2u);
  EXPECT_EQ(asked.shadow->counts().under_way, 3u);
}

// What arrives.

TEST(Shadow, CopiesArriveByteForByteAndAreToldBesideTheLiveOnes) {
  const std::string large(150'000, 'y');
  const std::vector<std::string> requests = {
      get, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 150000\r\n\r\n" + large,
      "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n249F0\r\n" + large + "\r\n0\r\nA: b\r\n\r\n",
      "DELETE /d HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"};
  const auto play = [&](const std::string& answer) {
    return [&](RawConnection& peer) {
      for (const std::string& request : requests) {
        if (must(peer.read(request.size())) != request) ADD_FAILURE() << "not " << request.substr(0, 50);
        must(peer.send(answer));
      }
      peer.read_to_end(std::chrono::seconds(30));
    };
  };
  RawServer upstream(play(ok));
  RawServer candidate(play(other));
  ShadowRun run(upstream.port(), candidate.port());
  RawConnection client = run.connect();
  std::uint64_t chosen = 0;
  for (const std::string& request : requests) {
    EXPECT_EQ(ask(client, request, ok.size()), ok);
    run.settled(++chosen);  // one after the other, so that they share a connection
  }
  const auto seen = run.taps.wait_for_ended(8);
  ASSERT_EQ(seen.size(), 8u);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto live =
        std::ranges::find_if(seen, [&](const auto& each) { return each.shadow_of == 0 && each.request == i + 1; });
    ASSERT_NE(live, seen.end());
    const auto shadow = std::ranges::find(seen, live->id, &TapLog::Seen::shadow_of);
    ASSERT_NE(shadow, seen.end());
    EXPECT_TRUE(live->request_bytes() == requests[i]);
    EXPECT_TRUE(shadow->request_bytes() == requests[i]);
    EXPECT_EQ(live->response_bytes(), ok);
    EXPECT_EQ(shadow->response_bytes(), other);
    EXPECT_EQ(shadow->connection, live->connection);
    EXPECT_EQ(shadow->request, live->request);
    EXPECT_EQ(shadow->event.status, 404);
  }
  const ShadowState end = run.end();
  EXPECT_EQ(end.counts.answered, 4u);
  EXPECT_EQ(end.counts.sent, 4u);
  EXPECT_EQ(candidate.accepted(), 1u);
}

TEST(Shadow, IsNotToldWhereTheLiveExchangeHasNoId) {
  RawServer upstream(answer_heads(ok));
  RawServer candidate(answer_heads(other));
  ShadowRun run(upstream.port(), candidate.port());
  run.taps.give_no_ids();
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  EXPECT_EQ(run.settled(1).counts.answered, 1u);
  EXPECT_EQ(run.taps.now().size(), 1u);
}

TEST(Shadow, AWholeRequestIsSentThoughItsClientLeftAndItsUpstreamIsDown) {
  std::promise<void> asked;
  RawServer upstream([&](RawConnection& peer) {
    must(peer.read(get.size()));
    asked.set_value();
    stay_silent(peer);
  });
  RawServer candidate(answer_heads(other));
  ShadowRun run(upstream.port(), candidate.port());
  RawConnection client = run.connect();
  must(client.send(get));
  asked.get_future().wait();
  client.reset();
  EXPECT_EQ(run.settled(1).counts.answered, 1u);
  EXPECT_EQ(run.events.wait_for(1)[0].outcome, Outcome::cancelled);

  ShadowRun without(support::free_port(), candidate.port());
  EXPECT_THAT(ask(*std::make_unique<RawConnection>(without.connect()), get, 12), HasSubstr("502"));
  EXPECT_EQ(without.settled(1).counts.answered, 1u);
}

TEST(Shadow, DoesNotWaitForTheLiveAnswer) {
  std::promise<void> shadowed;
  RawServer upstream([&](RawConnection& peer) {
    must(peer.read(get.size()));
    shadowed.get_future().wait();
    must(peer.send(ok));
  });
  RawServer candidate(answer_heads(other));
  ShadowRun run(upstream.port(), candidate.port());
  RawConnection client = run.connect();
  must(client.send(get));
  EXPECT_EQ(run.settled(1).counts.answered, 1u);
  shadowed.set_value();
  EXPECT_EQ(must(client.read(ok.size())), ok);
}

TEST(Shadow, AClientThatLeavesWithinItsBodyIsNotShadowed) {
  RawServer upstream(stay_silent);
  RawServer candidate(answer_heads(other));
  ShadowRun run(upstream.port(), candidate.port());
  for (const char* request : {"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
                              "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
                              "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfbroken"}) {
    RawConnection client = run.connect();
    must(client.send(request));
    client.end_sending();
    ends(client);
  }
  EXPECT_EQ(run.settled(3).counts.dropped_for(ShadowLoss::not_whole), 3u);
  run.end();
  EXPECT_EQ(candidate.accepted(), 0u);
}

}  // namespace
}  // namespace stormproof::proxy
