// What rules do to responses: what a raw client really sees, and what the ledger says of it.
#include <chrono>
#include <map>
#include <thread>

#include "tests/faults/message_fault.h"

namespace stormproof::faults {
namespace {

using events::Effect;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

TEST_F(MessageFault, AResponseIsChangedOnItsWay) {
  Stage stage(always(json_answer));
  Rule rule = rule_of();
  rule.response = ResponseChange{
      .status = 500, .change = {.headers = {{"X-New", "1"}}, .without = {"ETag"}, .body = {}, .merge = R"({"b":"x"})"}};
  stage.apply(1, {rule});
  auto client = stage.connect();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.send(get("/x")));
    EXPECT_EQ(read_response(client),
              "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nX-New: 1\r\nContent-Length: "
              "15\r\n\r\n{\"a\":1,\"b\":\"x\"}");
  }
  const auto log = stage.log_of(2);
  EXPECT_EQ(log.exchanges[0].status, 500);
  EXPECT_EQ(log.exchanges[0].outcome, events::Outcome::answered);
  EXPECT_EQ(log.faults[0].effect, Effect::response_changed);
  EXPECT_EQ(log.faults[0].sent, log.exchanges[0].response_bytes);
}

TEST_F(MessageFault, AChunkedResponseIsPutTogetherAndAHeadResponseKeepsItsNature) {
  Stage stage([](const std::string& head, const std::string&) {
    return head.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" : std::string(chunked_answer);
  });
  Rule rule = rule_of();
  rule.response = ResponseChange{.status = {}, .change = {.headers = {{"X-New", "1"}}}};
  stage.apply(1, {rule});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  EXPECT_EQ(read_response(client), "HTTP/1.1 200 OK\r\nX-New: 1\r\nContent-Length: 11\r\n\r\nhello world");
  ASSERT_TRUE(client.send("HEAD /x HTTP/1.1\r\nHost: d\r\n\r\n"));
  EXPECT_EQ(read_response(client, true), "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-New: 1\r\n\r\n");
}

TEST_F(MessageFault, ALegalTruncationGoesOnAndAnIllegalOneEndsShort) {
  Stage stage(always(json_answer));
  Rule rule = rule_of();
  rule.truncate = Truncate{.share = 0.5, .bytes = {}, .legal = true};
  stage.apply(1, {rule});
  auto client = stage.connect();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.send(get("/x")));
    EXPECT_THAT(read_response(client), ::testing::EndsWith("\r\n\r\n{\"a\":1,\""));
  }
  rule.truncate = Truncate{.share = 1, .bytes = 3, .legal = false};
  stage.apply(1, {rule});
  const std::string all = all_of(stage, get("/x"));
  EXPECT_THAT(all, HasSubstr("Content-Length: 17\r\n"));
  EXPECT_THAT(all, ::testing::EndsWith("\r\n\r\n{\"a"));
  const auto log = stage.log_of(3);
  EXPECT_EQ(log.faults[2].effect, Effect::truncated);
  EXPECT_EQ(log.faults[2].cut, 14u);
  EXPECT_EQ(log.faults[2].sent, all.size());
  EXPECT_EQ(log.exchanges[2].outcome, events::Outcome::faulted);
}

