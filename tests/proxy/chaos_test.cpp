// Peers that stall, half-close, reset and talk nonsense at random, on both sides at once, with faults in between: every
// exchange ends once, with one cause; nothing is left open; the relay still serves.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/proxy/relay_run.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(engine_); }
  bool one_in(int count) { return up_to(count - 1) == 0; }

 private:
  std::mt19937_64 engine_;
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Reads requests, more or less, and answers them, more or less.
void play_upstream(RawConnection& peer, std::uint64_t seed) {
  Dice dice(seed);
  const std::string body(static_cast<std::size_t>(dice.up_to(200'000)), 'd');
  while (true) {
    if (dice.one_in(12)) return peer.reset();
    if (!peer.read_until("\r\n\r\n", milliseconds(500))) return;
    switch (dice.up_to(9)) {
      case 0: return;
      case 1: return peer.reset();
      case 2:
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        return dice.one_in(2) ? peer.reset() : peer.close();
      case 3: peer.send("nonsense\r\n\r\n"); break;
      case 4: peer.send("HTTP/1.1 200 OK\r\n\r\nuntil the end"); return;
      case 5: peer.send("HTTP/1.1 100 Continue\r\n\r\n"); [[fallthrough]];
      default:
        if (!peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
                       milliseconds(500)))
          return;
    }
  }
}

// A connection's life: some exchanges, and one of many ends. How many requests it sent whole.
void play_client(const RelayRun& run, std::uint64_t seed) {
  Dice dice(seed);
  RawConnection client = run.connect();
  for (int i = dice.up_to(4); i >= 0; --i) {
    std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    if (dice.one_in(2)) {
      const std::string body(static_cast<std::size_t>(dice.up_to(100'000)), 'u');
      request = "PUT / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    } else if (dice.one_in(8)) {
      request = "GET / HTTP/1.1\nHost: a\n\n";
    }
    if (dice.one_in(6)) request.resize(static_cast<std::size_t>(dice.up_to(static_cast<int>(request.size()))));
    if (!client.send(request, milliseconds(500))) return;
    switch (dice.up_to(7)) {
      case 0: return client.reset();
      case 1: client.end_sending(); break;
      case 2: return client.close();
      case 3: continue;  // pipelined
      default: break;
    }
    if (!client.read_until("\r\n\r\n", milliseconds(300))) return;
    if (dice.one_in(2)) client.read(static_cast<std::size_t>(dice.up_to(100'000)), milliseconds(100));
  }
}

class Chance final : public wire::Interceptor {
 public:
  std::unique_ptr<wire::Interception> intercept(const wire::RequestSight& request) override {
    if (request.request % 3 != 0) return nullptr;
    return std::make_unique<Fault>(request.request % 2 == 0);
  }

 private:
  class Fault final : public wire::Interception {
   public:
    explicit Fault(bool answers) : answers_(answers) {}
    events::NameId rule() const override { return 1; }
    base::Task<Decision> before_upstream(wire::Pause& pause) override {
      co_await pause.lasting(milliseconds(5));
      co_return Decision{
          .answer = answers_, .response = "HTTP/1.1 503 Fault\r\nContent-Length: 0\r\n\r\n", .status = 503};
    }

   private:
    bool answers_;
  };
};

class Chaos : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Chaos, EveryExchangeEndsOnce) {
  const std::size_t descriptors = open_descriptors();
  {
    std::atomic<std::uint64_t> number = 0;
    RawServer upstream([&](RawConnection& peer) { play_upstream(peer, GetParam() * 1'000'000 + ++number); });
    Chance chance;
    RelayRun run(
        upstream.port(),
        [](RelayOptions& options) {
          options.limits.idle = milliseconds(150);
          options.limits.upstream_head = milliseconds(150);
          options.limits.client_idle = milliseconds(300);
          options.limits.client_head = milliseconds(150);
          options.limits.linger = milliseconds(100);
          options.limits.pool.idle_for = milliseconds(100);
          options.client_eof_cancels = false;
        },
        &chance);
    std::vector<std::thread> clients;
    for (std::uint64_t thread = 0; thread < 6; ++thread) {
      clients.emplace_back([&, thread] {
        for (std::uint64_t i = 0; i < 12; ++i) play_client(run, GetParam() * 7919 + thread * 1000 + i);
      });
    }
    for (std::thread& client : clients) client.join();
    const RelayCounts counts = run.end();
    const auto events = run.events.now();
    EXPECT_EQ(events.size(), counts.exchanges);
    EXPECT_GT(events.size(), 50u);
    std::vector<bool> seen(events.size() + 1);
    std::size_t answered = 0;
    for (const events::Exchange& event : events) {
      ASSERT_GE(event.request, 1u);
      ASSERT_LE(event.request, events.size());
      EXPECT_FALSE(seen[event.request]) << "request " << event.request << " has ended twice";
      seen[event.request] = true;
      EXPECT_LE(event.start, event.end);
      if (event.outcome == Outcome::answered) {
        ++answered;
        EXPECT_EQ(event.status, 200);
        EXPECT_LE(event.first_byte, event.end);
      }
    }
    EXPECT_GT(answered, 5u);
  }
  EXPECT_EQ(open_descriptors(), descriptors);
}

INSTANTIATE_TEST_SUITE_P(Relay, Chaos, testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace stormproof::proxy
