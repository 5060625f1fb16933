// How exchanges end when something goes wrong: each cause, what each side then sees, and what the event says.
#include "harness/proxy/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/proxy/relay_run.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view post = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(Exchange, RefusedUpstreamIsA502) {
  RelayRun run(support::free_port());
  EXPECT_THAT(last_words(run, get), StartsWith("HTTP/1.1 502 Bad Gateway\r\n"));
  const auto event = only_event(run);
  EXPECT_EQ(event.outcome, Outcome::refused);
  EXPECT_EQ(event.status, 502);
  EXPECT_EQ(event.request_bytes, get.size());
  EXPECT_LE(event.start, event.end);
}

TEST(Exchange, OwnAnswerToHeadHasNoBody) {
  RelayRun run(support::free_port());
  EXPECT_THAT(last_words(run, "HEAD / HTTP/1.1\r\n\r\n"), EndsWith("\r\n\r\n"));
}

TEST(Exchange, UpstreamThatBreaksOff) {
  struct Break {
    std::string_view said;
    bool reset;
    std::string_view client_sees;  // "502", or what was passed on
  };
  const std::string_view half_body = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
  const std::string_view half_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf";
  for (const Break& how :
       {Break{"", false, "502"}, Break{"", true, "502"}, Break{"HTTP/1.1 200 OK\r\nCont", false, "502"},
        Break{"HTTP/1.1 103 Early Hints\r\n\r\n", false, "502"}, Break{half_body, false, half_body},
        Break{half_chunks, false, half_chunks}}) {
    RawServer upstream([&](RawConnection& peer) {
      read_head(peer);
      must(peer.send(how.said));
      if (how.reset) peer.reset();
    });
    RelayRun run(upstream.port());
    const std::string words = last_words(run, get);
    if (how.client_sees == "502") EXPECT_THAT(words, HasSubstr("HTTP/1.1 502 ")) << how.said;
    else EXPECT_EQ(words, how.client_sees);
    EXPECT_EQ(only_event(run).outcome, Outcome::reset) << how.said;
  }
}

TEST(Exchange, ResetWithinABodyThatTheEndWouldEndIsPassedOnAsAReset) {
  const std::string_view part = "HTTP/1.1 200 OK\r\n\r\npart";
  std::promise<void> seen;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(part));
    seen.get_future().wait();
    peer.reset();
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, get, part.size()), part);
  seen.set_value();
  const auto rest = client.read_to_end();
  ASSERT_FALSE(rest);
  EXPECT_THAT(rest.error().message, HasSubstr("reset"));
  EXPECT_EQ(only_event(run).outcome, Outcome::reset);
}

TEST(Exchange, UpstreamThatBreaksOffWhileTheClientStillSends) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    peer.reset();
  });
  RelayRun run(upstream.port());
  EXPECT_THAT(last_words(run, "POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\npart"), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::reset);
}

TEST(Exchange, ResponsesThatAreNotHttp) {
  for (const std::string_view said :
       {"what?\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    RawServer upstream([&](RawConnection& peer) {
      read_head(peer);
      must(peer.send(said));
      EXPECT_TRUE(ends(peer));
    });
    RelayRun run(upstream.port());
    EXPECT_THAT(last_words(run, get), StartsWith("HTTP/1.1 502 ")) << said;
    EXPECT_EQ(only_event(run).outcome, Outcome::bad_response) << said;
  }
}

TEST(Exchange, OversizedResponseHead) {
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send("HTTP/1.1 200 OK\r\nX: " + std::string(wire::Framer::head_bytes_max, 'x')));
    EXPECT_TRUE(ends(peer));
  });
  RelayRun run(upstream.port());
  EXPECT_THAT(last_words(run, get), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::bad_response);
}

TEST(Exchange, BadChunkWithinAResponseCutsIt) {
  const std::string good = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
  std::promise<void> seen;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(good));
    seen.get_future().wait();
    must(peer.send("zz\r\n"));
    EXPECT_TRUE(ends(peer));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, get, good.size()), good);
  seen.set_value();
  EXPECT_EQ(must(client.read_to_end()), "");
  EXPECT_EQ(only_event(run).outcome, Outcome::bad_response);
}

