// The injector in its place: a real relay, real sockets, a real upstream.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "tests/faults/stage.h"

namespace stormproof::faults {
namespace {

using base::Nanoseconds;
using events::Outcome;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr Nanoseconds never = std::chrono::hours(1);
constexpr auto at_once = std::chrono::seconds(5);  // generous: what would wait here waits an hour

Rule rule_of(std::string id) {
  Rule rule;
  rule.id = std::move(id);
  return rule;
}

Rule delaying(std::string id, Nanoseconds base, Nanoseconds jitter = Nanoseconds(0)) {
  Rule rule = rule_of(std::move(id));
  rule.latency = Latency{.base = base, .jitter = jitter};
  return rule;
}

Rule aborting(std::string id, Abort abort, double share = 1) {
  Rule rule = rule_of(std::move(id));
  rule.share = share;
  rule.abort = std::move(abort);
  return rule;
}

TEST(InjectorAtARelay, AnAbortIsWhatTheClientReadsAndTheUpstreamIsNotCalled) {
  Stage stage;
  stage.apply(1, {aborting("down", {.status = 429, .headers = {{"Retry-After", "3"}}, .body = "quota"})});
  auto client = stage.connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(get("/pay")));
    EXPECT_EQ(read_response(client),
              "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\nquota");
  }
  EXPECT_TRUE(stage.asked().empty());
  const events::Log log = stage.log_of(3);
  ASSERT_EQ(log.faults.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(log.exchanges[i].outcome, Outcome::faulted);
    EXPECT_EQ(log.exchanges[i].status, 429);
    EXPECT_EQ(log.names.name_of(log.exchanges[i].fault), "down");
    EXPECT_EQ(log.exchanges[i].connection, log.exchanges[0].connection) << "the connection lives on";
    EXPECT_EQ(log.faults[i].request, log.exchanges[i].request);
    EXPECT_EQ(log.faults[i].status, 429);
  }
}

