// What passes through a relay passes unchanged: framing of every kind, over real sockets.
#include "harness/proxy/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/proxy/relay_run.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using support::RawConnection;
using support::RawServer;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// An upstream that answers every request of `get`'s kind with `ok`.
void answer_gets(RawConnection& client) {
  while (client.read_until("\r\n\r\n", std::chrono::seconds(30)) && client.send(ok)) {
  }
}

struct Case {
  std::string name;
  std::string request;
  std::string response;
  bool client_goes_on = true;    // the client's connection carries a second exchange
  bool upstream_goes_on = true;  // the upstream's connection carries a second exchange
  bool upstream_closes = false;  // the end of the connection ends the response
};

void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }

class Unchanged : public testing::TestWithParam<Case> {};

TEST_P(Unchanged, BothWaysTwice) {
  const Case& c = GetParam();
  std::atomic<int> exact = 0;
  RawServer upstream([&](RawConnection& peer) {
    while (true) {
      const auto request = peer.read(c.request.size());
      if (!request) return;
      EXPECT_EQ(*request, c.request);
      if (*request == c.request) ++exact;
      if (!peer.send(c.response) || c.upstream_closes) return;
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(client, c.request, c.response.size()), c.response);
    if (!c.client_goes_on) {
      EXPECT_EQ(must(client.read_to_end()), "");
      client = run.connect();
    }
  }
  const auto events = run.events.wait_for(2);
  for (const events::Exchange& event : events) {
    EXPECT_EQ(event.outcome, Outcome::answered);
    EXPECT_EQ(event.request_bytes, c.request.size());
    EXPECT_EQ(event.response_bytes, c.response.size());
    EXPECT_LE(event.start, event.first_byte);
    EXPECT_LE(event.first_byte, event.end);
  }
  EXPECT_EQ(exact, 2);
  EXPECT_EQ(upstream.accepted(), c.upstream_goes_on ? 1u : 2u);
}

std::vector<Case> cases() {
  const std::string length_5 = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const std::string plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  return {
      {"KeepAlive", plain, length_5},
      {"OddCaseOrderAndSpace",
       "GET /a?b=%20&c HTTP/1.1\r\nhOST:x\r\nX-a:   1  2\t\r\nzzz:\r\nAccept:\t*/*\r\nX-a: again\r\n\r\n",
       "HTTP/1.1 200 Very  Fine\r\ncontent-LENGTH:5  \r\nX-A:\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nhello"},
      {"NoReason", plain, "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx"},
      {"NoReasonAndNoSpace", plain, "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx"},
      {"ObsText", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\nX: \xff\xfe\r\n\r\n",
       "HTTP/1.1 200 \xc3\xa9\r\nContent-Length: 0\r\n\r\n"},
      {"RequestBody", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nq=42", length_5},
      {"EmptyRequestBody", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", empty},
      {"ChunkedRequest",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
       "5;a=\"b \\\" c\";d\r\nhello\r\n0A\r\n0123456789\r\n000\r\nX-Sum: 1\r\nY:\r\n\r\n",
       empty},
      {"ChunkedResponse", plain,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n2\r\n\r\n\r\n0;last\r\nX-Sum: 1\r\n\r\n"},
      {"GzipThenChunked", plain, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nzz\r\n0\r\n\r\n"},
      {"Head", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"},
      {"HeadChunked", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"NoContentWithLength", plain, "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"},
      {"NotModifiedWithLength", plain, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"},
      {"Interim", plain,
       "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
       "5\r\n\r\nhello"},
      {"ClientCloses", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", length_5, false, false},
      {"UpstreamCloses", plain, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", false, false},
      {"Http10", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, false},
      {"Http10KeepAlive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"},
      {"UntilEof", plain, "HTTP/1.1 200 OK\r\n\r\nall until the end", false, false, true},
      {"UntilEofHttp10", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nall", false, false,
       true},
      {"UntilEofEmpty", plain, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, false, true},
      {"GetWithBodyAlone", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", length_5, false, false},
      {"LargeHeads", "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n",
       "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'b') + "\r\nContent-Length: 3\r\n\r\nabc"},
      {"BodyOfManyBuffers", "PUT / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'u'),
       "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'd')},
      {"ChunksOfManyBuffers",
       "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + std::string(0x20000, 'u') + "\r\n0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + std::string(0x20000, 'd') + "\r\n0\r\n\r\n"},
  };
}

INSTANTIATE_TEST_SUITE_P(Session, Unchanged, testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param.name; });

TEST(Session, PipelinedRequestsAreAnsweredInOrder) {
  RawServer upstream([](RawConnection& peer) {
    for (int i = 0;; ++i) {
      const auto head = peer.read_until("\r\n\r\n");
      if (!head) return;
      EXPECT_THAT(*head, testing::StartsWith("GET /" + std::to_string(i) + " "));
      must(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i)));
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  std::string requests;
  std::string responses;
  for (int i = 0; i < 8; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    responses += "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
  }
  EXPECT_EQ(ask(client, requests, responses.size()), responses);
  EXPECT_EQ(run.events.wait_for(8).size(), 8u);
}

TEST(Session, PipelinedBeyondTheBufferArriveUnchangedWhileTheFirstIsSlow) {
  // The second request fills the read buffer while the first is being answered: views of the first must not move.
  std::promise<void> go_on;
  const std::string second = "GET /b HTTP/1.1\r\nX: " + std::string(20'000, 'b') + "\r\n\r\n";
  std::promise<std::string> seen;
  RawServer upstream([&](RawConnection& peer) {
    const std::string first = read_head(peer);
    go_on.get_future().wait();
    must(peer.send(ok));
    seen.set_value(first + read_head(peer));
    must(peer.send(ok));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(std::string(get) + second));
  go_on.set_value();
  EXPECT_EQ(must(client.read(2 * ok.size())), std::string(ok) + std::string(ok));
  EXPECT_EQ(seen.get_future().get(), std::string(get) + second);
}

TEST(Session, HeadsCutAtEveryByteArriveWhole) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port());
  for (std::size_t cut = 1; cut < get.size(); ++cut) {
    RawConnection client = run.connect();
    must(client.send(get.substr(0, cut)));
    EXPECT_EQ(ask(client, get.substr(cut), ok.size()), ok);
  }
}

TEST(Session, EmptyLinesBeforeARequestAreDropped) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, "\r\n" + std::string(get), ok.size()), ok);
  EXPECT_EQ(ask(client, "\r\n\r\n" + std::string(get), ok.size()), ok);
  EXPECT_EQ(run.events.wait_for(2)[1].request_bytes, get.size());
}

constexpr std::string_view expecting = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";

TEST(Session, BodyIsSentOnlyAfter100) {
  RawServer upstream([](RawConnection& peer) {
    EXPECT_EQ(read_head(peer), expecting);
    must(peer.send("HTTP/1.1 100 Continue\r\n\r\n"));
    EXPECT_EQ(must(peer.read(4)), "body");
    must(peer.send(ok));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(expecting));
  EXPECT_EQ(read_head(client), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(ask(client, "body", ok.size()), ok);
  const events::Exchange event = run.events.wait_for(1)[0];
  EXPECT_EQ(event.outcome, Outcome::answered);
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.request_bytes, expecting.size() + 4);
}

TEST(Session, FinalAnswerWithout100EndsTheConnection) {
  const std::string failed = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(failed));
    EXPECT_EQ(must(peer.read_to_end()), "") << "the relay goes on with the connection though the request is not whole";
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(expecting));
  EXPECT_EQ(must(client.read_to_end()), failed);
  const events::Exchange event = run.events.wait_for(1)[0];
  EXPECT_EQ(event.outcome, Outcome::answered);
  EXPECT_EQ(event.status, 417);
}

TEST(Session, EarlyAnswerWhileTheRequestIsStillBeingSent) {
  const std::string too_large = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(too_large));
    while (peer.read(1)) {
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send("PUT / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n"));
  EXPECT_EQ(must(client.read(too_large.size())), too_large);
  // It is still sending: it must not be reset before it has read the answer.
  must(client.send(std::string(1'000'000, 'x')));
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), "");
  const events::Exchange event = run.events.wait_for(1)[0];
  EXPECT_EQ(event.outcome, Outcome::answered);
  EXPECT_EQ(event.status, 413);
}

TEST(Session, AfterAnEarlyAnswerTheRestOfTheRequestIsStillForwarded) {
  const std::string body(300'000, 'b');
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(ok));
    EXPECT_EQ(must(peer.read(body.size())), body);
    answer_gets(peer);
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send("PUT / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n"));
  EXPECT_EQ(must(client.read(ok.size())), ok);
  must(client.send(body));
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  const auto events = run.events.wait_for(2);
  EXPECT_EQ(events[0].outcome, Outcome::answered);
  EXPECT_EQ(events[0].request_bytes, body.size() + 42);
  EXPECT_LE(events[0].end, events[1].start) << "the end is the response's";
  EXPECT_EQ(events[1].outcome, Outcome::answered);
}

TEST(Session, AClientThatLeavesAfterAnEarlyAnswerWasAnswered) {
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(ok));
    EXPECT_TRUE(ends(peer));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send("PUT / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n"));
  EXPECT_EQ(must(client.read(ok.size())), ok);
  client.reset();
  EXPECT_EQ(run.events.wait_for(1)[0].outcome, Outcome::answered);
}

TEST(Session, EarlyAnswerByAnUpstreamThatReadsNothing) {
  // The relay is stuck writing the body when the answer comes.
  const std::string too_large = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
  std::promise<void> done;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(too_large));
    done.get_future().wait();
  });
  RelayRun run(upstream.port(), [](RelayOptions& options) {
    options.limits.linger = std::chrono::milliseconds(100);
    options.limits.idle = std::chrono::milliseconds(200);
  });
  RawConnection client = run.connect();
  must(client.send("PUT / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n"));
  const std::string piece(1 << 20, 'x');
  while (client.send(piece, std::chrono::milliseconds(300))) {
  }
  EXPECT_EQ(must(client.read(too_large.size())), too_large);
  EXPECT_EQ(run.events.wait_for(1)[0].outcome, Outcome::answered);
  done.set_value();
}

TEST(Session, HalfClosedClientStillGetsItsAnswers) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send(std::string(get) + std::string(get)));
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), std::string(ok) + std::string(ok));
  for (const auto& event : run.events.wait_for(2)) EXPECT_EQ(event.outcome, Outcome::answered);
}

TEST(Session, AmbiguousRequestsGetAConnectionOfTheirOwn) {
  RawServer upstream([](RawConnection& peer) {
    while (true) {
      const auto head = peer.read_until("\r\n\r\n");
      if (!head) return;
      if (head->contains("Content-Length: 3")) EXPECT_EQ(must(peer.read(3)), "abc");
      if (!peer.send(ok)) return;
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, get, ok.size()), ok);  // leaves a connection in the pool
  EXPECT_EQ(ask(client, "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", ok.size()), ok);
  EXPECT_EQ(must(client.read_to_end()), "");
  EXPECT_EQ(upstream.accepted(), 2u);
  RawConnection other = run.connect();
  EXPECT_EQ(ask(other, get, ok.size()), ok);
  EXPECT_EQ(upstream.accepted(), 2u) << "the ambiguous request's connection was kept or the pool's was used";
}

}  // namespace
}  // namespace stormproof::proxy
