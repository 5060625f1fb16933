#include "replay/script_shots.h"

#include <gtest/gtest.h>

#include "replay/capture_writer.h"
#include "tests/support/temp_dir.h"

namespace stormproof::replay {
namespace {

class ScriptTest : public ::testing::Test {
 protected:
  std::string file() const { return (folder_.path() / "x.traffic").string(); }

  void add(std::string head, std::string body = "", int at_ms = 0, Ending ending = Ending::complete,
           std::uint64_t shadow_of = 0) {
    Exchange exchange;
    exchange.id = exchanges_.size() + 1;
    exchange.request_start = base::Time(std::chrono::seconds(1000)) + std::chrono::milliseconds(at_ms);
    exchange.request = {std::move(head), std::move(body)};
    exchange.ending = ending;
    exchange.shadow_of = shadow_of;
    exchanges_.push_back(std::move(exchange));
  }

  Script load(const ScriptOptions& options = {}) {
    auto writer = CaptureWriter::create(file(), {});
    EXPECT_TRUE(writer.has_value());
    for (const Exchange& exchange : exchanges_) EXPECT_TRUE(writer->append(exchange).has_value());
    EXPECT_TRUE(writer->close().has_value());
    auto script = load_script(file(), options);
    EXPECT_TRUE(script.has_value()) << script.error().message;
    return script ? std::move(*script) : Script{};
  }

  support::TempDir folder_;
  std::vector<Exchange> exchanges_;
};

TEST_F(ScriptTest, RequestsComeInTheOrderInWhichTheyBegan) {
  add("GET /second HTTP/1.1\r\nHost: x\r\n\r\n", "", 5);
  add("GET /first HTTP/1.1\r\nHost: x\r\n\r\n", "", 1);
  const Script script = load();
  ASSERT_EQ(script.requests.size(), 2u);
  EXPECT_EQ(script.requests[0].target, "/first");
  EXPECT_EQ(script.requests[0].fields, "GET /first HTTP/1.1\r\nHost: x\r\n");
  EXPECT_EQ(script.requests[1].target, "/second");
}

TEST_F(ScriptTest, WhatIsLeftOutIsCounted) {
  add("GET /kept HTTP/1.1\r\n\r\n");
  add("POST /kept HTTP/1.1\r\nContent-Length: 1\r\n\r\n", "x");
  add("GET /other HTTP/1.1\r\n\r\n");
  add("GET /kept HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  add("GET /kept HTTP/1.1\r\n", "", 0, Ending::request_truncated);
  add("CONNECT x:1 HTTP/1.1\r\n\r\n");
  const Script script = load({.filter = {{}, {"/kept"}}});
  EXPECT_EQ(script.requests.size(), 1u);
  EXPECT_EQ(script.writes_refused, 1u);
  EXPECT_EQ(script.filtered_out, 1u);
  EXPECT_EQ(script.not_replayable, 3u);
}

TEST_F(ScriptTest, WhatACandidateWasSentBesidesIsNotSentAgain) {
  add("GET /live HTTP/1.1\r\n\r\n");
  add("GET /shadow HTTP/1.1\r\n\r\n", "", 0, Ending::complete, 1);
  const Script script = load();
  ASSERT_EQ(script.requests.size(), 1u);
  EXPECT_EQ(script.requests[0].target, "/live");
  EXPECT_EQ(script.shadows, 1u);
  EXPECT_EQ(script.not_replayable, 0u);
}

TEST_F(ScriptTest, WhatWritesIsSentWhenAllowed) {
  add("POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\n", "a\0b");
  EXPECT_EQ(load({.filter = {}, .allow_writes = true}).requests.size(), 1u);
}

TEST_F(ScriptTest, OnlyATracedOneLosesItsOwnTraceparent) {
  const std::string head = "GET / HTTP/1.1\r\nTraceParent: 00-1\r\nHost: x\r\ntraceparent: 00-2\r\n\r\n";
  add(head);
  EXPECT_EQ(load({.filter = {}, .traced = true}).requests[0].fields, "GET / HTTP/1.1\r\nHost: x\r\n");
}

TEST_F(ScriptTest, ShotsLoopWithNumbersOffsetsAndTracesOfTheirOwn) {
  add("GET /a HTTP/1.1\r\n\r\n", "", 0);
  add("GET /b HTTP/1.1\r\n\r\n", "", 100);
  const Script script = load();
  ScriptShots shots(script, ConstantRate{10}, {.loops = 2, .trace_seed = 7});
  std::vector<std::string> targets;
  for (std::uint64_t n = 1; const auto shot = shots.next(); ++n) {
    targets.emplace_back(shot->target);
    EXPECT_EQ(shot->request, n);
    EXPECT_EQ(shot->offset, std::chrono::milliseconds(100 * (n - 1)));
    EXPECT_EQ(shot->trace, trace_of(7, n));
  }
  EXPECT_EQ(targets, (std::vector<std::string>{"/a", "/b", "/a", "/b"}));
  EXPECT_NE(trace_of(7, 1), trace_of(7, 2));
  EXPECT_NE(trace_of(7, 1), trace_of(8, 1));
}

TEST_F(ScriptTest, AnEmptyScriptHasNoShots) {
  const Script script = load();
  ScriptShots shots(script, Speed{1}, {.loops = 0, .trace_seed = std::nullopt});
  EXPECT_FALSE(shots.next().has_value());
}

}  // namespace
}  // namespace stormproof::replay
