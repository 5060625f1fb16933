// Toxiproxy's control API, call by call; what it says was taken from toxiproxy 2.12.
#include "harness/run/toxiproxy_api.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "tests/run/control_call.h"
#include "tests/support/ports.h"

namespace stormproof::run {
namespace {

class ToxiproxyApiTest : public testing::Test {
 protected:
  wire::HttpReply call(const std::string& method, const std::string& path, const std::string& body = "",
                       const std::string& agent = "toxiproxy-cli") {
    return control_call(api, method, path, body, agent);
  }
  void expect(const wire::HttpReply& reply, int status, std::string_view body) {
    EXPECT_EQ(reply.status, status) << reply.body;
    if (reply.body.empty() || body.empty()) EXPECT_EQ(reply.body, body);
    else EXPECT_EQ(boost::json::parse(reply.body), boost::json::parse({body.data(), body.size()})) << reply.body;
  }
  std::string proxy(const std::string& name, std::string_view more = "") const {
    return fmt::format(R"({{"name":"{}","listen":"{}","upstream":"localhost:1"{}}})", name, listen, more);
  }
  std::string told(const std::string& name, bool enabled, std::string_view toxics = "[]") const {
    return fmt::format(R"({{"name":"{}","listen":"{}","upstream":"localhost:1","enabled":{},"toxics":{}}})", name,
                       listen, enabled, toxics);
  }