TEST_F(MessageFault, AChunkedBodyIsTruncatedWithinItsChunk) {
  Stage stage(always(chunked_answer));
  Rule rule = rule_of();
  rule.truncate = Truncate{.share = 0.5, .bytes = {}, .legal = false};
  stage.apply(1, {rule});
  EXPECT_EQ(all_of(stage, get("/x")), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello");
}

TEST_F(MessageFault, ABodyTooShortToBeCutIsSaidSo) {
  Stage stage(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Rule rule = rule_of();
  rule.truncate = Truncate{};
  stage.apply(1, {rule});
  EXPECT_EQ(one_of(stage, get("/x")), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(only(stage).effect, Effect::nothing);
}

TEST_F(MessageFault, IllegalFramingReachesTheWireAsItIs) {
  Stage stage;
  const std::map<IllegalFraming, std::string> expected = {
      {IllegalFraming::length_and_chunked, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\r\nok"},
      {IllegalFraming::two_lengths, "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"},
      {IllegalFraming::cut_chunk, "Transfer-Encoding: chunked\r\n\r\n3\r\no"},
      {IllegalFraming::bad_chunk_size, "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n"}};
  for (const auto& [how, bytes] : expected) {
    Rule rule = rule_of();
    rule.framing = how;
    stage.apply(1, {rule});
    EXPECT_EQ(all_of(stage, get("/x")), "HTTP/1.1 200 OK\r\n" + bytes);
  }
  for (const auto& fired : stage.log_of(4).faults) EXPECT_EQ(fired.effect, Effect::misframed);
}

TEST_F(MessageFault, NoAnswerIsSilenceAResetOrRandomBytesOfTheSeed) {
  Stage stage;
  Rule rule = rule_of();
  rule.no_answer = NoAnswer::empty;
  stage.apply(1, {rule});
  EXPECT_EQ(all_of(stage, get("/x")), "");
  rule.no_answer = NoAnswer::reset;
  stage.apply(1, {rule});
  EXPECT_THAT(all_of(stage, get("/x")), HasSubstr("reset"));
  rule.no_answer = NoAnswer::random;
  stage.apply(1, {rule});
  const std::string once = all_of(stage, get("/x"));
  EXPECT_EQ(once.size(), random_bytes);
  stage.apply(1, {rule});
  EXPECT_EQ(all_of(stage, get("/x")), once);
  stage.apply(2, {rule});
  EXPECT_NE(all_of(stage, get("/x")), once);
  EXPECT_EQ(stage.asked().size(), 5u) << "the upstream was called each time";
}

TEST_F(MessageFault, ASlowHeadAndBodyTakeTheirTimeAndAreWhole) {
  Stage stage;
  Rule rule = rule_of();
  rule.slow = Slow{.head_over = milliseconds(80), .body_over = milliseconds(40)};
  stage.apply(1, {rule});
  auto client = stage.connect();
  const auto begun = Clock::now();
  ASSERT_TRUE(client.send(get("/x")));
  ASSERT_TRUE(client.read(1));
  EXPECT_LT(Clock::now() - begun, milliseconds(80)) << "the first byte is there long before the last";
  EXPECT_EQ(read_response(client), "TTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_GE(Clock::now() - begun, milliseconds(120));
}

TEST_F(MessageFault, ASlowHeadThatIsHealedComesAtOnce) {
  Stage stage;
  Rule rule = rule_of();
  rule.slow = Slow{.head_over = std::chrono::hours(1), .body_over = {}};
  stage.apply(1, {rule});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  while (stage.asked().empty()) std::this_thread::yield();
  stage.heal();
  EXPECT_EQ(read_response(client), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

TEST_F(MessageFault, AHugeHeadGrowsByWhatWasAsked) {
  Stage stage;
  Rule rule = rule_of();
  rule.head_grows = 100'000;
  stage.apply(1, {rule});
  const std::string answer = one_of(stage, get("/x"));
  EXPECT_GE(answer.size(), 100'000u);
  EXPECT_LE(answer.size(), 108'300u);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nok"));
}

TEST_F(MessageFault, AStaleResponseIsTheFirstOneOfItsRequest) {
  int count = 0;
  Stage stage([&count](const std::string&, const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(++count);
  });
  Rule rule = rule_of();
  rule.stale = true;
  stage.apply(1, {rule});
  auto client = stage.connect();
  std::string seen;
  for (const char* target : {"/a", "/a", "/b", "/a", "/b"}) {
    ASSERT_TRUE(client.send(get(target)));
    seen += read_response(client).back();
  }
  EXPECT_EQ(seen, "11313");
  const auto log = stage.log_of(5);
  EXPECT_EQ(acted(log).size(), 3u);
}

TEST_F(MessageFault, ADuplicatedResponseIsThereTwice) {
  Stage stage;
  Rule rule = rule_of();
  rule.duplicate = true;
  stage.apply(1, {rule});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(read_response(client), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

TEST_F(MessageFault, ALargeResponsePassesUntouchedAndTheLedgerSaysWhy) {
  const std::string body(2'000'000, 'b');
  Stage stage(always("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + body));
  Rule rule = rule_of();
  rule.truncate = Truncate{};
  stage.apply(1, {rule});
  const std::string answer = one_of(stage, get("/x"));
  EXPECT_TRUE(answer.ends_with(body)) << answer.size();
  const auto log = stage.log_of(1);
  EXPECT_EQ(log.faults[0].effect, Effect::nothing);
  EXPECT_EQ(log.names.name_of(log.faults[0].detail), "the response is larger than 1 MiB");
  EXPECT_EQ(log.exchanges[0].response_bytes, answer.size());
}

TEST_F(MessageFault, AnInterimResponseIsNotTakenForTheAnswer) {
  Stage stage(always(std::string("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") + json_answer));
  Rule rule = rule_of();
  rule.truncate = Truncate{.share = 0, .bytes = {}, .legal = true};
  stage.apply(1, {rule});
  EXPECT_TRUE(one_of(stage, get("/x")).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(MessageFault, AnUpstreamThatFailsLeavesAFaultWithoutEffect) {
  Stage stage(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
  Rule rule = rule_of();
  rule.truncate = Truncate{};
  stage.apply(1, {rule});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  while (stage.asked().empty()) std::this_thread::yield();
  stage.drain();
  const auto log = stage.log_of(1);
  EXPECT_EQ(log.faults[0].effect, Effect::nothing);
}

TEST_F(MessageFault, ARuleThatSparesARequestIsInTheLedger) {
  Stage stage;
  Rule rule = rule_of();
  rule.abort = Abort{};
  rule.share = 0;
  stage.apply(1, {rule});
  EXPECT_THAT(one_of(stage, get("/x", 5)), HasSubstr(" 200 "));
  const auto fired = only(stage);
  EXPECT_EQ(fired.effect, Effect::spared);
  events::TraceId trace;
  trace.bytes[15] = 5;
  EXPECT_EQ(fired.identity, identity_of(rule, call_of("GET", "/x", trace), trace, 0));
}

}  // namespace
}  // namespace stormproof::faults
