// Every message fault in its place: what a raw client and the upstream really see, and what the ledger says of it.
// Long because: each message fault is seen here in the same way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "tests/faults/stage.h"

namespace stormproof::faults {
namespace {

using events::Effect;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

constexpr const char* json_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\nETag: "
    "\"1\"\r\n\r\n{\"a\":1,\"b\":[2,3]}";
constexpr const char* chunked_answer =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\nT: 1\r\n\r\n";

Rule rule_of(std::string id = "rule") {
  Rule rule;
  rule.id = std::move(id);
  return rule;
}

Stage::Answer always(std::string text) {
  return [text](const std::string&, const std::string&) { return text; };
}

class MessageFault : public ::testing::Test {
 protected:
  // What the client reads until the relay ends the connection.
  static std::string all_of(Stage& stage, const std::string& request) {
    auto client = stage.connect();
    EXPECT_TRUE(client.send(request));
    auto all = client.read_to_end();
    return all ? *all : "error: " + all.error().message;
  }
  static std::string one_of(Stage& stage, const std::string& request) {
    auto client = stage.connect();
    EXPECT_TRUE(client.send(request));
    return read_response(client);
  }
  static events::FaultFired only(Stage& stage) {
    const auto all = stage.log_of(1).faults;
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? events::FaultFired{} : all.front();
  }
};

TEST_F(MessageFault, ADelayOfTheResponseLetsTheUpstreamBeCalledAtOnceAndIsNeverShort) {
  Stage stage;
  Rule rule = rule_of();
  rule.latency = Latency{.base = milliseconds(60), .jitter = {}};
  rule.latency_of_response = true;
  stage.apply(1, {rule});
  auto client = stage.connect();
  const auto begun = Clock::now();
  ASSERT_TRUE(client.send(get("/x")));
  EXPECT_TRUE(read_response(client).ends_with("ok"));
  EXPECT_GE(Clock::now() - begun, milliseconds(60));
  const auto fired = only(stage);
  EXPECT_EQ(fired.effect, Effect::delayed);
  EXPECT_GE(fired.delayed, milliseconds(60));
  EXPECT_EQ(stage.asked().size(), 1u);
}

TEST_F(MessageFault, AHeldResponseGoesOnWhenHealed) {
  Stage stage;
  Rule rule = rule_of();
  rule.latency = Latency{.base = std::chrono::hours(1), .jitter = {}};
  rule.latency_of_response = true;
  stage.apply(1, {rule});
  auto client = stage.connect();
  ASSERT_TRUE(client.send(get("/x")));
  ASSERT_TRUE(stage.wait_until_under_way(1));
  while (stage.asked().empty()) std::this_thread::yield();
  stage.heal();
  EXPECT_EQ(read_response(client), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

TEST_F(MessageFault, AQuotaAnswersWhatIsBeyondIt) {
  Stage stage;
  Rule rule = rule_of();
  rule.throttle = Throttle{.per_second = 0.001, .burst = 2, .retry_after = milliseconds(1500)};
  stage.apply(1, {rule});
  auto client = stage.connect();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(client.send(get("/x")));
    const std::string answer = read_response(client);
    if (i < 2) EXPECT_THAT(answer, HasSubstr(" 200 "));
    else EXPECT_THAT(answer, ::testing::AllOf(HasSubstr(" 429 Too Many Requests"), HasSubstr("Retry-After: 2\r\n")));
  }
  EXPECT_EQ(stage.asked().size(), 2u) << "the upstream is not called beyond the quota";
}

TEST_F(MessageFault, FirstEveryAtMostAndFirstTriesCount) {
  Stage stage;
  const auto statuses = [&](const Rule& rule, std::vector<std::string> targets) {
    stage.apply(1, {rule});
    auto client = stage.connect();
    std::string seen;
    for (const std::string& target : targets) {
      EXPECT_TRUE(client.send(get(target, 7)));
      seen += read_response(client).contains(" 503 ") ? 'x' : '.';
    }
    return seen;
  };
  Rule rule = rule_of();
  rule.abort = Abort{};
  const std::vector<std::string> six(6, "/same");
  rule.first = 2;
  EXPECT_EQ(statuses(rule, six), "xx....");
  rule.first = std::nullopt;
  rule.every = 3;
  EXPECT_EQ(statuses(rule, six), "..x..x");
  rule.at_most = 1;
  EXPECT_EQ(statuses(rule, six), "..x...");
  rule.every = rule.at_most = std::nullopt;
  rule.first_tries = 1;
  EXPECT_EQ(statuses(rule, {"/a", "/b", "/a", "/b", "/c", "/a"}), "xx..x.") << "the first try of each request";
}

TEST_F(MessageFault, AWindowAndARampGoByTheTimeSinceThePlanBegan) {
  Rule rule = rule_of();
  rule.after = milliseconds(100);
  rule.lasting = milliseconds(200);
  rule.ramp = milliseconds(100);
  rule.share = 0.5;
  const Plan plan(1, {rule});
  const auto hits = [&](milliseconds since) {
    int count = 0;
    for (std::uint64_t id = 0; id < 4000; ++id) count += plan.drawn(plan.rules()[0], id, since) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(hits(milliseconds(99)), 0);
  EXPECT_EQ(hits(milliseconds(100)), 0) << "the ramp begins at none";
  EXPECT_NEAR(hits(milliseconds(150)), 1000, 150);
  EXPECT_NEAR(hits(milliseconds(200)), 2000, 160);
  EXPECT_EQ(hits(milliseconds(300)), 0);
}

TEST_F(MessageFault, HeadersRoutesAndClientsLimitARule) {
  Stage stage;
  const auto status = [&](const Rule& rule, const std::string& request) {
    stage.apply(1, {rule});
    return one_of(stage, request).substr(9, 3);
  };
  Rule rule = rule_of();
  rule.abort = Abort{};
  rule.headers = {{"x-tenant", "acme*"}};
  EXPECT_EQ(status(rule, "GET /x HTTP/1.1\r\nHost: d\r\nX-Tenant:  acme-1 \r\n\r\n"), "503");
  EXPECT_EQ(status(rule, "GET /x HTTP/1.1\r\nHost: d\r\nX-Tenant: other\r\nY: X-Tenant: acme\r\n\r\n"), "200");
  EXPECT_EQ(status(rule, get("/x")), "200");
  rule.headers.clear();
  rule.routes = {"/orders/{id}"};
  EXPECT_EQ(status(rule, get("/orders/17?a=b")), "503");
  EXPECT_EQ(status(rule, get("/orders/")), "200");
  rule.routes = {"POST /orders/{id}"};
  EXPECT_EQ(status(rule, get("/orders/17")), "200");
  rule.routes.clear();
  rule.clients = {*Network::parse("127.0.0.0/8")};
  EXPECT_EQ(status(rule, get("/x")), "503");
  rule.clients = {*Network::parse("10.0.0.0/8"), *Network::parse("::1")};
  EXPECT_EQ(status(rule, get("/x")), "200");
}

TEST_F(MessageFault, ARequestIsChangedOnItsWay) {
  Stage stage;
  Rule rule = rule_of();
  rule.request = RequestChange{.method = "PUT",
                               .path = "/other",
                               .change = {.headers = {{"X-New", "1"}, {"host", "elsewhere"}},
                                          .without = {"accept"},
                                          .body = {},
                                          .merge = R"({"b":null,"c":{"d":2}})"}};
  stage.apply(1, {rule});
  auto client = stage.connect();
  const std::string body = R"({"a":1,"b":2})";
  ASSERT_TRUE(client.send("POST /x?q=1 HTTP/1.1\r\nHost: d\r\nAccept: */*\r\nContent-Length: 13\r\n\r\n" + body +
                          get("/next")));
  EXPECT_TRUE(read_response(client).ends_with("ok"));
  ASSERT_EQ(stage.asked().size() >= 1, true);
  EXPECT_EQ(stage.asked()[0],
            "PUT /other?q=1 HTTP/1.1\r\nHost: elsewhere\r\nX-New: 1\r\nContent-Length: 19\r\n\r\n"
            R"({"a":1,"c":{"d":2}})");
  EXPECT_TRUE(read_response(client).ends_with("ok")) << "the connection goes on, at the next request";
  EXPECT_EQ(stage.asked()[1], get("/next")) << "what cannot be done as asked is not done by halves";
  const auto log = stage.log_of(2);
  EXPECT_EQ(log.faults[0].effect, Effect::request_changed);
  EXPECT_EQ(log.faults[1].effect, Effect::nothing) << "a body that is no JSON cannot be patched";
  EXPECT_THAT(std::string(log.names.name_of(log.faults[1].detail)), HasSubstr("not JSON"));
}

TEST_F(MessageFault, AHeadThatChangesLeavesAStreamingBodyAlone) {
  Stage stage;
  Rule rule = rule_of();
  rule.request = RequestChange{.method = {}, .path = "/moved", .change = {.headers = {{"X-A", "b"}}}};
  stage.apply(1, {rule});
  const std::string body(300'000, 'z');
  auto client = stage.connect();
  ASSERT_TRUE(client.send("POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 300000\r\n\r\n" + body));
  EXPECT_TRUE(read_response(client).ends_with("ok"));
  EXPECT_EQ(stage.asked()[0], "POST /moved HTTP/1.1\r\nHost: d\r\nContent-Length: 300000\r\nX-A: b\r\n\r\n" + body);
}

TEST_F(MessageFault, ARequestTooLargeToBePatchedPassesAsItCame) {
  Stage stage;
  Rule rule = rule_of();
  rule.request = RequestChange{.method = {}, .path = {}, .change = {.headers = {}, .without = {}, .body = "tiny"}};
  stage.apply(1, {rule});
  const std::string body(1'500'000, 'z');
  auto client = stage.connect();
  const std::string request = "POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 1500000\r\n\r\n" + body;
  ASSERT_TRUE(client.send(request));
  EXPECT_TRUE(read_response(client).ends_with("ok"));
  EXPECT_TRUE(stage.asked()[0] == request) << stage.asked()[0].substr(0, 200);
  EXPECT_EQ(only(stage).effect, Effect::nothing);
}

TEST_F(MessageFault, ABodyAwaitingAContinueIsAskedForWhenItIsPatched) {
  Stage stage;
  Rule rule = rule_of();
  rule.request = RequestChange{.method = {}, .path = {}, .change = {.headers = {}, .without = {}, .body = "new"}};
  stage.apply(1, {rule});
  auto client = stage.connect();
  ASSERT_TRUE(client.send("POST /x HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  const auto told = client.read_until("\r\n\r\n");
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_THAT(*told, HasSubstr(" 100 "));
  ASSERT_TRUE(client.send("old"));
  EXPECT_TRUE(read_response(client).ends_with("ok"));
  EXPECT_TRUE(stage.asked()[0].ends_with("\r\n\r\nnew"));
}

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