TEST(InjectorAtARelay, AnAbortToHeadHasNoBodyAndTheConnectionGoesOn) {
  Stage stage;
  stage.apply(1, {aborting("down", {.status = 500, .headers = {}, .body = "a body that HEAD must not get"})});
  auto client = stage.connect();
  ASSERT_TRUE(client.send("HEAD /x HTTP/1.1\r\nHost: d\r\n\r\n"));
  EXPECT_EQ(read_response(client, true), "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 29\r\n\r\n");
  stage.heal();
  ASSERT_TRUE(client.send(get("/after")));
  EXPECT_EQ(read_response(client), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

TEST(InjectorAtARelay, A204AndA304FrameTheirOwnEnd) {
  Stage stage;
  auto client = stage.connect();
  for (const int status : {204, 304}) {
    stage.apply(1, {aborting("empty", {.status = status, .headers = {{"ETag", "\"a\""}}, .body = "ignored"})});
    ASSERT_TRUE(client.send(get("/x")));
    const std::string head = read_response(client);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 " + std::to_string(status))) << head;
    EXPECT_TRUE(head.ends_with("\r\nETag: \"a\"\r\n\r\n")) << head;
  }
  stage.heal();
  ASSERT_TRUE(client.send(get("/after")));
  EXPECT_TRUE(read_response(client).ends_with("\r\n\r\nok")) << "not a byte was left over";
}

TEST(InjectorAtARelay, AHeaderWithALineEndNeverReachesTheWire) {
  Stage stage;
  stage.apply(1, {aborting("wicked",
                           {.status = 503,
                            .headers = {{"X-Split", "1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0"}, {"X-Good", "1"}},
                            .body = ""})});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  EXPECT_EQ(read_response(client), "HTTP/1.1 503 Service Unavailable\r\nX-Good: 1\r\nContent-Length: 0\r\n\r\n");
}

TEST(InjectorAtARelay, ARequestWithABodyThatIsAbortedIsReadAway) {
  Stage stage;
  stage.apply(1, {aborting("down", {})});
  auto client = stage.connect();
  ASSERT_TRUE(client.send("POST /pay HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\n\r\nbody" + get("/next")));
  EXPECT_TRUE(read_response(client).starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(read_response(client).starts_with("HTTP/1.1 503 ")) << "the body was not taken for a request";
  const events::Log log = stage.log_of(2);
  EXPECT_EQ(log.faults.size(), 2u);
  EXPECT_TRUE(stage.asked().empty());
}

TEST(InjectorAtARelay, AnUnfinishedBodyThatIsAbortedEndsTheConnection) {
  Stage stage;
  stage.apply(1, {aborting("down", {})});
  auto client = stage.connect();
  ASSERT_TRUE(client.send("POST /pay HTTP/1.1\r\nHost: d\r\nContent-Length: 400000\r\n\r\nonly a part"));
  const auto all = client.read_to_end();
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(*all, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}

TEST(InjectorAtARelay, ADelayIsNeverShortAsTheClientSeesIt) {
  Stage stage;
  stage.apply(1, {delaying("slow", milliseconds(30), milliseconds(10))});
  auto client = stage.connect();
  std::vector<Nanoseconds> seen;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    const auto begun = Clock::now();
    ASSERT_TRUE(client.send(get("/x", i)));
    ASSERT_TRUE(read_response(client).ends_with("ok"));
    seen.push_back(Clock::now() - begun);
  }
  const events::Log log = stage.log_of(10);
  ASSERT_EQ(log.faults.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_GE(log.faults[i].delayed, Nanoseconds(milliseconds(20)));
    EXPECT_GE(seen[i], log.faults[i].delayed) << "the event tells no more than the client felt";
    EXPECT_EQ(log.exchanges[i].outcome, Outcome::answered);
    EXPECT_GE(log.exchanges[i].end - log.exchanges[i].start, log.faults[i].delayed);
    EXPECT_EQ(log.faults[i].status, 0);
  }
  EXPECT_EQ(stage.asked().size(), 10u);
}

TEST(InjectorAtARelay, HeldRequestsDoNotHoldEachOther) {
  Stage stage;
  stage.apply(1, {delaying("slow", milliseconds(60))});
  std::vector<support::RawConnection> clients;
  const auto begun = Clock::now();
  for (int i = 0; i < 50; ++i) {
    clients.push_back(stage.connect());
    ASSERT_TRUE(clients.back().send(get("/x")));
  }
  for (auto& client : clients) ASSERT_TRUE(read_response(client).ends_with("ok"));
  EXPECT_LT(Clock::now() - begun, milliseconds(60) * 25) << "fifty one after the other would take 3 s";
}

TEST(InjectorAtARelay, AClientThatResetsWhileItIsHeldIsForgottenAtOnce) {
  Stage stage;
  stage.apply(1, {delaying("forever", never)});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  ASSERT_TRUE(stage.wait_until_under_way(1));
  const auto begun = Clock::now();
  client.reset();
  const events::Log log = stage.log_of(1);
  EXPECT_LT(Clock::now() - begun, at_once);
  ASSERT_EQ(log.exchanges.size(), 1u);
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::cancelled);
  EXPECT_EQ(log.names.name_of(log.exchanges[0].fault), "forever");
  ASSERT_EQ(log.faults.size(), 1u) << "it made the client give up: it has acted";
  EXPECT_EQ(log.faults[0].request, log.exchanges[0].request);
  EXPECT_LE(log.faults[0].delayed, log.exchanges[0].end - log.exchanges[0].start + Nanoseconds(milliseconds(100)));
  EXPECT_TRUE(stage.asked().empty()) << "nothing is forwarded late";
}

TEST(InjectorAtARelay, AClientThatClosesWhileItIsHeldIsForgottenAtOnce) {
  Stage stage;
  stage.apply(1, {delaying("forever", never)});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  ASSERT_TRUE(stage.wait_until_under_way(1));
  client.close();
  const events::Log log = stage.log_of(1);
  ASSERT_EQ(log.exchanges.size(), 1u);
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::cancelled);
  EXPECT_EQ(log.faults.size(), 1u);
  stage.heal();
  auto second = stage.connect();
  ASSERT_TRUE(second.send(get("/y")));
  ASSERT_TRUE(read_response(second).ends_with("ok"));
  EXPECT_EQ(stage.asked().size(), 1u) << "healing does not bring the first one back";
}

TEST(InjectorAtARelay, HealLetsHeldRequestsGoAtOnceAndTheyAreForwarded) {
  Stage stage;
  Rule rule = delaying("outage", never);
  rule.abort = Abort{};
  stage.apply(1, {rule, delaying("also", never)});
  std::vector<support::RawConnection> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(stage.connect());
    ASSERT_TRUE(clients.back().send("POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\n\r\nbody"));
  }
  ASSERT_TRUE(stage.wait_until_under_way(8));
  EXPECT_TRUE(stage.asked().empty());
  stage.heal();
  for (auto& client : clients) EXPECT_EQ(read_response(client), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(stage.asked().size(), 8u);
  const events::Log log = stage.log_of(8);
  ASSERT_EQ(acted(log).size(), 8u) << "what the second rule had left is in the ledger as nothing";
  for (const auto& exchange : log.exchanges) EXPECT_EQ(exchange.outcome, Outcome::answered);
  // And the connections can be held again.
  stage.apply(1, {delaying("again", milliseconds(20))});
  const auto begun = Clock::now();
  ASSERT_TRUE(clients[0].send(get("/y")));
  ASSERT_TRUE(read_response(clients[0]).ends_with("ok"));
  EXPECT_GE(Clock::now() - begun, milliseconds(20));
}

TEST(InjectorAtARelay, ARelayThatEndsCutsWhatIsHeld) {
  Stage stage;
  stage.apply(1, {delaying("forever", never)});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  ASSERT_TRUE(stage.wait_until_under_way(1));
  const auto begun = Clock::now();
  stage.drain();
  EXPECT_LT(Clock::now() - begun, at_once);
  EXPECT_TRUE(stage.asked().empty());
  const events::Log log = stage.log();
  ASSERT_EQ(log.exchanges.size(), 1u);
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::reset);
}

