#include "replay/response_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

Message answer(std::string_view fields, std::string_view body) {
  return LinkedTraffic::message("HTTP/1.1 200 OK\n" + std::string(fields), "", body);
}

// "json $.id = 17" for each, with what it means.
std::vector<std::string> values(const Message& message, std::string_view target = "/orders") {
  std::vector<std::string> all;
  const ReadableResponse response(message, target);
  each_response_value(
      response, [](std::string_view) { return true; },
      [&](const ResponseValue& value) {
        std::string text = to_string(value.place) + " = " + value.value;
        for (const std::string& meaning : value.meanings) text += " " + meaning;
        all.push_back(text);
        EXPECT_EQ(value_at(response, value.place, ""), value.value) << to_string(value.place);
      });
  return all;
}

TEST(ResponseValuesTest, CookiesHeadersAndTheirUrls) {
  const auto all = values(
      answer("Set-Cookie: sid=a%3D1; Path=/; HttpOnly\nSet-Cookie: old=; Max-Age=0\nLocation: /orders/17?state=x1\n"
             "ETag: W/\"7\"\nX-Order-Id: 17\nLink: </orders?cursor=c5>; rel=\"next\"\nX-Key: Token k1",
             ""));
  EXPECT_THAT(all, Contains("cookie sid = a%3D1 =sid @sid"));
  EXPECT_THAT(all, Contains("cookie sid = a=1 =sid @sid")) << "as script code reads it";
  EXPECT_THAT(all, Not(Contains(testing::StartsWith("cookie old"))));
  EXPECT_THAT(all, Contains("header location /orders/{} = 17 order"));
  EXPECT_THAT(all, Contains("header location ?state = x1 =state"));
  EXPECT_THAT(all, Contains("header etag = W/\"7\" ^etag"));
  EXPECT_THAT(all, Contains("header x-order-id = 17 order"));
  EXPECT_THAT(all, Contains("header link ?cursor = c5 =cursor"));
  EXPECT_THAT(all, Contains("header x-key last word = k1"));
}

TEST(ResponseValuesTest, JsonWithUrlsInIt) {
  const auto all = values(
      answer("Content-Type: application/json", R"({"id": 17, "links": [{"href": "/orders/17/pay"}], "a\/b": "x\/y"})"));
  EXPECT_THAT(all, Contains("json $.id = 17 order"));
  EXPECT_THAT(all, Contains("json $.links[*].href = /orders/17/pay"));
  EXPECT_THAT(all, Contains("json $.links[*].href /orders/{}/pay = 17 order"));
  EXPECT_THAT(all, Contains("json $.a\\/b = x/y"));
  EXPECT_THAT(values(answer("Content-Type: application/json", ")]}',\n{\"id\": 17}")),
              Contains("json $.id = 17 order"));
  EXPECT_THAT(values(answer("Content-Type: text/plain", "{\"id\": 17}")), Contains("json $.id = 17 order"));
}

TEST(ResponseValuesTest, PagesWithForms) {
  const auto all = values(
      answer(
          "Content-Type: text/html",
          R"(<meta name="csrf-token" content="m&#x3D;1"><form action="/orders/17/pay"><input type=hidden name=_csrf value="a&amp;b">)"
          R"(<select name=size><option value=s><option value=m></select></form><form><input name=q value=z></form>)"
          R"(<a href="/orders/17">x</a><a href="/orders/18">y</a><img src="/static/logo2.png"><div data-order-id="17">)"),
      "/orders");
  EXPECT_THAT(all, Contains("html meta csrf-token = m=1 =csrftoken"));
  EXPECT_THAT(all, Contains("html form /orders/*/pay input _csrf = a&b =csrf"));
  EXPECT_THAT(all, Contains("html form /orders/*/pay select size (the 2nd) = m"));
  EXPECT_THAT(all, Contains("html form /orders input q = z")) << "a form without an action goes to its page";
  EXPECT_THAT(all, Contains("html action /orders/{}/pay = 17 order"));
  EXPECT_THAT(all, Contains("html href /orders/{} (the 2nd) = 18 order"));
  EXPECT_THAT(all, Contains("html src /static/{} = logo2.png")) << "which means nothing";
  EXPECT_THAT(all, Contains("html data-order-id = 17 order"));
}

TEST(ResponseValuesTest, ContentIsDecodedFirst) {
  const std::string json = R"({"id": 17})";
  const auto expect = Contains("json $.id = 17 order");
  EXPECT_THAT(values(answer("Content-Type: application/json\nContent-Encoding: gzip", deflated(json, 31))), expect);
  EXPECT_THAT(values(answer("Content-Type: application/json\nContent-Encoding: br\nTransfer-Encoding: chunked",
                            chunked(brotlied(json), 3))),
              expect);
  const Message damaged = answer("Content-Type: application/json\nContent-Encoding: gzip", "no");
  EXPECT_EQ(ReadableResponse(damaged, "/").trouble(), "it is cut short");
  EXPECT_THAT(values(answer("Content-Type: image/png", json)), Not(expect)) << "pictures are not looked into";
}

TEST(ResponseValuesTest, InAListTheRecordedOneIsKeptWhereItStillIs) {
  const Message live = answer("Content-Type: application/json", R"([{"id": 5}, {"id": 17}, {"id": 9}])");
  const ReadableResponse response(live, "/orders");
  const Place first{PlaceKind::json, "$[*].id", "", 0};
  EXPECT_EQ(value_at(response, first, "17"), "17");
  EXPECT_EQ(value_at(response, first, "4711"), "5");
  const Place fourth{PlaceKind::json, "$[*].id", "", 3};
  EXPECT_EQ(value_at(response, fourth, "4711"), std::nullopt);
}

TEST(ResponseValuesTest, ALiveValueNeedsNoEscapesWhereTheRecordedOneDid) {
  const Message live = answer("Set-Cookie: t=plain", "");
  EXPECT_EQ(value_at(ReadableResponse(live, "/"), Place{PlaceKind::cookie, "t", "", 0, Coding::percent}, "a=b"),
            "plain");
}

TEST(ResponseValuesTest, CookiesThatAreTakenAway) {
  const auto cookies = cookies_set_by(
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; path=/x; Secure\r\nSet-Cookie: b=; expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n"
      "Set-Cookie: c=2; Max-Age=-1\r\nSet-Cookie: =3\r\nSet-Cookie: d\r\n\r\n");
  ASSERT_EQ(cookies.size(), 3u);
  EXPECT_EQ(cookies[0].path, "/x");
  EXPECT_FALSE(cookies[0].removed);
  EXPECT_TRUE(cookies[1].removed);
  EXPECT_TRUE(cookies[2].removed);
}

}  // namespace
}  // namespace stormproof::replay
