#include "replay/live_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr std::string_view json = "200\nContent-Type: application/json";
constexpr std::string_view form = "\nContent-Type: application/x-www-form-urlencoded";
constexpr std::string_view token = "k9XQ2mZr7Lw0pTfB";

std::string page(std::string_view csrf) {
  return fmt::format("<form action=/login><input name=csrf value={}></form>", csrf);
}

// A login, and an order that is made and read.
LinkedTraffic shop() {
  LinkedTraffic traffic;
  traffic.get("/login", "200\nContent-Type: text/html\nSet-Cookie: sid=s1", page(token));
  traffic.add("POST /login\nCookie: sid=s1; lang=en" + std::string(form), fmt::format("csrf={}&user=ann", token),
              "303\nSet-Cookie: sid=s2", "");
  traffic.add("POST /orders\nCookie: sid=s2", "", "201\nContent-Type: application/json", R"({"id": 17})");
  traffic.get("/orders/17\nCookie: sid=s2", json, "{}");
  return traffic;
}

// Plays the sender: asks, sends and ends by hand.
class Play {
 public:
  explicit Play(LinkedTraffic traffic, std::vector<std::uint64_t> sent = {1, 2, 3, 4})
      : traffic_(std::move(traffic)), values_(find_links(traffic_.exchanges()), sent) {}

  Shot shot(std::uint64_t id, std::uint64_t loop = 0) const {
    const Exchange& exchange = traffic_.exchanges()[id - 1];
    Shot shot;
    shot.exchange = id;
    shot.loop = loop;
    shot.method = method_of(exchange.request.head);
    shot.target = target_of(exchange.request.head);
    shot.fields = std::string_view(exchange.request.head).substr(0, exchange.request.head.size() - 2);
    shot.body = exchange.request.body;
    return shot;
  }
  bool ready(std::uint64_t id, std::uint64_t loop = 0) { return values_.ready(shot(id, loop)); }

  // What goes out.
  std::string sent(std::uint64_t id, std::uint64_t loop = 0) {
    const Shot its = shot(id, loop);
    Outgoing outgoing{its.fields, its.body, {}, {}};
    values_.rewrite(its, outgoing);
    return std::string(outgoing.fields) + "\r\n" + std::string(outgoing.body);
  }
  void answer(std::uint64_t id, std::string_view response, std::string_view body, std::uint64_t loop = 0) {
    Message message = LinkedTraffic::message(fmt::format("HTTP/1.1 {}", response), " X", body);
    events::Exchange event = event_of(events::Outcome::answered);
    event.status = static_cast<std::uint16_t>(status_of(message.head));
    Answer whole;
    whole.head = std::move(message.head);
    whole.body = std::move(message.body);
    whole.body_bytes = whole.body.size();
    values_.on_end(shot(id, loop), event, values_.wants_answer(shot(id, loop)) ? &whole : nullptr);
  }
  void fail(std::uint64_t id) { values_.on_end(shot(id), event_of(events::Outcome::reset), nullptr); }

  LiveValues& values() { return values_; }
  const LinkCounts& counts() const { return values_.counts(); }

 private:
  static events::Exchange event_of(events::Outcome outcome) {
    events::Exchange event;
    event.outcome = outcome;
    event.start = event.intended = base::Time{std::chrono::seconds(1)};
    return event;
  }
  LinkedTraffic traffic_;
  LiveValues values_;
};

TEST(LiveValuesTest, DependentsWaitForTheirSourceAndGetWhatItGave) {
  Play play(shop());
  EXPECT_TRUE(play.ready(1));
  EXPECT_FALSE(play.ready(2));
  EXPECT_FALSE(play.ready(4));
  play.answer(1, "200\nContent-Type: text/html\nSet-Cookie: sid=live1", page("NEW-token-91ab"));
  EXPECT_TRUE(play.ready(2));
  EXPECT_FALSE(play.ready(3)) << "its cookie comes with the login";
  const std::string login = play.sent(2);
  EXPECT_THAT(login, HasSubstr("Cookie: sid=live1; lang=en\r\n"));
  EXPECT_THAT(login, HasSubstr("Content-Length: 28\r\n"));
  EXPECT_THAT(login, HasSubstr("csrf=NEW-token-91ab&user=ann"));
  play.answer(2, "303\nSet-Cookie: sid=live2", "");
  EXPECT_TRUE(play.ready(3));
  EXPECT_FALSE(play.ready(4));
  play.answer(3, "201\nContent-Type: application/json", R"({"id": 98765})");
  EXPECT_TRUE(play.ready(4));
  EXPECT_THAT(play.sent(4), HasSubstr("GET /orders/98765 HTTP/1.1\r\nHost: shop\r\nCookie: sid=live2\r\n"));
  play.answer(4, "200", "");
  EXPECT_EQ(play.counts().dependents, 3u);
  EXPECT_EQ(play.counts().late, 3u);
  EXPECT_EQ(play.counts().incomplete, 0u);
}

TEST(LiveValuesTest, EachRepetitionHasClientsOfItsOwn) {
  Play play(shop());
  play.answer(1, "200\nContent-Type: text/html\nSet-Cookie: sid=a", page("token-of-the-first"), 0);
  EXPECT_FALSE(play.ready(2, 1));
  play.answer(1, "200\nContent-Type: text/html\nSet-Cookie: sid=b", page("token-of-the-second"), 1);
  EXPECT_THAT(play.sent(2, 0), HasSubstr("sid=a"));
  EXPECT_THAT(play.sent(2, 1), HasSubstr("sid=b"));
}

