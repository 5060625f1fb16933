#include "replay/sender.h"

#include <atomic>
#include <future>
#include <mutex>
#include <set>

#include "harness/base/histogram.h"
#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

// The same shot for ever, all of them due now.
class Flood final : public ShotSource {
 public:
  std::optional<Shot> next() override {
    shot_.request = ++given_;
    return shot_;
  }

 private:
  Shot shot_{.request = 0,
             .offset = Nanoseconds(0),
             .method = "GET",
             .target = "/",
             .fields = "GET / HTTP/1.1\r\nHost: t\r\n",
             .body = "",
             .trace = {}};
  std::uint64_t given_ = 0;
};

TEST_F(SenderTest, SendsInOrderAtTheIntendedInstants) {
  std::mutex mutex;
  std::vector<std::string> heard;
  RawServer server([&](RawConnection& connection) {
    for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
      {
        const std::lock_guard lock(mutex);
        heard.push_back(request.substr(0, request.find(" HTTP")));
      }
      if (!connection.send(ok)) return;
    }
  });
  Shots shots;
  for (int i = 0; i < 100; ++i) shots.add("GET", fmt::format("/{}", i), milliseconds(i));
  SenderOptions options = to(server.port());
  options.connections_max = 1;  // one after the other, so that the server's order is the sender's
  options.party = sink_.name("candidate");
  send(options, shots);
  ASSERT_EQ(exchanges().size(), 100u);
  ASSERT_EQ(heard.size(), 100u);
  for (std::size_t i = 0; i < 100; ++i) {
    const events::Exchange& exchange = exchanges()[i];
    EXPECT_EQ(heard[i], fmt::format("GET /{}", i));
    EXPECT_EQ(exchange.intended, begin_ + milliseconds(i)) << "the schedule is absolute";
    EXPECT_GE(exchange.start, exchange.intended) << "never early";
    EXPECT_GE(exchange.first_byte, exchange.start);
    EXPECT_GE(exchange.end, exchange.first_byte);
    EXPECT_EQ(exchange.outcome, Outcome::answered);
    EXPECT_EQ(exchange.side, events::Side::ingress);
    EXPECT_EQ(exchange.status, 200);
    EXPECT_EQ(exchange.request, i + 1);
    EXPECT_EQ(sink_.log().names.name_of(exchange.party), "candidate");
    EXPECT_EQ(sink_.log().names.name_of(exchange.route), "GET /{id}");
  }
  EXPECT_EQ(counts_.sent, 100u);
  EXPECT_EQ(counts_.ended, 100u);
  EXPECT_EQ(counts_.shed, 0u);
  EXPECT_EQ(counts_.under_way, 0u);
}

TEST_F(SenderTest, NothingToSendEndsAtOnce) {
  Shots shots;
  send(to(support::free_port()), shots);
  EXPECT_TRUE(exchanges().empty());
}

// The first answer is held until thirty later requests have been answered: a sender that waited would hang.
TEST_F(SenderTest, ASlowAnswerDelaysNoOtherRequest) {
  std::atomic<int> answered = 0;
  std::promise<void> enough;
  const auto released = enough.get_future().share();
  RawServer server([&](RawConnection& connection) {
    for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
      if (request.starts_with("GET /slow ")) released.wait();
      if (!connection.send(ok)) return;
      if (++answered == 30) enough.set_value();
    }
  });
  Shots shots;
  shots.add("GET", "/slow");
  for (int i = 1; i <= 30; ++i) shots.add("GET", "/quick", milliseconds(i));
  send(to(server.port()), shots);
  ASSERT_EQ(exchanges().size(), 31u);
  for (const auto& exchange : exchanges()) {
    EXPECT_EQ(exchange.outcome, Outcome::answered);
    EXPECT_LE(exchange.end, exchanges()[0].end + milliseconds(500));
  }
  EXPECT_GE(exchanges()[0].end, begin_ + milliseconds(30));
  EXPECT_GE(exchanges()[0].end, exchanges()[29].intended);
}

TEST_F(SenderTest, TheScheduleErrorIsSmall) {
  RawServer server(answering(std::string(ok)));
  Shots shots;
  for (int i = 0; i < 1'000; ++i) shots.add("GET", "/", Nanoseconds(i * 500'000LL));
  send(to(server.port()), shots);
  base::Histogram error;
  for (const auto& exchange : exchanges()) {
    ASSERT_GE(exchange.start, exchange.intended);
    error.add(exchange.start - exchange.intended);
  }
  EXPECT_EQ(error.count(), 1'000u);
  EXPECT_LT(error.quantile(0.99), Nanoseconds(milliseconds(50)));
  EXPECT_LT(error.quantile(0.5), Nanoseconds(milliseconds(10)));
}

