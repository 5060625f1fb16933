#include "replay/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/seed.h"
#include "replay/capture_reader.h"
#include "replay/gor_importer.h"
#include "replay/response_values.h"
#include "replay/value_sense.h"
#include "tests/replay/fixtures.h"
#include "tests/replay/har_exchanges.h"
#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view token = "k9XQ2mZr7Lw0pTfB";
constexpr std::string_view html = "200\nContent-Type: text/html";
constexpr std::string_view json = "200\nContent-Type: application/json";
constexpr std::string_view form = "\nContent-Type: application/x-www-form-urlencoded";

// "1 json $.id -> 2 path /orders/{}, 3 …"
std::vector<std::string> found(const LinkedTraffic& traffic) {
  std::vector<std::string> all;
  for (const Link& link : find_links(traffic.exchanges()).links) {
    std::string text = fmt::format("{} {} ->", link.source, to_string(link.place));
    for (const LinkUse& use : link.uses) text += fmt::format(" {} {};", use.exchange, use.place);
    all.push_back(text);
  }
  return all;
}

std::string with_token(std::string_view text) {
  std::string result(text);
  return result.replace(result.find("TOKEN"), 5, token);
}

TEST(LinksTest, ALoginWithARotatingCookieAndATokenInEachForm) {
  LinkedTraffic traffic;
  traffic.get("/login", "200\nContent-Type: text/html\nSet-Cookie: sid=s1",
              with_token("<form action=/login><input name=csrf value=TOKEN></form>"));
  traffic.add("POST /login\nCookie: sid=s1" + std::string(form), with_token("csrf=TOKEN&user=ann"),
              "303\nLocation: /home\nSet-Cookie: sid=s2", "");
  traffic.get("/home\nCookie: sid=s2", html, "hello", 2);
  EXPECT_THAT(found(traffic),
              ElementsAre("1 cookie sid -> 2 cookie sid;", "1 html form /login input csrf -> 2 form csrf;",
                          "2 cookie sid -> 3 cookie sid;"));
  EXPECT_EQ(find_links(traffic.exchanges()).sessions, 1u);
}

TEST(LinksTest, ShortIdsAreFoundByWhatTheyAreCalled) {
  LinkedTraffic traffic;
  traffic.add("POST /orders", "", "201\nContent-Type: application/json", R"({"id": 17, "quantity": 3})");
  traffic.get("/orders/17?page=3", json, "{}");
  traffic.get("/carts/17", json, "{}");
  traffic.add("POST /pay\nContent-Type: application/json", R"({"order_id": 17, "amount": 17})", json, "{}");
  EXPECT_THAT(found(traffic), ElementsAre("1 json $.id -> 2 path /orders/{}; 4 json $.order_id;"));
}

TEST(LinksTest, RedirectsAndLinksInPages) {
  LinkedTraffic traffic;
  traffic.add("POST /orders", "", "303\nLocation: /orders/17", "");
  traffic.get("/orders/17", html, "<a href='/orders/17/items/4'>first</a><img src='/static/logo2.png'>");
  traffic.get("/static/logo2.png", "200\nContent-Type: image/png", "png");
  traffic.get("/orders/17/items/4", html, "");
  EXPECT_THAT(found(traffic), ElementsAre("1 header location /orders/{} -> 2 path /orders/{};",
                                          "2 html href /orders/*/items/{} -> 4 path /orders/*/items/{};",
                                          "2 html href /orders/{}/items/* -> 4 path /orders/{}/items/*;"));
}

