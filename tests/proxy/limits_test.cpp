// How exchanges end at a limit, or because the client leaves.
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

// Limits.

RelayRun::Tweak limit(std::chrono::nanoseconds RelayLimits::* which) {
  return [which](RelayOptions& options) { options.limits.*which = milliseconds(60); };
}

TEST(Limits, SlowHeadOfAClientEndsItsConnection) {
  RelayRun run(support::free_port(), limit(&RelayLimits::client_head));
  EXPECT_EQ(last_words(run, "GET / HTTP/1.1\r\nHost"), "");
  EXPECT_TRUE(run.events.now().empty());
}

TEST(Limits, IdleClientIsClosed) {
  RawServer upstream([](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n") && peer.send(ok)) {
    }
  });
  RelayRun run(upstream.port(), limit(&RelayLimits::client_idle));
  EXPECT_EQ(last_words(run, ""), "");
  EXPECT_EQ(last_words(run, get), ok);
}

TEST(Limits, UpstreamHeadTimeoutIsA504) {
  RawServer upstream([](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port(), limit(&RelayLimits::upstream_head));
  for (const std::string_view request : {get, post}) EXPECT_THAT(last_words(run, request), StartsWith("HTTP/1.1 504 "));
  for (const auto& event : run.events.wait_for(2)) {
    EXPECT_EQ(event.outcome, Outcome::head_timeout);
    EXPECT_EQ(event.status, 504);
    EXPECT_GE(event.end - event.start, milliseconds(60));
  }
}

TEST(Limits, TheTotalOfAnExchangeEndsOneThatAlwaysMovesALittle) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    must(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"));
    while (peer.send("x") && !peer.read(1, milliseconds(5))) {
    }
  });
  RelayRun run(upstream.port(), limit(&RelayLimits::total));
  EXPECT_THAT(last_words(run, get), StartsWith("HTTP/1.1 200 "));
  const events::Exchange event = only_event(run);
  EXPECT_EQ(event.outcome, Outcome::total_timeout);
  EXPECT_GE(event.end - event.start, milliseconds(60));
}

TEST(Limits, TheTotalBeforeAResponseIsA504) {
  RawServer upstream([](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port(), limit(&RelayLimits::total));
  for (const std::string_view request : {get, post}) EXPECT_THAT(last_words(run, request), StartsWith("HTTP/1.1 504 "));
  for (const auto& event : run.events.wait_for(2)) EXPECT_EQ(event.outcome, Outcome::total_timeout);
}

TEST(Limits, InterimAnswersDoNotCountAsTheHead) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    must(peer.send("HTTP/1.1 100 Continue\r\n\r\n"));
    EXPECT_TRUE(ends(peer));
  });
  RelayRun run(upstream.port(), limit(&RelayLimits::upstream_head));
  EXPECT_THAT(last_words(run, post), HasSubstr("HTTP/1.1 504 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::head_timeout);
}

TEST(Limits, UpstreamThatNeverSays100IsA504) {
  RawServer upstream([](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port(), limit(&RelayLimits::upstream_head));
  EXPECT_THAT(last_words(run, "POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
              StartsWith("HTTP/1.1 504 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::head_timeout);
}

TEST(Limits, ClientThatStallsWithinItsBodyIsA408) {
  RawServer upstream([](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port(), limit(&RelayLimits::idle));
  EXPECT_THAT(last_words(run, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(only_event(run).outcome, Outcome::idle_timeout);
}

TEST(Limits, UpstreamThatStallsWithinItsBodyCutsTheResponse) {
  const std::string_view half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(half));
    EXPECT_TRUE(ends(peer));
  });
  RelayRun run(upstream.port(), limit(&RelayLimits::idle));
  EXPECT_EQ(last_words(run, get), half);
  EXPECT_EQ(only_event(run).outcome, Outcome::idle_timeout);
}

TEST(Limits, ClientThatNeverReadsIsCutOff) {
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"));
    const std::string piece(1 << 20, 'x');
    while (peer.send(piece)) {
    }
  });
  RelayRun run(upstream.port(), limit(&RelayLimits::idle));
  RawConnection client = run.connect();
  must(client.send(get));
  const auto event = only_event(run);
  EXPECT_EQ(event.outcome, Outcome::idle_timeout);
  EXPECT_EQ(event.status, 200);
}

TEST(Limits, UpstreamThatNeverReadsTheRequestIsA504) {
  std::promise<void> done;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    done.get_future().wait();
  });
  RelayRun run(upstream.port(), limit(&RelayLimits::idle));
  RawConnection client = run.connect();
  must(client.send("PUT / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n"));
  const std::string piece(1 << 20, 'x');
  while (client.send(piece, milliseconds(300))) {
  }
  EXPECT_EQ(only_event(run).outcome, Outcome::idle_timeout);
  EXPECT_THAT(must(client.read_until("\r\n")), StartsWith("HTTP/1.1 504 "));
  done.set_value();
}

// The client leaves.

TEST(ClientLeaves, ClientThatResetsWhileItWaitsCancelsTheCall) {
  std::promise<void> called;
  std::promise<bool> cut;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    called.set_value();
    cut.set_value(ends(peer));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(get));
  called.get_future().wait();
  client.reset();
  EXPECT_TRUE(cut.get_future().get());
  const auto event = only_event(run);
  EXPECT_EQ(event.outcome, Outcome::cancelled);
  EXPECT_EQ(event.status, 0);
}

TEST(ClientLeaves, EndOfTheClientCancelsWhereTheOptionSaysSo) {
  for (const bool cancels : {true, false}) {
    std::promise<void> called;
    RawServer upstream([&](RawConnection& peer) {
      read_head(peer);
      called.set_value();
      if (cancels) EXPECT_TRUE(ends(peer));
      else must(peer.send(ok));
    });
    RelayRun run(upstream.port(), [&](RelayOptions& options) { options.client_eof_cancels = cancels; });
    RawConnection client = run.connect();
    must(client.send(get));
    called.get_future().wait();
    client.end_sending();
    EXPECT_EQ(must(client.read_to_end()), cancels ? "" : ok);
    EXPECT_EQ(only_event(run).outcome, cancels ? Outcome::cancelled : Outcome::answered);
  }
}

TEST(ClientLeaves, ClientThatEndedBeforeItsRequestWasLookedAtCancelsToo) {
  RawServer upstream([&](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port(), [&](RelayOptions& options) { options.client_eof_cancels = true; });
  RawConnection client = run.connect();
  must(client.send(get));
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), "");
  EXPECT_EQ(only_event(run).outcome, Outcome::cancelled);
}

TEST(ClientLeaves, ClientThatLeavesWithinItsBodyCancels) {
  RawServer upstream([&](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return upstream.accepted() == 1; }));
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), "");
  EXPECT_EQ(only_event(run).outcome, Outcome::cancelled);
}

TEST(ClientLeaves, ClientThatLeavesWithinTheResponseCancels) {
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"));
    const std::string piece(1 << 20, 'x');
    while (peer.send(piece)) {
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(get));
  must(client.read(1000));
  client.reset();
  EXPECT_EQ(only_event(run).outcome, Outcome::cancelled);
}

}  // namespace
}  // namespace stormproof::proxy