TEST_F(SenderTest, ConnectionsAreKeptAlive) {
  RawServer server(answering(std::string(ok)));
  Shots shots;
  for (int i = 0; i < 10; ++i) shots.add("GET", "/", milliseconds(10 * i));
  send(to(server.port()), shots);
  ASSERT_EQ(exchanges().size(), 10u);
  EXPECT_LE(server.accepted(), 3u) << "a machine that stalls may need another one";
  EXPECT_EQ(exchanges()[1].connection, exchanges()[0].connection);
}

TEST_F(SenderTest, StopCutsWhatIsUnderWay) {
  RawServer server([](RawConnection& connection) {
    while (!read_request(connection).empty()) {
    }
  });
  Shots shots;
  for (int i = 0; i < 10; ++i) shots.add("GET", "/");
  shots.add("GET", "/much later", std::chrono::hours(1));
  send(to(server.port()), shots, milliseconds(20), [](Sender& sender) { sender.stop(); });
  EXPECT_EQ(outcomes(), std::vector<Outcome>(10, Outcome::cancelled));
  EXPECT_EQ(counts_.ended, 10u);
  EXPECT_LT(clock_.now() - begin_, Nanoseconds(std::chrono::seconds(5)));
}

TEST_F(SenderTest, StopCutsABodyThatIsBeingWritten) {
  Shots shots;
  shots.add("POST", "/", Nanoseconds(0), std::string(16 << 20, 'x'));
  std::promise<void> done;
  RawServer stuck([&, released = done.get_future().share()](RawConnection&) { released.wait(); });
  send(to(stuck.port()), shots, milliseconds(30), [](Sender& sender) { sender.stop(); });
  done.set_value();
  EXPECT_EQ(outcomes(), std::vector<Outcome>{Outcome::cancelled});
}

TEST_F(SenderTest, FinishLetsWhatIsUnderWayBeAnswered) {
  std::promise<void> finished;
  RawServer server(answering_after(finished));
  Shots shots;
  for (int i = 0; i < 3; ++i) shots.add("GET", "/");
  shots.add("GET", "/much later", std::chrono::hours(1));
  send(to(server.port()), shots, milliseconds(20), [&](Sender& sender) {
    sender.finish();
    finished.set_value();
  });
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::answered));
}

TEST_F(SenderTest, FinishBeforeTheBeginningSendsNothing) {
  RawServer server(answering(std::string(ok)));
  Shots shots;
  shots.add("GET", "/", std::chrono::hours(1));
  send(to(server.port()), shots, Nanoseconds(0), [](Sender& sender) { sender.finish(); });
  EXPECT_TRUE(exchanges().empty());
  EXPECT_EQ(server.accepted(), 0u);
}