// The statuses that clients saw, by trace and attempt.
using Seen = std::map<std::uint64_t, std::vector<std::string>>;

Seen drive(Stage& stage, std::uint64_t traces, int threads, bool keep_alive, bool backwards) {
  std::vector<Seen> parts(static_cast<std::size_t>(threads));
  std::vector<std::thread> workers;
  for (int worker = 0; worker < threads; ++worker) {
    workers.emplace_back([&, worker] {
      Seen& mine = parts[static_cast<std::size_t>(worker)];
      auto client = stage.connect();
      for (std::uint64_t i = 1; i <= traces; ++i) {
        const std::uint64_t trace = backwards ? traces + 1 - i : i;
        if (trace % static_cast<std::uint64_t>(threads) != static_cast<std::uint64_t>(worker)) continue;
        for (int attempt = 0; attempt < 2; ++attempt) {
          if (!keep_alive) client = stage.connect();
          if (!client.send(get("/x", trace))) break;
          mine[trace].push_back(read_response(client).substr(9, 3));
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  Seen all;
  for (Seen& part : parts) all.merge(part);
  return all;
}

TEST(InjectorAtARelay, TheSameSeedHitsTheSameRequestsWhateverTheConcurrencyAndOrder) {
  constexpr std::uint64_t traces = 150;
  const std::vector<Rule> rules = {aborting("some", {.status = 503, .headers = {}, .body = ""}, 0.4)};
  Stage stage;
  stage.apply(77, rules);
  const Seen alone = drive(stage, traces, 1, true, false);
  stage.apply(77, rules);
  const Seen together = drive(stage, traces, 8, true, true);
  stage.apply(77, rules);
  const Seen without_keep_alive = drive(stage, traces, 4, false, false);
  ASSERT_EQ(alone.size(), traces);
  EXPECT_EQ(alone, together);
  EXPECT_EQ(alone, without_keep_alive);
  // Edited and joined by others, the rule still hits the same.
  Rule other = aborting("other", {.status = 500, .headers = {}, .body = ""}, 1);
  other.paths = {"/elsewhere"};
  stage.apply(77, {other, delaying("tiny", Nanoseconds(1000)), rules[0]});
  EXPECT_EQ(alone, drive(stage, traces, 4, true, false));

  const events::Log log = stage.log_of(8 * traces);
  std::size_t faulted = 0;
  for (const auto& exchange : log.exchanges) faulted += exchange.outcome == Outcome::faulted ? 1U : 0U;
  const auto aborts =
      std::ranges::count_if(log.faults, [](const events::FaultFired& fired) { return fired.status == 503; });
  EXPECT_EQ(static_cast<std::size_t>(aborts), faulted) << "one event for each answer of ours";
  EXPECT_NEAR(static_cast<double>(faulted), 0.4 * 8 * traces, 4 * 43)
      << "2 · 150 draws, seen four times: five standard deviations";
}

}  // namespace
}  // namespace stormproof::faults