  base::SystemClock clock;
  Switchboard board{clock, nullptr};
  ToxiproxyApi api{board, "9.9"};
  std::string listen = fmt::format("127.0.0.1:{}", support::free_port());
};

TEST_F(ToxiproxyApiTest, WhatItIsAndWhatItIsNot) {
  expect(call("GET", "/version"), 200, R"({"version":"2.12.0","stormproof":"9.9"})");
  EXPECT_EQ(call("GET", "/nothing").body, "not asked");
  EXPECT_EQ(call("GET", "/proxies/a/other").body, "not asked");
  EXPECT_EQ(call("PUT", "/proxies").status, 405);
  EXPECT_EQ(call("GET", "/populate").status, 405);
  EXPECT_EQ(call("GET", "/reset").status, 405);
  EXPECT_EQ(call("GET", "/proxies", "", "Mozilla/5.0 (X11)").status, 403);
  EXPECT_EQ(call("POST", "/proxies", proxy("a"), "Mozilla/5.0 (X11)").status, 403);
  expect(call("GET", "/proxies"), 200, "{}");
}

TEST_F(ToxiproxyApiTest, ProxiesAreMadeSeenChangedAndRemoved) {
  EXPECT_EQ(call("GET", "/proxies/a").status, 404);
  expect(call("POST", "/proxies", proxy("a")), 201, told("a", true));
  expect(call("GET", "/proxies"), 200, fmt::format(R"({{"a":{}}})", told("a", true)));
  expect(call("GET", "/proxies/a"), 200, told("a", true));
  expect(call("POST", "/proxies/a", R"({"enabled":false})"), 200, told("a", false));
  expect(call("PATCH", "/proxies/a", R"({"enabled":true,"name":"b"})"), 200, told("a", true));
  expect(call("PATCH", "/proxies/a", R"({"Enabled":false} and more)"), 200, told("a", false));
  expect(call("DELETE", "/proxies/a"), 204, "");
  expect(call("DELETE", "/proxies/a"), 404, R"({"error":"proxy not found","status":404})");
}

TEST_F(ToxiproxyApiTest, WhatIsWrongWithAProxy) {
  expect(call("POST", "/proxies", ""), 400, R"({"error":"bad request body: EOF","status":400})");
  expect(call("POST", "/proxies", R"({"name":5})"), 400,
         R"({"error":"bad request body: name must be a string","status":400})");
  expect(call("POST", "/proxies", R"({"upstream":"x"})"), 400,
         R"({"error":"missing required field: name","status":400})");
  expect(call("POST", "/proxies", R"({"name":"a"})"), 400,
         R"({"error":"missing required field: upstream","status":400})");
  expect(call("POST", "/proxies", proxy("a")), 201, told("a", true));
  expect(call("POST", "/proxies", proxy("a")), 409, R"({"error":"proxy already exists","status":409})");
  EXPECT_EQ(call("POST", "/proxies", proxy("b")).status, 500) << "the port is taken";
  expect(call("GET", "/proxies/b"), 404, R"({"error":"proxy not found","status":404})");
  expect(call("POST", "/proxies/b", "{}"), 404, R"({"error":"proxy not found","status":404})");
  EXPECT_EQ(call("POST", "/proxies/a", "x").status, 400);
}

TEST_F(ToxiproxyApiTest, Populating) {
  expect(call("POST", "/populate", "[]"), 201, R"({"proxies":[]})");
  expect(call("POST", "/populate", "[" + proxy("a") + "]"), 201, R"({"proxies":[)" + told("a", true) + "]}");
  EXPECT_EQ(call("POST", "/proxies/a/toxics", R"({"type":"noop"})").status, 200);
  const auto again = call("POST", "/populate", "[" + proxy("a") + "]");
  EXPECT_TRUE(again.body.contains("noop_downstream")) << "what is the same is left alone";
  expect(call("POST", "/populate", "[" + proxy("a") + R"(,{"upstream":"y"}])"), 400,
         R"({"error":"missing required field: name at proxy 2","status":400,"proxies":[]})");
  expect(call("POST", "/populate", R"([{"name":"a"}])"), 400,
         R"({"error":"missing required field: upstream at proxy 1","status":400,"proxies":[]})");
  EXPECT_EQ(call("POST", "/populate", "{}").status, 400);
  EXPECT_EQ(api.populate_from("[" + proxy("a") + "]").value(), 1U);
  EXPECT_FALSE(api.populate_from("[{}]"));
}

TEST_F(ToxiproxyApiTest, ToxicsAreMadeSeenChangedAndRemoved) {
  ASSERT_EQ(call("POST", "/proxies", proxy("a")).status, 201);
  const std::string path = "/proxies/a/toxics";
  expect(
      call("POST", path, R"({"type":"latency","attributes":{"latency":5,"zzz":1}})"), 200,
      R"({"attributes":{"latency":5,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1})");
  expect(
      call("POST", path,
           R"({"type":"slicer","stream":"Upstream","name":"s b","toxicity":0.3,"attributes":{"average_size":9}})"),
      200,
      R"({"attributes":{"average_size":9,"size_variation":0,"delay":0},"name":"s b","type":"slicer","stream":"Upstream","toxicity":0.3})");
  EXPECT_TRUE(call("GET", path).body.starts_with(R"([{"attributes":{"average_size")"))
      << "the client's direction first";
  expect(
      call("POST", path + "/latency_downstream",
           R"({"attributes":{"jitter":3},"toxicity":0.5,"stream":"upstream","name":"u"})"),
      200,
      R"({"attributes":{"latency":5,"jitter":3},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":0.5})");
  EXPECT_EQ(call("PATCH", path + "/latency_downstream", R"({"attributes":{"latency":7}})").status, 200);
  EXPECT_TRUE(call("GET", path + "/latency_downstream").body.contains(R"("latency":7,"jitter":3)"));
  EXPECT_EQ(call("GET", path + "/s%20b").status, 200);
  expect(call("DELETE", path + "/latency_downstream"), 204, "");
  expect(call("DELETE", path + "/latency_downstream"), 404, R"({"error":"toxic not found","status":404})");
  expect(call("POST", "/reset"), 204, "");
  expect(call("GET", path), 200, "[]");
}

TEST_F(ToxiproxyApiTest, WhatIsWrongWithAToxic) {
  ASSERT_EQ(call("POST", "/proxies", proxy("a")).status, 201);
  const std::string path = "/proxies/a/toxics";
  expect(call("POST", "/proxies/b/toxics", R"({"type":"noop"})"), 404, R"({"error":"proxy not found","status":404})");
  expect(call("POST", path, ""), 400, R"({"error":"bad request body: EOF","status":400})");
  expect(call("POST", path, R"({"type":"delay"})"), 400, R"({"error":"invalid toxic type","status":400})");
  expect(call("POST", path, R"({"type":"noop","stream":"x"})"), 400,
         R"({"error":"stream was invalid, can be either upstream or downstream","status":400})");
  EXPECT_EQ(call("POST", path, R"({"type":"latency","attributes":{"latency":"x"}})").status, 400);
  EXPECT_EQ(call("POST", path, R"({"type":"latency","attributes":{"latency":-1}})").status, 400);
  EXPECT_EQ(call("POST", path, R"({"type":"slicer","attributes":{"average_size":0}})").status, 400);
  EXPECT_EQ(call("POST", path, R"({"type":"noop","toxicity":7})").status, 400);
  EXPECT_EQ(call("POST", path, R"({"type":"noop"})").status, 200);
  expect(call("POST", path, R"({"type":"noop"})"), 409, R"({"error":"toxic already exists","status":409})");
  expect(call("POST", path, R"({"type":"noop","name":"noop_downstream","stream":"upstream"})"), 409,
         R"({"error":"toxic already exists","status":409})");
  expect(call("GET", path + "/x"), 404, R"({"error":"toxic not found","status":404})");
  EXPECT_EQ(call("PUT", path + "/x").status, 405);
}

}  // namespace
}  // namespace stormproof::run
