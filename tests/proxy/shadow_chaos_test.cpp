// Clients that break off and a candidate that misbehaves, both at random, with too little memory for all: the live side
// gets its bytes, every request is accounted for, nothing stays held, and the candidate gets whole requests only.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "harness/base/seed.h"
#include "tests/proxy/shadow_run.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::RawConnection;
using support::RawServer;

constexpr int clients = 4;
constexpr int requests = 80;
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class Chance {
 public:
  Chance(std::uint64_t seed, std::uint64_t identity) : seed_(seed), identity_(identity << 32) {}
  std::uint64_t below(std::uint64_t bound) { return base::draw(seed_, "shadow chaos", identity_++) % bound; }

 private:
  std::uint64_t seed_;
  std::uint64_t identity_;
};

// Each body is the same letter all through, so that whoever reads it can tell whether it is whole and unmixed.
std::string random_request(Chance& chance) {
  const std::size_t size = chance.below(4) == 0 ? 20'000 + chance.below(200'000) : chance.below(3000);
  const std::string body(size, static_cast<char>('a' + chance.below(26)));
  switch (chance.below(3)) {
    case 0: return "GET /" + body.substr(0, 2000) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    case 1: return "PUT / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body;
    default:
      if (body.empty()) return "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
      return fmt::format("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", size, body);
  }
}

// The next request; nothing where the peer ends before it is whole.
std::optional<std::string> read_request(RawConnection& peer) {
  const auto head = peer.read_until("\r\n\r\n", seconds(10));
  if (!head) return std::nullopt;
  const auto rest = [&]() -> base::Result<std::string> {
    if (head->contains("chunked")) return peer.read_until("0\r\n\r\n", seconds(10));
    const std::size_t at = head->find("Content-Length: ");
    return at == std::string::npos ? "" : peer.read(std::stoul(head->substr(at + 16)), seconds(10));
  }();
  if (!rest) return std::nullopt;
  return *head + *rest;
}

void play_candidate(RawConnection& peer, Chance chance) {
  while (true) {
    switch (chance.below(12)) {
      case 0: return peer.reset();
      case 1: static_cast<void>(peer.send("no HTTP at all\r\n")); return;
      case 2: peer.read_to_end(seconds(10)); return;
      case 3:
        if (peer.read_until("\r\n\r\n", seconds(10)))
          static_cast<void>(peer.send("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"));
        return;
      case 4:
        if (read_request(peer)) static_cast<void>(peer.send(ok.substr(0, 10)));
        return;
      default: break;
    }
    const auto request = read_request(peer);
    if (!request || !peer.send(ok)) return;
    const std::size_t body = request->find("\r\n\r\n") + 4;
    if (request->contains("Content-Length: ") && request->size() > body) {
      EXPECT_EQ(request->find_first_not_of((*request)[body], body), std::string::npos) << "mixed up";
    }
  }
}

void play_client(ShadowRun& run, Chance chance, std::atomic<std::uint64_t>& whole) {
  RawConnection client = run.connect();
  for (int i = 0; i < requests; ++i) {
    const std::string request = random_request(chance);
    if (chance.below(8) == 0) {
      static_cast<void>(client.send(request.substr(0, 1 + chance.below(request.size()))));
      if (chance.below(2) == 0) client.reset();
      client = run.connect();
      continue;
    }
    ++whole;
    EXPECT_EQ(ask(client, request, ok.size()), ok);
  }
}

class ShadowChaos : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ShadowChaos, LosesNothingButCopiesAndCountsThem) {
  std::atomic<std::uint64_t> connections = 0;
  RawServer upstream([](RawConnection& peer) {
    while (read_request(peer) && peer.send(ok)) {
    }
  });
  RawServer candidate([&](RawConnection& peer) { play_candidate(peer, Chance(GetParam(), 1000 + ++connections)); });
  constexpr std::size_t memory = 1'400'000;
  ShadowRun run(upstream.port(), candidate.port(), [](ShadowOptions& options) {
    options.memory_bytes_max = memory;
    options.connections_max = 6;
    options.queue_max = 60;
    options.head = milliseconds(20);
    options.total = milliseconds(50);
    options.queued = milliseconds(200);
  });
  std::atomic<std::uint64_t> whole = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] { play_client(run, Chance(GetParam(), i), whole); });
  }
  for (std::thread& thread : threads) thread.join();
  const ShadowState end = run.end();
  EXPECT_GE(end.counts.chosen, whole);
  EXPECT_LE(end.highest, memory);
  EXPECT_GT(end.counts.sent, 0u);
  const auto seen = run.taps.now();
  EXPECT_TRUE(std::ranges::all_of(seen, &TapLog::Seen::ended));
  for (const TapLog::Seen& each : seen) {
    if (each.shadow_of == 0) continue;
    const TapLog::Seen& live = seen[each.shadow_of - 1];
    EXPECT_EQ(live.request, each.request);
    EXPECT_TRUE(live.request_bytes().starts_with(each.request_bytes()));
    EXPECT_TRUE(each.event.outcome != events::Outcome::answered || each.event.status == 413 ||
                live.request_bytes() == each.request_bytes());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ShadowChaos, testing::Values(1, 2, 3, 5));

}  // namespace
}  // namespace stormproof::proxy