// What has queued was due: to leave it out would hide the worst.
TEST_F(SenderTest, WhatIsQueuedWhenItFinishesIsReportedAsHeldOff) {
  std::promise<void> finished;
  RawServer server(answering_after(finished));
  Shots shots;
  for (int i = 0; i < 4; ++i) shots.add("GET", "/");
  SenderOptions options = to(server.port());
  options.connections_max = 1;
  send(options, shots, milliseconds(20), [&](Sender& sender) {
    EXPECT_EQ(sender.counts().queued, 3u);
    const auto unfinished = sender.unfinished();
    ASSERT_EQ(unfinished.size(), 4u);
    EXPECT_EQ(unfinished[0].outcome, Outcome::cancelled);
    EXPECT_EQ(unfinished[0].request, 1u);
    EXPECT_EQ(unfinished[0].waited, Nanoseconds(0));
    for (std::size_t i = 1; i < 4; ++i) {
      EXPECT_EQ(unfinished[i].outcome, Outcome::held_off);
      EXPECT_EQ(unfinished[i].request, i + 1);
      EXPECT_EQ(unfinished[i].intended, begin_);
      EXPECT_GT(unfinished[i].waited, Nanoseconds(0));
    }
    sender.finish();
    EXPECT_EQ(sender.counts().queued, 0u);
    finished.set_value();
  });
  EXPECT_EQ(outcomes(),
            (std::vector<Outcome>{Outcome::answered, Outcome::held_off, Outcome::held_off, Outcome::held_off}));
  EXPECT_EQ(counts_.held_off, 3u);
  EXPECT_EQ(counts_.shed, 0u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_GE(exchanges()[i].waited, Nanoseconds(milliseconds(15)));
  EXPECT_EQ(counts_.sent, 1u);
  EXPECT_EQ(counts_.ended, 4u);
}

TEST_F(SenderTest, WhatFindsNoConnectionQueuesAndThatCounts) {
  std::promise<void> opened;
  RawServer server(answering_after(opened));
  Shots shots;
  for (int i = 0; i < 5; ++i) shots.add("GET", fmt::format("/{}", i));
  SenderOptions options = to(server.port());
  options.connections_max = 2;
  send(options, shots, milliseconds(40), [&](Sender& sender) {
    EXPECT_EQ(sender.counts().under_way, 2u);
    EXPECT_EQ(sender.counts().queued, 3u);
    opened.set_value();
  });
  ASSERT_EQ(outcomes(), std::vector<Outcome>(5, Outcome::answered));
  EXPECT_LE(server.accepted(), 2u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(exchanges()[i].waited, Nanoseconds(0));
  for (std::size_t i = 2; i < 5; ++i) {
    const events::Exchange& exchange = exchanges()[i];
    EXPECT_GT(exchange.waited, Nanoseconds(0)) << "the target held both connections";
    EXPECT_GE(exchange.start - exchange.waited, exchange.intended) << "what is left is the sender's own delay";
    EXPECT_GE(exchanges()[i].start - exchanges()[i].intended, Nanoseconds(milliseconds(39))) << "it waited";
    EXPECT_GE(exchanges()[i].end - exchanges()[i].intended, Nanoseconds(milliseconds(39))) << "and its latency says so";
  }
  EXPECT_LE(exchanges()[2].start, exchanges()[4].start) << "in order";
}

TEST_F(SenderTest, AboveTheQueueRequestsAreHeldOff) {
  std::promise<void> opened;
  RawServer server(answering_after(opened));
  Shots shots;
  for (int i = 0; i < 6; ++i) shots.add("GET", "/");
  shots.last().trace.bytes[0] = 7;
  SenderOptions options = to(server.port());
  options.connections_max = 1;
  options.queued_max = 2;
  send(options, shots, milliseconds(20), [&](Sender&) { opened.set_value(); });
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::answered, Outcome::answered,
                                              Outcome::held_off, Outcome::held_off, Outcome::held_off}));
  EXPECT_EQ(counts_.held_off, 3u);
  EXPECT_EQ(exchanges()[5].trace.bytes[0], 7);
  EXPECT_EQ(exchanges()[5].intended, begin_);
  EXPECT_EQ(sink_.log().names.name_of(exchanges()[5].route), "GET /");
}

// All of it is due at once and it never ends: answers and stop() must still have their turn.
TEST_F(SenderTest, AScheduleThatCannotBeKeptStarvesNothing) {
  RawServer server(answering(std::string(ok)));
  Flood flood;
  SenderOptions options = to(server.port());
  options.connections_max = 4;
  options.queued_max = 100;
  send(options, flood, milliseconds(100), [](Sender& sender) { sender.stop(); });
  const auto answered = std::ranges::count(outcomes(), Outcome::answered);
  EXPECT_GT(answered, 4) << "answers were read while it was sending";
  EXPECT_EQ(counts_.ended, exchanges().size());
}

TEST_F(SenderTest, ARequestIsOnTheWireAsItWasGiven) {
  std::mutex mutex;
  std::set<std::string> heard;
  RawServer server([&](RawConnection& connection) {
    for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
      {
        const std::lock_guard lock(mutex);
        heard.insert(request);
      }
      if (!connection.send(ok)) return;
    }
  });
  Shots shots;
  shots.add("GET", "/a?b=%20&c").add("POST", "/b", Nanoseconds(0), std::string("bin\0\xff\r\n", 7));
  shots.add("GET", "/c");
  for (std::size_t i = 0; i < 16; ++i) shots.last().trace.bytes[i] = static_cast<std::uint8_t>(0xf0 + i);
  send(to(server.port()), shots);
  const std::set<std::string> expected = {
      "GET /a?b=%20&c HTTP/1.1\r\nHost: target\r\n\r\n",
      "POST /b HTTP/1.1\r\nHost: target\r\nContent-Length: 7\r\n\r\n" + std::string("bin\0\xff\r\n", 7),
      "GET /c HTTP/1.1\r\nHost: target\r\ntraceparent: "
      "00-f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff-0000000000000003-01\r\n\r\n"};
  EXPECT_EQ(heard, expected);
  std::size_t sizes = 0;
  for (const std::string& request : expected) sizes += request.size();
  EXPECT_EQ(exchanges()[0].request_bytes + exchanges()[1].request_bytes + exchanges()[2].request_bytes, sizes);
  EXPECT_EQ(exchanges()[2].trace.bytes[15], 0xff);
}

}  // namespace
}  // namespace stormproof::replay
