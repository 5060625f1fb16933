// Requests of one recorded connection: their order, their connection, and pipelining.
#include "replay/lane.h"

#include <atomic>
#include <future>
#include <map>
#include <mutex>

#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

class LaneTest : public SenderTest {
 protected:
  Shot& add(const std::string& target, std::uint64_t lane, Nanoseconds offset = Nanoseconds(0),
            const std::string& method = "GET") {
    shots_.add(method, target, offset);
    shots_.last().lane = lane;
    return shots_.last();
  }

  Shots shots_;
};

TEST_F(LaneTest, EachLaneHasAConnectionAndKeepsItsOrder) {
  std::mutex mutex;
  std::map<const void*, std::string> heard;
  RawServer server([&](RawConnection& connection) {
    for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
      {
        const std::lock_guard lock(mutex);
        heard[&connection] += request.substr(4, request.find(" HTTP") - 4);
      }
      if (!connection.send(ok)) return;
    }
  });
  for (int i = 0; i < 20; ++i) {
    add(fmt::format("/a{}", i), 1, milliseconds(i));
    add(fmt::format("/b{}", i), 2, milliseconds(i));
  }
  send(to(server.port()), shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(40, Outcome::answered));
  EXPECT_EQ(server.accepted(), 2u);
  EXPECT_EQ(counts_.connections, 2u);
  EXPECT_EQ(counts_.lanes_cut, 0u);
  std::string a, b;
  for (int i = 0; i < 20; ++i) {
    a += fmt::format("/a{}", i);
    b += fmt::format("/b{}", i);
  }
  std::vector<std::string> all;
  for (const auto& [connection, text] : heard) all.push_back(text);
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector{a, b}));
}

TEST_F(LaneTest, TheNextOneWaitsForTheAnswerAndOtherLanesDoNot) {
  std::promise<void> opened;
  RawServer server([released = opened.get_future().share()](RawConnection& connection) {
    for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
      if (request.starts_with("GET /slow")) released.wait();
      if (!connection.send(ok)) return;
    }
  });
  add("/slow", 1);
  add("/next", 1);
  add("/other", 2);
  send(to(server.port()), shots_, milliseconds(40), [&](Sender& sender) {
    EXPECT_EQ(sender.counts().under_way, 1u);
    EXPECT_EQ(sender.counts().queued, 1u);
    opened.set_value();
  });
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::answered));
  EXPECT_GE(exchanges()[1].waited, Nanoseconds(milliseconds(30)));
  EXPECT_GE(exchanges()[1].start, exchanges()[0].end);
  EXPECT_EQ(exchanges()[2].waited, Nanoseconds(0));
  EXPECT_EQ(exchanges()[0].connection, exchanges()[1].connection);
}

// The server answers nothing before it has all three: a sender that waited for answers would hang.
TEST_F(LaneTest, WhatWasPipelinedGoesOutBeforeTheAnswers) {
  RawServer server([](RawConnection& connection) {
    for (int i = 0; i < 3; ++i) {
      if (read_request(connection).empty()) return;
    }
    for (const std::string_view body : {"1", "22", "333"}) {
      if (!connection.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body))) return;
    }
    read_request(connection);
  });
  add("/1", 1);
  add("/2", 1).pipelined = true;
  add("/3", 1, milliseconds(20)).pipelined = true;
  send(to(server.port()), shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::answered));
  EXPECT_EQ(server.accepted(), 1u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(exchanges()[i].response_bytes, ok.size() - 1 + i) << "each has its own answer";
    EXPECT_GE(exchanges()[i].first_byte, exchanges()[2].start);
  }
}

TEST_F(LaneTest, WhatWasNotPipelinedIsNot) {
  std::atomic<bool> early = false;
  RawServer server([&](RawConnection& connection) {
    if (read_request(connection).empty()) return;
    early = connection.read(1, milliseconds(60)).has_value();
    EXPECT_TRUE(connection.send(ok));
    if (!read_request(connection).empty()) EXPECT_TRUE(connection.send(ok));
    read_request(connection);
  });
  add("/1", 1);
  add("/2", 1);
  send(to(server.port()), shots_);
  EXPECT_FALSE(early);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(2, Outcome::answered));
}

TEST_F(LaneTest, AConnectionThatEndsInTheMiddleIsMadeOnceMoreAndCounted) {
  RawServer server([](RawConnection& connection) {
    if (!read_request(connection).empty())
      EXPECT_TRUE(connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
  });
  for (int i = 0; i < 3; ++i) add(fmt::format("/{}", i), 1, Nanoseconds(0), "POST");
  send(to(server.port()), shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::answered));
  EXPECT_EQ(server.accepted(), 3u);
  EXPECT_EQ(counts_.lanes_cut, 2u);
}