TEST(Exchange, MalformedRequestsAreRefusedAndNeverForwarded) {
  RawServer upstream([](RawConnection& peer) { ADD_FAILURE() << must(peer.read(1)); });
  RelayRun run(upstream.port());
  std::size_t count = 0;
  for (const std::string_view request :
       {"GET / HTTP/1.1\nHost: a\n\n", "GET  HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA : b\r\n\r\n", "\x16\x03\x01",
        "GET / HTTP/2.0\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "G\"T / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.1\r\nContent-Length: 1,1\r\n\r\na", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"}) {
    const std::string words = last_words(run, request);
    EXPECT_THAT(words, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << request;
    EXPECT_THAT(words, Not(EndsWith("stormproof: \n"))) << "no reason is given for " << request;
    const auto events = run.events.wait_for(++count);
    EXPECT_EQ(events.back().outcome, Outcome::bad_request) << request;
    EXPECT_EQ(events.back().status, 400);
  }
  EXPECT_EQ(upstream.accepted(), 0u);
  EXPECT_EQ(run.end().exchanges, count);
}

TEST(Exchange, OversizedHeadIsRefused) {
  RawServer upstream([](RawConnection&) { ADD_FAILURE(); });
  RelayRun run(upstream.port());
  EXPECT_THAT(last_words(run, "GET / HTTP/1.1\r\nX: " + std::string(wire::Framer::head_bytes_max, 'x')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::bad_request);
}

TEST(Exchange, MalformedBodyIsCutAndRefused) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    EXPECT_EQ(must(peer.read_to_end()), "1\r\na\r\n");
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return upstream.accepted() == 1; }));
  must(client.send("xyz\r\n"));
  EXPECT_THAT(must(client.read_to_end()), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::bad_request);
}

// An upstream that closes its first connection as soon as the second request arrives on it.
class StaleUpstream {
 public:
  StaleUpstream() : server_([this](RawConnection& peer) { play(peer); }) {}
  RawServer& server() { return server_; }
  std::promise<std::string> second;  // the request that came on the second connection

 private:
  void play(RawConnection& peer) {
    const int number = ++number_;
    while (true) {
      auto head = peer.read_until("\r\n\r\n");
      if (!head) return;
      if (head->contains("Content-Length: 2")) *head += must(peer.read(2));
      if (number == 1 && ++requests_ == 2) return peer.reset();
      if (number == 2) second.set_value(*head);
      if (!peer.send(ok)) return;
    }
  }
  std::atomic<int> number_ = 0;
  std::atomic<int> requests_ = 0;
  RawServer server_;
};

TEST(Exchange, IdempotentRequestOnAStaleConnectionIsSentOnceMore) {
  StaleUpstream upstream;
  RelayRun run(upstream.server().port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  const auto events = run.events.wait_for(2);
  EXPECT_EQ(events[1].outcome, Outcome::answered);
  EXPECT_EQ(events[1].request_bytes, get.size());
  EXPECT_EQ(upstream.server().accepted(), 2u);
  EXPECT_EQ(upstream.second.get_future().get(), get);
}

TEST(Exchange, OtherRequestsOnAStaleConnectionAreNot) {
  StaleUpstream upstream;
  RelayRun run(upstream.server().port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  must(client.send(post));
  EXPECT_THAT(must(client.read_to_end()), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(run.events.wait_for(2)[1].outcome, Outcome::reset);
  EXPECT_EQ(upstream.server().accepted(), 1u);
}

TEST(Exchange, AFreshConnectionThatBreaksOffIsNotTriedAgain) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    peer.reset();
  });
  RelayRun run(upstream.port());
  EXPECT_THAT(last_words(run, get), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(upstream.accepted(), 1u);
}

TEST(Exchange, PooledConnectionThatTheUpstreamClosedWhileIdleIsNotUsed) {
  std::promise<void> closed;
  RawServer upstream([&, first = std::make_shared<std::atomic<bool>>(true)](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n")) {
      if (!peer.send(ok)) return;
      if (first->exchange(false)) {
        peer.close();
        closed.set_value();
        return;
      }
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  closed.get_future().wait();
  // A POST would not be sent again, so this shows that the dead connection was not lent.
  const std::string answer = ask(client, post.substr(0, post.size() - 2), 0);
  EXPECT_EQ(ask(client, "hi", ok.size()), ok);
  EXPECT_EQ(run.events.wait_for(2)[1].outcome, Outcome::answered);
}

}  // namespace
}  // namespace stormproof::proxy
