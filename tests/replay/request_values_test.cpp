#include "replay/request_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

using testing::Contains;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view token = "k9XQ2mZr7Lw0pTfB";

Message request(std::string_view start, std::string_view body = "") {
  return LinkedTraffic::message(start, " HTTP/1.1", body);
}

std::vector<std::string> values(const Message& message, bool wanted = true) {
  std::vector<std::string> all;
  const ReadableRequest readable(message.head, message.body);
  each_request_value(
      readable, [&](std::string_view) { return wanted; },
      [&](const RequestValue& value) {
        std::string text = value.place + " = " + value.value;
        for (const std::string& meaning : value.meanings) text += " " + meaning;
        all.push_back(text);
      });
  return all;
}

// The request with each value `old` replaced.
Message replaced(const Message& message, std::string_view old, std::string_view now) {
  const ReadableRequest readable(message.head, message.body);
  std::vector<Replacement> replacements;
  each_request_value(
      readable, [&](std::string_view value) { return value == old; },
      [&](const RequestValue& value) {
        replacements.push_back({value.raw, value.in_body, spelled(value.coding, now, value.raw)});
      });
  EXPECT_FALSE(replacements.empty());
  RewrittenRequest made = rewritten(readable, replacements);
  return {made.fields, made.body_changed ? made.body : message.body};
}

TEST(RequestValuesTest, TargetCookiesAndHeaders) {
  const auto all = values(request(
      "GET /orders/17?token=a%2Fb&page=2\nCookie: sid=x1; theme=dark\nAuthorization: Bearer t1\nX-Order-Id: 17\n"
      "If-Match: \"e7\"\nReferer: http://shop/carts/5\nUser-Agent: curl/8"));
  EXPECT_THAT(all, Contains("path /orders/{} = 17 order"));
  EXPECT_THAT(all, Contains("query token = a/b =token token"));
  EXPECT_THAT(all, Contains("query page = 2"));
  EXPECT_THAT(all, Contains("cookie sid = x1 @sid"));
  EXPECT_THAT(all, Contains("cookie theme = dark @theme"));
  EXPECT_THAT(all, Contains("header authorization = Bearer t1"));
  EXPECT_THAT(all, Contains("header x-order-id = 17 order"));
  EXPECT_THAT(all, Contains("header if-match = \"e7\" ^etag"));
  EXPECT_THAT(all, Contains("referer /carts/{} = 5 cart"));
  EXPECT_THAT(all, Not(Contains(StartsWith("header user-agent"))));
  EXPECT_THAT(all, Not(Contains(StartsWith("header host"))));
}

TEST(RequestValuesTest, BodiesOfEveryKind) {
  EXPECT_THAT(values(request("POST /pay\nContent-Type: application/x-www-form-urlencoded", "_csrf=a%2Bb&order_id=17")),
              testing::IsSupersetOf({"form _csrf = a+b =csrf csrf", "form order_id = 17 order"}));
  EXPECT_THAT(
      values(request("POST /orders\nContent-Type: application/json", R"({"id": 17, "cart": {"id": 5}, "t": "a\/b"})")),
      testing::IsSupersetOf({"json $.id = 17 order", "json $.cart.id = 5 cart", "json $.t = a/b t"}));
  const std::string parts =
      "--B\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nvalue one\r\n--B\r\nContent-Disposition: form-data; "
      "name=\"f\"; "
      "filename=\"x\"\r\n\r\nbytes\r\n--B--\r\n";
  EXPECT_THAT(values(request("POST /up\nContent-Type: multipart/form-data; boundary=B", parts)),
              Contains("part csrf = value one =csrf csrf"));
  EXPECT_THAT(values(request("POST /rpc\nContent-Type: text/xml", "<t>" + std::string(token) + "</t>")),
              Contains("body = " + std::string(token)));
}

TEST(RequestValuesTest, APieceIsFoundInsideOfWhatIsNotWanted) {
  const Message bearer = request("GET /\nAuthorization: Bearer " + std::string(token));
  EXPECT_EQ(replaced(bearer, token, "new").head, "GET / HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer new\r\n\r\n");
  const Message file = request("GET /files/" + std::string(token) + ".pdf");
  EXPECT_THAT(replaced(file, token, "new").head, StartsWith("GET /files/new.pdf HTTP/1.1\r\n"));
  const Message list = request("GET /\nIf-None-Match: \"a\", \"" + std::string(token) + "\"");
  EXPECT_THAT(replaced(list, token, "new").head, testing::HasSubstr("\"a\", \"new\""));
}

TEST(RequestValuesTest, EachPlaceGetsTheValueInItsOwnSpelling) {
  const Message form =
      request("POST /a?t=x%2Fy\nContent-Type: application/x-www-form-urlencoded\nX-T: x/y", "t=x%2fy&u=x/y");
  const Message made = replaced(form, "x/y", "p/q+r");
  EXPECT_EQ(made.head,
            "POST /a?t=p%2Fq%2Br HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\nX-T: "
            "p/q+r\r\nContent-Length: 21\r\n\r\n");
  EXPECT_EQ(made.body, "t=p%2fq%2br&u=p/q%2Br");
}

TEST(RequestValuesTest, TheLengthFollowsAndEverythingElseStays) {
  const Message json = request("POST /x\nContent-Type: application/json", R"({ "id" : 17 , "n" : 1.50, "s":"17" })");
  const Message made = replaced(json, "17", "123456");
  EXPECT_EQ(made.body, R"({ "id" : 123456 , "n" : 1.50, "s":"123456" })");
  EXPECT_THAT(made.head, testing::HasSubstr(fmt::format("Content-Length: {}\r\n", made.body.size())));
  EXPECT_EQ(replaced(json, "17", "a\"b").body, R"({ "id" : "a\"b" , "n" : 1.50, "s":"a\"b" })");
}

TEST(RequestValuesTest, ChunkedBodiesBecomeOneChunk) {
  const Message message =
      request("POST /x\nTransfer-Encoding: chunked\nContent-Type: application/json", chunked(R"({"id": 17})", 4));
  const Message made = replaced(message, "17", "123456");
  EXPECT_EQ(made.body, "e\r\n{\"id\": 123456}\r\n0\r\n\r\n");
  EXPECT_EQ(made.head, message.head);
}

TEST(RequestValuesTest, BodiesThatCannotBeReadStayAsTheyAre) {
  const Message coded =
      request("POST /orders/17\nContent-Encoding: gzip\nContent-Type: application/json", "\x1f\x8b...17");
  EXPECT_EQ(replaced(coded, "17", "18").body, coded.body);
  const Message broken = request("POST /orders/17\nTransfer-Encoding: chunked", "zz");
  EXPECT_EQ(replaced(broken, "17", "18").body, "zz");
}

TEST(RequestValuesTest, AnythingAtAllDoesNoHarm) {
  for (const std::string head : {"", "\r\n", "GET", "GET / HTTP/1.1\r\n:\r\nCookie\r\nCookie:\r\nCookie: ;;=;a\r\n\r\n",
                                 "GET /%?%=% HTTP/1.1\r\nAuthorization: \r\n\r\n"}) {
    values({head, "--"}, false);
    values({head, "--"}, true);
  }
}

}  // namespace
}  // namespace stormproof::replay