TEST_F(LaneTest, WhatStoodBehindAnAnswerThatClosesIsSentAgainWhereItMayBe) {
  for (const std::string method : {"GET", "POST"}) {
    exchanges().clear();
    std::atomic<int> connections = 0;
    RawServer server([&](RawConnection& connection) {
      const bool first = ++connections == 1;
      while (!read_request(connection).empty()) {
        if (first) {
          EXPECT_TRUE(connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
          read_request(connection);
          return;
        }
        if (!connection.send(ok)) return;
      }
    });
    Shots both;
    both.add("GET", "/1");
    both.last().lane = 1;
    both.add(method, "/2");
    both.last().lane = 1;
    both.last().pipelined = true;
    send(to(server.port()), both);
    EXPECT_EQ(outcomes()[0], Outcome::answered);
    EXPECT_EQ(outcomes()[1], method == "GET" ? Outcome::answered : Outcome::reset) << "a POST may have been done";
    EXPECT_EQ(counts_.ended, 2u);
  }
}

TEST_F(LaneTest, LanesThatRestMakeRoomForOthers) {
  RawServer server(answering(std::string(ok)));
  SenderOptions options = to(server.port());
  options.connections_max = 2;
  for (std::uint64_t lane = 1; lane <= 6; ++lane) add("/first", lane, milliseconds(static_cast<int>(lane) * 3));
  for (std::uint64_t lane = 1; lane <= 6; ++lane) add("/second", lane, milliseconds(30 + static_cast<int>(lane) * 3));
  send(options, shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(12, Outcome::answered));
  EXPECT_GE(counts_.lanes_cut, 4u) << "they were closed for want of room, and that is told";
}

TEST_F(LaneTest, AtTheLimitLanesStandInLineOrAreDropped) {
  for (const AtLimit at_limit : {AtLimit::queue, AtLimit::drop}) {
    exchanges().clear();
    std::promise<void> opened;
    RawServer server([released = opened.get_future().share()](RawConnection& connection) {
      while (!read_request(connection).empty()) {
        released.wait();
        if (!connection.send(ok)) return;
      }
    });
    Shots shots;
    for (std::uint64_t lane = 1; lane <= 3; ++lane) {
      shots.add("GET", "/");
      shots.last().lane = lane;
      shots.last().last = true;
    }
    SenderOptions options = to(server.port());
    options.connections_max = 1;
    options.at_limit = at_limit;
    send(options, shots, milliseconds(30), [&](Sender&) { opened.set_value(); });
    const Outcome rest = at_limit == AtLimit::queue ? Outcome::answered : Outcome::held_off;
    EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, rest, rest}));
    EXPECT_EQ(counts_.held_off, at_limit == AtLimit::queue ? 0u : 2u);
  }
}

TEST_F(LaneTest, NobodyThereEndsEveryRequest) {
  for (int i = 0; i < 3; ++i) add("/", 1);
  add("/", 2).last = true;
  send(to(support::free_port()), shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(4, Outcome::refused));
}

TEST_F(LaneTest, AnAnswerThatDoesNotComeCostsItsConnectionAndNoMore) {
  std::atomic<int> connections = 0;
  RawServer server([&](RawConnection& connection) {
    const bool first = ++connections == 1;
    while (!read_request(connection).empty()) {
      if (!first && !connection.send(ok)) return;
    }
  });
  SenderOptions options = to(server.port());
  options.timeout = milliseconds(100);
  add("/silent", 1);
  add("/after", 1);
  send(options, shots_);
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::head_timeout, Outcome::answered}));
}

TEST_F(LaneTest, StopCutsLanesToo) {
  RawServer server([](RawConnection& connection) {
    while (!read_request(connection).empty()) {
    }
  });
  add("/1", 1);
  add("/2", 1);
  add("/3", 2);
  send(to(server.port()), shots_, milliseconds(20), [](Sender& sender) { sender.stop(); });
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::cancelled, Outcome::held_off, Outcome::cancelled}));
}

TEST_F(LaneTest, ThousandsOfLanesWithPipelinesAndEndsAddUp) {
  std::atomic<int> answered = 0;
  RawServer server([&](RawConnection& connection) {
    while (!read_request(connection).empty()) {
      // Every seventh answer ends its connection, in words or without.
      const int number = ++answered;
      const bool ends = number % 7 == 0;
      if (!connection.send(ends ? "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" : ok)) return;
      if (ends) return;
    }
  });
  constexpr int requests = 1'500;
  for (int i = 0; i < requests; ++i) {
    Shot& shot =
        add("/", 1 + static_cast<std::uint64_t>(i % 40), Nanoseconds(i * 100'000LL), i % 5 == 0 ? "POST" : "GET");
    shot.pipelined = i % 3 == 0;
    shot.last = i + 40 >= requests;
  }
  SenderOptions options = to(server.port());
  options.connections_max = 10;
  send(options, shots_);
  EXPECT_EQ(exchanges().size(), static_cast<std::size_t>(requests));
  EXPECT_EQ(counts_.ended, static_cast<std::uint64_t>(requests));
  EXPECT_EQ(counts_.queued, 0u);
  EXPECT_EQ(counts_.under_way, 0u);
  EXPECT_GT(std::ranges::count(outcomes(), Outcome::answered), requests / 2);
}

}  // namespace
}  // namespace stormproof::replay