TEST(LiveValuesTest, AFailedSourceLetsItsDependentsGoWithTheRecordedValueAndIsCounted) {
  Play play(shop());
  play.fail(1);
  EXPECT_TRUE(play.ready(2));
  EXPECT_THAT(play.sent(2), HasSubstr("Cookie: sid=s1; lang=en\r\n"));
  play.answer(2, "403\nContent-Type: text/html", "no");
  EXPECT_TRUE(play.ready(3));
  play.answer(3, "201\nContent-Type: application/json", R"({"id": 17})");
  play.answer(4, "200", "");
  EXPECT_THAT(play.counts().missing,
              ElementsAre(Pair("its source answered 403 without it", 2), Pair("its source had no answer: reset", 2)));
  EXPECT_EQ(play.counts().incomplete, 3u);
  const std::string text = to_text(play.counts());
  EXPECT_THAT(text, HasSubstr("3 requests went out with recorded values"));
  EXPECT_THAT(text, HasSubstr("its source answered 403 without it"));
  EXPECT_THAT(to_json(play.counts()), HasSubstr(R"("missing":{"its source answered 403 without it":2)"));
}

TEST(LiveValuesTest, ASourceThatIsNotSentIsNotWaitedFor) {
  Play play(shop(), {1, 2, 4});
  play.answer(1, "200\nContent-Type: text/html\nSet-Cookie: sid=a", page("token-of-the-first"));
  play.answer(2, "303\nSet-Cookie: sid=b", "");
  EXPECT_TRUE(play.ready(4));
  EXPECT_THAT(play.sent(4), HasSubstr("GET /orders/17 HTTP/1.1\r\nHost: shop\r\nCookie: sid=b\r\n"));
  play.answer(4, "200", "");
  EXPECT_THAT(play.counts().missing, ElementsAre(Pair("its source was not to be sent", 1)));
}

TEST(LiveValuesTest, CookiesThatTheLiveTargetRenewsOrAddsAreFollowed) {
  Play play(shop());
  play.answer(1,
              "200\nContent-Type: text/html\nSet-Cookie: sid=a\nSet-Cookie: route=n2\nSet-Cookie: admin=x; Path=/admin",
              page("token-of-the-first"));
  EXPECT_THAT(play.sent(2), HasSubstr("Cookie: sid=a; lang=en; route=n2\r\n")) << "but not what is for another path";
  play.answer(2, "303\nSet-Cookie: sid=b\nSet-Cookie: route=; Max-Age=0\nSet-Cookie: lang=fr", "");
  play.answer(3, "201\nContent-Type: application/json\nSet-Cookie: sid=c", R"({"id": 18})");
  EXPECT_THAT(play.sent(4), HasSubstr("GET /orders/18 HTTP/1.1\r\nHost: shop\r\nCookie: sid=c; lang=fr\r\n"))
      << "renewed where the recorded target did not";
  EXPECT_EQ(play.counts().cookies_added, 2u);
}

TEST(LiveValuesTest, ALoginFromBeforeTheCaptureFollowsTheCookieThatTheTargetGives) {
  LinkedTraffic traffic;
  traffic.get("/a\nCookie: sid=old-1", "200", "");
  traffic.get("/b\nCookie: sid=old-1", "200", "");
  Play play(traffic, {1, 2});
  EXPECT_TRUE(play.ready(2));
  EXPECT_THAT(play.sent(1), HasSubstr("sid=old-1"));
  play.answer(1, "200\nSet-Cookie: sid=new-1", "");
  EXPECT_THAT(play.sent(2), HasSubstr("Cookie: sid=new-1\r\n"));
}

TEST(LiveValuesTest, AClientThatIgnoresCookiesIsLeftAlone) {
  LinkedTraffic traffic;
  traffic.get("/a\nCookie: sid=fixed-1", "200\nSet-Cookie: sid=other-2", "");
  traffic.get("/b\nCookie: sid=fixed-1", "200", "");
  Play play(traffic, {1, 2});
  play.answer(1, "200\nSet-Cookie: sid=live-3", "");
  EXPECT_THAT(play.sent(2), HasSubstr("Cookie: sid=fixed-1\r\n"));
}

TEST(LiveValuesTest, WhatIsGivenAgainAsRecordedIsNotTouched) {
  Play play(shop());
  play.answer(1, "200\nContent-Type: text/html\nSet-Cookie: sid=s1", page(token));
  const std::string recorded = std::string(play.shot(2).fields) + "\r\n" + std::string(play.shot(2).body);
  EXPECT_EQ(play.sent(2), recorded);
  EXPECT_EQ(play.counts().replaced, 0u);
}

TEST(LiveValuesTest, SessionsThatPassValuesOnAreOneGroup) {
  LinkedTraffic traffic;
  traffic.add("POST /orders", "", "201\nLocation: /orders/17", "", 1);
  traffic.get("/orders/17", "200", "", 2);
  traffic.get("/", "200", "", 3);
  Play play(traffic, {1, 2, 3});
  EXPECT_EQ(play.values().group_of(1), play.values().group_of(2));
  EXPECT_NE(play.values().group_of(1), play.values().group_of(3));
  EXPECT_EQ(play.values().group_of(99), 0u);
  EXPECT_FALSE(play.ready(2));
  play.answer(1, "201\nLocation: /orders/55", "");
  EXPECT_THAT(play.sent(2), HasSubstr("GET /orders/55 "));
}

}  // namespace
}  // namespace stormproof::replay
