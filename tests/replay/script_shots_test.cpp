#include "replay/script_shots.h"

#include <gtest/gtest.h>

#include "replay/capture_writer.h"
#include "tests/support/temp_dir.h"

namespace stormproof::replay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ScriptShotsTest : public testing::Test {
 protected:
  void add(int at_ms, std::uint64_t connection, std::uint64_t session = 0, int answered_ms = 0, std::string more = "") {
    Exchange exchange;
    exchange.id = exchanges_.size() + 1;
    exchange.connection = connection;
    exchange.session = session;
    exchange.request_start = base::Time(seconds(1000)) + milliseconds(at_ms);
    if (answered_ms > 0) exchange.response_end = base::Time(seconds(1000)) + milliseconds(answered_ms);
    exchange.request = {"GET /" + std::to_string(exchange.id) + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n", ""};
    exchanges_.push_back(exchange);
  }

  Script load(ScriptOptions options = {}) {
    const std::string path = folder_.path() / "x.traffic";
    auto writer = CaptureWriter::create(path, {});
    for (const Exchange& exchange : exchanges_) EXPECT_TRUE(writer->append(exchange));
    EXPECT_TRUE(writer->close());
    auto script = load_script(path, options);
    EXPECT_TRUE(script) << script.error().message;
    return script ? std::move(*script) : Script{};
  }

  static std::vector<Shot> all(ScriptShots& shots) {
    std::vector<Shot> given;
    for (auto shot = shots.next(); shot; shot = shots.next()) given.push_back(*std::move(shot));
    return given;
  }

  support::TempDir folder_;
  std::vector<Exchange> exchanges_;
};

TEST_F(ScriptShotsTest, LanesAreTheRecordedConnectionsAndEachLoopHasItsOwn) {
  add(0, 7, 0, 50);
  add(10, 9, 0, 20);
  add(20, 7, 0, 60);  // before the answer to the first had come
  add(70, 7, 0, 80);
  add(75, 0);
  const Script script = load();
  EXPECT_EQ(script.connections, 2u);
  ScriptShots shots(script, Speed{1}, {.loops = 2, .affinity = Affinity::recorded});
  const auto given = all(shots);
  ASSERT_EQ(given.size(), 10u);
  EXPECT_EQ(given[0].lane, given[2].lane);
  EXPECT_NE(given[0].lane, given[1].lane);
  EXPECT_TRUE(given[2].pipelined);
  EXPECT_FALSE(given[3].pipelined);
  EXPECT_TRUE(given[3].last);
  EXPECT_FALSE(given[2].last);
  EXPECT_TRUE(given[1].last);
  EXPECT_EQ(given[4].lane, 0u) << "of an unknown connection";
  EXPECT_NE(given[5].lane, given[0].lane) << "the next loop is other clients";
  EXPECT_NE(given[5].lane, given[1].lane);
  EXPECT_EQ(given[5].loop, 1u);
  EXPECT_EQ(given[5].exchange, 1u);
}

TEST_F(ScriptShotsTest, SessionsAreLanesWhereAskedAndConnectionsStandInForThem) {
  add(0, 1, 5);
  add(1, 2, 5);
  add(2, 3);
  const Script script = load();
  ScriptShots shots(script, Speed{1}, {.loops = 1, .affinity = Affinity::session});
  const auto given = all(shots);
  EXPECT_EQ(given[0].lane, given[1].lane);
  EXPECT_NE(given[2].lane, given[0].lane);
  EXPECT_NE(given[2].lane, 0u);
  ScriptShots pool(script, Speed{1}, {.loops = 1});
  for (const Shot& shot : all(pool)) EXPECT_EQ(shot.lane, 0u);
}

TEST_F(ScriptShotsTest, CeilingsAreNeverPassed) {
  for (int i = 0; i < 40; ++i) add(i / 20, 1);  // 20 at once, 20 a millisecond later
  const Script script = load();
  ScriptShots shots(script, Speed{1}, {.loops = 0, .requests_max = 100, .per_second_max = 10});
  const auto given = all(shots);
  ASSERT_EQ(given.size(), 100u);
  EXPECT_TRUE(shots.at_requests_max());
  EXPECT_GT(shots.put_off(), 0u);
  for (std::size_t i = 10; i < given.size(); ++i) EXPECT_GE(given[i].offset - given[i - 10].offset, seconds(1)) << i;
  for (std::size_t i = 1; i < given.size(); ++i) EXPECT_GE(given[i].offset, given[i - 1].offset);
  ScriptShots slow(script, ConstantRate{5}, {.loops = 1, .per_second_max = 10});
  EXPECT_EQ(all(slow)[39].offset, milliseconds(7800)) << "what is slower is left as it is";
  EXPECT_EQ(slow.put_off(), 0u);
  ScriptShots rare(script, ConstantRate{5}, {.loops = 1, .per_second_max = 0.5});
  EXPECT_EQ(all(rare)[3].offset, seconds(6));
}

TEST_F(ScriptShotsTest, ItEndsAfterItsTimeOrItsLoops) {
  add(0, 1);
  add(10, 1);
  const Script script = load();
  ScriptShots lasting(script, ConstantRate{10}, {.loops = 0, .lasting = seconds(1)});
  EXPECT_EQ(all(lasting).size(), 10u);
  const Arrivals arrivals{{base::Time(seconds(0)), base::Time(seconds(1)), base::Time(seconds(9))}, 1, "f"};
  ScriptShots traced(script, arrivals, {.loops = 2});
  EXPECT_EQ(all(traced).size(), 6u) << "a loop of a trace is the trace";
}

TEST_F(ScriptShotsTest, IdempotencyKeysAreFreshInEachLoop) {
  add(0, 1, 0, 0, "Idempotency-Key: abc-123\r\n");
  add(1, 1, 0, 0, "Idempotency-Key: abc-123\r\n");
  const Script script = load();
  ScriptShots shots(script, Speed{1}, {.loops = 2, .key_seed = 3});
  const auto given = all(shots);
  const auto key = [&](std::size_t i) {
    return std::string(given[i].fields.substr(given[i].fields.find("Key: ") + 5, 7));
  };
  EXPECT_NE(key(0), "abc-123");
  EXPECT_EQ(key(0), key(1)) << "a retry stays a retry";
  EXPECT_NE(key(0), key(2));
  ScriptShots kept(script, Speed{1}, {.loops = 1});
  EXPECT_TRUE(all(kept)[0].fields.contains("Key: abc-123\r\n"));
}

TEST_F(ScriptShotsTest, WhatStaysOnTheDiskIsSentByTheBytes) {
  for (int i = 0; i < 500; ++i) add(500 - i, static_cast<std::uint64_t>(i % 3 + 1));
  const Script whole = load();
  ASSERT_FALSE(whole.on_disk());
  auto on_disk = load_script(folder_.path() / "x.traffic", {.memory_max = 1000});
  ASSERT_TRUE(on_disk);
  ASSERT_TRUE(on_disk->on_disk());
  auto stream = ScriptStream::open(*on_disk);
  ASSERT_TRUE(stream);
  const ShotOptions options{.loops = 3, .affinity = Affinity::recorded};
  ScriptShots expected(whole, Speed{2}, options);
  ScriptShots streamed(*on_disk, Speed{2}, options, stream->get());
  const auto a = all(expected), b = all(streamed);
  ASSERT_EQ(a.size(), 1500u);
  ASSERT_EQ(b.size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].fields, b[i].fields) << i;
    ASSERT_EQ(a[i].offset, b[i].offset);
    ASSERT_EQ(a[i].lane, b[i].lane);
    ASSERT_EQ(a[i].last, b[i].last);
  }
  ScriptShots nothing(*on_disk, Speed{2}, options);
  EXPECT_TRUE(all(nothing).empty()) << "without a stream";
}

}  // namespace
}  // namespace stormproof::replay
