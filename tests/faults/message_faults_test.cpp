// When rules act, and what they do to requests: what a raw client and the upstream really see, and what the ledger says.
#include <chrono>
#include <thread>

#include "tests/faults/message_fault.h"

namespace stormproof::faults {
namespace {

using events::Effect;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

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

}  // namespace
}  // namespace stormproof::faults