// One token, from everywhere to everywhere.
TEST(LinksTest, ATokenIsFoundWhereverItComesFromAndWhereverItGoes) {
  const std::vector<std::pair<std::string, std::string>> sources = {
      {"200\nX-Token: TOKEN", ""},
      {"200\nSet-Cookie: t=TOKEN", ""},
      {"302\nLocation: /cb?code=TOKEN", ""},
      {std::string(json), R"({"a": {"b": ["TOKEN"]}})"},
      {std::string(json), R"({"next": "https://h/x/TOKEN?y"})"},
      {std::string(html), "<meta name=t content=TOKEN>"},
      {std::string(html), "<a href='/x/TOKEN'>"},
      {std::string(html), "<script>let t = \"TOKEN\";</script>"},
      {"200\nContent-Type: text/xml", "<t>TOKEN</t>"},
      {std::string(html), "<div data-key=TOKEN>"},
      {std::string(html), "<form><textarea name=t>TOKEN</textarea></form>"}};
  const std::vector<std::pair<std::string, std::string>> uses = {
      {"GET /x/TOKEN/y", ""},
      {"GET /x?a=TOKEN", ""},
      {"GET /\nAuthorization: Bearer TOKEN", ""},
      {"GET /\nX-Any: TOKEN", ""},
      {"GET /\nCookie: t=TOKEN", ""},
      {"POST /x" + std::string(form), "a=TOKEN"},
      {"POST /x\nContent-Type: application/json", R"({"a": ["TOKEN"]})"},
      {"POST /x\nContent-Type: text/xml", "<a>TOKEN</a>"},
      {"POST /x\nContent-Type: multipart/form-data; boundary=B",
       "--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nTOKEN\r\n--B--\r\n"}};
  for (const auto& [response, answer] : sources) {
    for (const auto& [request, body] : uses) {
      LinkedTraffic traffic;
      traffic.get("/start", response.contains("TOKEN") ? with_token(response) : response,
                  answer.empty() ? "" : with_token(answer));
      traffic.add(request.contains("TOKEN") ? with_token(request) : request, body.empty() ? "" : with_token(body),
                  "200", "");
      EXPECT_EQ(found(traffic).size(), 1u) << response << answer << " -> " << request << body;
    }
  }
}

TEST(LinksTest, SpellingsDoNotHideAValue) {
  LinkedTraffic traffic;
  traffic.get("/", "200\nContent-Type: text/html\nContent-Encoding: br",
              brotlied("<form action=/pay><input name=csrf value='ab&#43;cd/ef12gh34&#x3D;'></form>"));
  traffic.add("POST /pay" + std::string(form), "csrf=ab%2Bcd%2fef12gh34%3D", "200", "");
  traffic.get("/b", "200\nSet-Cookie: XSRF-TOKEN=ij56kl78mn90op%3D%3D", "");
  traffic.get("/c\nCookie: XSRF-TOKEN=ij56kl78mn90op%3D%3D\nX-XSRF-TOKEN: ij56kl78mn90op==", "200", "");
  EXPECT_THAT(found(traffic),
              ElementsAre("1 html form /pay input csrf -> 2 form csrf;", "3 cookie XSRF-TOKEN -> 4 cookie XSRF-TOKEN;",
                          "3 cookie XSRF-TOKEN -> 4 header x-xsrf-token;"));
}

TEST(LinksTest, WhatTheClientKnewBeforeIsNotALink) {
  LinkedTraffic traffic;
  traffic.add(with_token("PUT /orders/TOKEN"), "", json, with_token(R"({"id": "TOKEN"})"));
  traffic.get(with_token("/orders/TOKEN"), json, with_token(R"({"id": "TOKEN"})"));
  traffic.get(with_token("/x\nX-Key: TOKEN"), json, "{}");
  EXPECT_THAT(found(traffic), IsEmpty());
}

TEST(LinksTest, ALaterAnswerIsNoSource) {
  LinkedTraffic traffic;
  auto& slow = traffic.get("/slow", json, with_token(R"({"id": "TOKEN"})"));
  slow.response_start += std::chrono::seconds(1);
  slow.response_end += std::chrono::seconds(1);
  traffic.get(with_token("/x/TOKEN"), json, "{}");
  EXPECT_THAT(found(traffic), IsEmpty());
}

TEST(LinksTest, CommonValuesAreNoLinks) {
  LinkedTraffic traffic;
  traffic.get(
      "/", json,
      R"({"page": 2, "status": "active", "price": 1299.99, "day": "2026-11-23T10:00:00Z", "title": "blue-cotton-shirt", "v": "v2", "on": true, "total": 17})");
  traffic.get("/items/2?status=active&page=2&day=2026-11-23T10%3A00%3A00Z&on=true", json, "{}");
  traffic.get("/v2/blue-cotton-shirt?max=1299.99&total=17", json, "{}");
  EXPECT_THAT(found(traffic), IsEmpty());
}

TEST(LinksTest, TheBestSourceOfSeveral) {
  LinkedTraffic traffic;
  traffic.add("POST /orders", "", "201\nContent-Type: application/json", R"({"id": 17})");
  traffic.get("/orders", json, R"([{"id": 16}, {"id": 17}])");
  traffic.get("/orders/17", json, "{}");
  EXPECT_THAT(found(traffic), ElementsAre("1 json $.id -> 3 path /orders/{};")) << "what made it, not a list";
  LinkedTraffic pages;
  pages.get("/a", html, with_token("<form action=/a><input name=csrf value=TOKEN></form>"));
  pages.get("/b", html, with_token("<form action=/b><input name=csrf value=TOKEN></form>"));
  pages.add("POST /a" + std::string(form), with_token("csrf=TOKEN"), "200", "");
  EXPECT_THAT(found(pages), ElementsAre("1 html form /a input csrf -> 3 form csrf;"))
      << "the form that was sent, not a later page";
}

TEST(LinksTest, SessionsDoNotMix) {
  LinkedTraffic traffic;
  traffic.get("/cart", json, R"({"version": 3})", 1);
  traffic.add("PUT /cart\nContent-Type: application/json", R"({"version": 3})", json, "{}", 2);
  EXPECT_THAT(found(traffic), IsEmpty()) << "another client's version";
  traffic.add("PUT /cart\nContent-Type: application/json", R"({"version": 3})", json, "{}", 1);
  EXPECT_THAT(found(traffic), ElementsAre("1 json $.version -> 3 json $.version;"));
}

TEST(LinksTest, WhatOneClientMadeAnotherMayUse) {
  LinkedTraffic traffic;
  traffic.add("POST /orders", "", "201\nLocation: /orders/17", "", 1);
  traffic.get("/orders/17", json, "{}", 2);
  const Links links = find_links(traffic.exchanges());
  EXPECT_EQ(links.sessions, 2u);
  ASSERT_EQ(links.links.size(), 1u);
  EXPECT_TRUE(links.links[0].uses[0].other_session);
}

TEST(LinksTest, LimitsCountWhatTheyLeaveOut) {
  LinkedTraffic traffic;
  for (int i = 0; i < 10; ++i) {
    traffic.add("POST /orders", "", "201\nContent-Type: application/json", fmt::format(R"({{"id": {}}})", i));
    traffic.get(fmt::format("/orders/{}", i), json, "{}");
  }
  EXPECT_EQ(find_links(traffic.exchanges()).links.size(), 10u);
  const Links few = find_links(traffic.exchanges(), {.exchanges_max = 4, .values_max = 100, .found_max = 100});
  EXPECT_EQ(few.links.size(), 2u);
  EXPECT_EQ(few.left_out, 16u);
  EXPECT_GT(find_links(traffic.exchanges(), {.exchanges_max = 100, .values_max = 3, .found_max = 100}).left_out, 0u);
  EXPECT_GT(find_links(traffic.exchanges(), {.exchanges_max = 100, .values_max = 100, .found_max = 3}).left_out, 0u);
}

TEST(LinksTest, RandomPlainTrafficHasNone) {
  LinkedTraffic traffic;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto pick = [&](std::string_view what, std::uint64_t of) { return base::draw(7, what, i) % of; };
    traffic.add(fmt::format("GET /catalogue/{}?page={}&sort=price\nAccept: application/json",
                            pick("kind", 9) > 4 ? "shoes" : "hats", pick("page", 20)),
                "", json,
                fmt::format(R"({{"page": {}, "total": {}, "names": ["red shoe {}", "hat"], "price": {}.99}})",
                            pick("page2", 20), pick("total", 500), i, pick("price", 90)),
                1 + pick("client", 20));
  }
  EXPECT_THAT(found(traffic), IsEmpty());
}

