#include "replay/pairing.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "tests/replay/comparing.h"

namespace stormproof::replay {
namespace {

TEST_F(PairingTest, EveryTargetGetsEveryRequestAndAnswersArePaired) {
  const auto echo = [](std::string name) {
    return responding([name](std::string_view request) {
      return with_body(fmt::format("\"{} {}\"", name, request.substr(4, request.find(" HTTP") - 4)));
    });
  };
  RawServer a(echo("a"));
  RawServer b(echo("b"));
  RawServer c(echo("c"));
  const Script script = script_of({{"/1", 0}, {"/2", 0}, {"/3", 0}});
  std::map<std::uint64_t, std::string> seen;
  with({a.port(), b.port(), c.port()}, {.seed = 1, .at_once = 2, .loops = 2, .pacing = {}}, script,
       [&](Pairing& pairing) {
         return pairing.run([&](std::uint64_t number, std::size_t place, std::span<const Answer> answers) {
           for (const Answer& answer : answers) seen[number] += fmt::format("{}:{};", place, answer.body);
         });
       });
  ASSERT_EQ(seen.size(), 6U);
  EXPECT_EQ(seen[1], "1:\"a /2\";1:\"b /2\";1:\"c /2\";");
  EXPECT_EQ(seen[5], "2:\"a /3\";2:\"b /3\";2:\"c /3\";");
}

TEST_F(PairingTest, ASessionsRequestsFollowEachOther) {
  std::mutex mutex;
  std::vector<std::string> arrived;
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  RawServer server(responding([&](std::string_view request) {
    most = std::max(most.load(), ++under_way);
    {
      const std::scoped_lock lock(mutex);
      arrived.emplace_back(request.substr(4, request.find(" HTTP") - 4));
    }
    --under_way;
    return with_body("1");
  }));
  std::vector<std::pair<std::string, std::uint64_t>> requests;
  for (int i = 0; i < 20; ++i) requests.emplace_back(fmt::format("/{}", i), 7);
  const Script script = script_of(requests);
  with({server.port()}, {.seed = 1, .at_once = 8, .loops = 1, .pacing = {}}, script,
       [&](Pairing& pairing) { return pairing.run([](std::uint64_t, std::size_t, std::span<const Answer>) {}); });
  ASSERT_EQ(arrived.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(arrived[i], fmt::format("/{}", i));
  EXPECT_EQ(most, 1);
}

// Each answer gives a token that the next request of the session sends: every target is sent its own.
TEST_F(PairingTest, EachTargetIsSentTheValuesThatItGave) {
  const auto server = [](std::string token) {
    return responding([token](std::string_view request) {
      if (request.starts_with("GET /login")) {
        return fmt::format("HTTP/1.1 200 OK\r\nSet-Cookie: sid={}\r\nContent-Length: 0\r\n\r\n", token);
      }
      const auto at = request.find("Cookie: sid=");
      return with_body(at == request.npos ? "none" : request.substr(at + 12, request.find("\r\n", at) - at - 12));
    });
  };
  RawServer a(server("live-a-8f3kd93kd"));
  RawServer b(server("live-b-77dkq1lzx"));
  std::vector<Exchange> recorded(2);
  for (std::uint64_t i = 0; i < 2; ++i) {
    recorded[i].id = i + 1;
    recorded[i].connection = 1;
    recorded[i].request_start = base::Time(std::chrono::seconds(10 + i));
    recorded[i].response_end = recorded[i].request_start + milliseconds(1);
  }
  recorded[0].request.head = "GET /login HTTP/1.1\r\nHost: target\r\n\r\n";
  recorded[0].response.head = "HTTP/1.1 200 OK\r\nSet-Cookie: sid=recorded-a1b2c3d4e5\r\nContent-Length: 0\r\n\r\n";
  recorded[1].request.head = "GET /mine HTTP/1.1\r\nHost: target\r\nCookie: sid=recorded-a1b2c3d4e5\r\n\r\n";
  recorded[1].response.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const Links links = find_links(recorded);
  Script script = script_of({{"/login", 1}, {"/mine", 1}});
  script.requests[1].fields += "Cookie: sid=recorded-a1b2c3d4e5\r\n";
  std::map<std::uint64_t, std::string> seen;
  std::vector<Answer> again;
  with({a.port(), b.port()}, {.seed = 1, .at_once = 4, .loops = 2, .pacing = {}, .links = &links}, script,
       [&](Pairing& pairing) -> base::Task<> {
         EXPECT_TRUE(pairing.depends(1));
         EXPECT_FALSE(pairing.depends(0));
         co_await pairing.run([&](std::uint64_t number, std::size_t, std::span<const Answer> answers) {
           for (const Answer& answer : answers) seen[number] += answer.body + ";";
         });
         const std::uint64_t visit = pairing.new_visit();
         co_await pairing.ask(0, visit);
         again = co_await pairing.ask(1, visit);
       });
  EXPECT_EQ(seen[1], "live-a-8f3kd93kd;live-b-77dkq1lzx;");
  EXPECT_EQ(seen[3], seen[1]);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[1].body, "live-b-77dkq1lzx");
}

TEST_F(PairingTest, WhatWaitsForRoomIsHeldAndNotLaggedBehind) {
  RawServer slow(responding([](std::string_view) {
    ::poll(nullptr, 0, 30);  // the target's own time
    return with_body("1");
  }));
  const Script script = script_of({{"/1", 0}, {"/2", 0}, {"/3", 0}});
  PairingTiming timing;
  with({slow.port()}, {.seed = 1, .at_once = 1, .loops = 1, .pacing = ConstantRate{1000}}, script,
       [&](Pairing& pairing) -> base::Task<> {
         co_await pairing.run([](std::uint64_t, std::size_t, std::span<const Answer>) {});
         timing = pairing.timing();
       });
  EXPECT_EQ(timing.lag.count(), 3U);
  EXPECT_EQ(timing.held, 2U);
  EXPECT_GE(timing.held_longest, milliseconds(50));
}

TEST_F(PairingTest, StopEndsItSoonWithWhatIsUnderWayCut) {
  RawServer silent([](RawConnection& connection) {
    read_request(connection);
    read_request(connection);
  });
  const Script script = script_of({{"/1", 0}, {"/2", 0}});
  int witnessed = 0;
  wire::Timer timer(io_);
  with({silent.port()}, {.seed = 1, .at_once = 1, .loops = 1, .pacing = {}}, script, [&](Pairing& pairing) {
    timer.expires_after(milliseconds(20));
    timer.async_wait([&](const wire::ErrorCode&) { pairing.stop(); });
    return pairing.run([&](std::uint64_t, std::size_t, std::span<const Answer>) { ++witnessed; });
  });
  EXPECT_EQ(witnessed, 0);
}

}  // namespace
}  // namespace stormproof::replay