// Real pages, recorded by browsers: cookies and script hosts, no login.
TEST(LinksTest, RealTrafficOfReadersHasFewLinksAndTheyAreTrue) {
  const auto folder = corpora();
  if (!folder) GTEST_SKIP() << "the corpora are not here";
  std::size_t files = 0, exchanges = 0;
  for (const std::string name :
       {"har/mitmproxy/chrome.har", "har/mitmproxy/safari.har", "har/mitmproxy/insomnia.har",
        "har/pagexray/http__http1.1-chrome.har", "har/pagexray/aftonbladet.se-redirecting-to-www.har",
        "har/pagexray/domains__run.sitespeed.io.har"}) {
    const auto all = exchanges_of_har((*folder / name).string());
    exchanges += all.size();
    ++files;
    for (const Link& link : find_links(all).links) {
      // What a link claims stands in the file: the value in the answer, and later in the request.
      const auto source = std::ranges::find(all, link.source, &Exchange::id);
      ASSERT_NE(source, all.end());
      const ReadableResponse response(source->response, target_of(source->request.head));
      EXPECT_EQ(value_at(response, link.place, ""), link.value) << name << to_string(link.place);
      EXPECT_TRUE(is_token(link.value) || link.place.kind == PlaceKind::cookie) << name << " " << link.value;
    }
  }
  EXPECT_EQ(files, 6u);
  EXPECT_GT(exchanges, 100u);
}

TEST(LinksTest, ACaptureOfRequestsAloneHasNone) {
  const auto folder = corpora();
  if (!folder) GTEST_SKIP() << "the corpora are not here";
  const Folder files;
  {
    auto writer = CaptureWriter::create(files.file("x.traffic"), {});
    ASSERT_TRUE(import_gor({(*folder / "gor/goreplay/ecommerce-workshop__requests_0.gor").string()}, *writer));
    ASSERT_TRUE(writer->close());
  }
  auto reader = CaptureReader::open(files.file("x.traffic"));
  ASSERT_TRUE(reader);
  const auto links = find_links(*reader);
  ASSERT_TRUE(links);
  EXPECT_EQ(links->exchanges, 101u);
  EXPECT_THAT(links->links, IsEmpty());
}

}  // namespace
}  // namespace stormproof::replay
