#include "harness/run/fault_api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "faults/stream_fault_json.h"
#include "tests/run/control_call.h"
#include "tests/support/files.h"

namespace stormproof::run {
namespace {

using ::testing::HasSubstr;

class FaultApiTest : public testing::Test {
 protected:
  wire::HttpReply call(const std::string& method, const std::string& path, const std::string& body = "",
                       const std::string& agent = "curl") {
    return control_call(api, method, path, body, agent);
  }
  boost::json::value made(const std::string& path, const std::string& body) {
    const auto reply = call("POST", path, body);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return boost::json::parse(reply.body);
  }

  base::SystemClock clock;
  Switchboard board{clock, nullptr};
  FaultApi api{board};
};

TEST_F(FaultApiTest, AProxyWithItsFaultsIsAllOrNothing) {
  const auto proxy = made("/v1/proxies", R"({"name":"a","upstream":"127.0.0.1:1","protocol":"http","faults":[
      {"type":"latency","delay":{"distribution":"normal","base":"20ms","jitter":"5ms"},"share":"50%"}]})");
  EXPECT_EQ(proxy.at("protocol"), "http");
  EXPECT_EQ(proxy.at("enabled"), true);
  EXPECT_EQ(proxy.at("faults").at(0).at("delay").at("distribution"), "normal");
  EXPECT_EQ(proxy.at("faults").at(0).at("share").as_double(), 0.5);
  const auto reply = call("POST", "/v1/proxies",
                          R"({"name":"b","upstream":"127.0.0.1:1","faults":[{"type":"noop"},{"type":"noop"}]})");
  EXPECT_EQ(reply.status, 409) << reply.body;
  EXPECT_EQ(call("GET", "/v1/proxies/b").status, 404);
  EXPECT_EQ(call("POST", "/v1/proxies", R"({"name":"a","upstream":"127.0.0.1:1"})").status, 409);
  EXPECT_EQ(boost::json::parse(call("GET", "/v1/proxies").body).at("proxies").as_array().size(), 1U);
  EXPECT_EQ(call("PATCH", "/v1/proxies/a", R"({"enabled":false})").status, 200);
  EXPECT_EQ(boost::json::parse(call("GET", "/v1/proxies/a").body).at("enabled"), false);
  EXPECT_EQ(call("DELETE", "/v1/proxies/a").status, 204);
}

TEST_F(FaultApiTest, FaultsAreSetChangedRenewedAndWithdrawn) {
  made("/v1/proxies", R"({"name":"a","upstream":"127.0.0.1:1"})");
  const auto fault = made("/v1/proxies/a/faults", R"({"type":"bandwidth","name":"line","rate":"10KB","lease":"1h"})");
  EXPECT_EQ(fault.at("rate"), 10'000);
  EXPECT_EQ(fault.at("lease"), "1h");
  EXPECT_EQ(fault.at("connections-hit"), 0);
  const std::string line = "/v1/proxies/a/faults/line";
  EXPECT_THAT(call("PATCH", line, R"({"rate":5})").body, HasSubstr(R"("rate":5,)"));
  EXPECT_THAT(call("PATCH", line, R"({"name":"other"})").body, HasSubstr("keeps its name"));
  EXPECT_EQ(call("POST", line + "/renew").status, 200);
  EXPECT_EQ(call("PUT", "/v1/proxies/a/faults/new", R"({"type":"half-open","after-bytes":"1KiB"})").status, 201);
  EXPECT_EQ(call("PUT", "/v1/proxies/a/faults/new", R"({"type":"half-open"})").status, 200);
  EXPECT_EQ(call("PUT", "/v1/proxies/a/faults/new", R"({"type":"noop"})").status, 400) << "it keeps its type";
  EXPECT_EQ(boost::json::parse(call("GET", "/v1/proxies/a/faults").body).at("faults").as_array().size(), 2U);
  EXPECT_EQ(call("DELETE", line).status, 204);
  EXPECT_EQ(call("GET", line).status, 404);
  EXPECT_EQ(call("POST", "/v1/heal").status, 204);
  EXPECT_THAT(call("GET", "/v1/proxies/a/faults").body, HasSubstr("[]"));
  EXPECT_EQ(call("DELETE", "/v1/proxies/a/faults").status, 204);
}

TEST_F(FaultApiTest, SaysWhatIsWrong) {
  made("/v1/proxies", R"({"name":"a","upstream":"127.0.0.1:1"})");
  const auto says = [&](const std::string& method, const std::string& path, const std::string& body, int status,
                        const std::string& what) {
    const auto reply = call(method, path, body);
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(what));
  };
  says("POST", "/v1/proxies", "{", 400, "no JSON");
  says("POST", "/v1/proxies", "[]", 400, "an object");
  says("POST", "/v1/proxies", R"({"upstream":"x:1"})", 400, "name");
  says("POST", "/v1/proxies", R"({"name":"b","upstrem":"x:1"})", 400, "upstrem");
  says("POST", "/v1/proxies", R"({"name":"b","upstream":"x:1","protocol":"udp"})", 400, "tcp or http");
  says("POST", "/v1/proxies", R"({"name":"b","upstream":"x:1","listen":"x"})", 400, "port");
  says("POST", "/v1/proxies/a/faults", R"({"type":"x"})", 400, "there are: noop");
  says("POST", "/v1/proxies/a/faults", R"({"type":"noop","lease":"0s"})", 400, "lease");
  says("POST", "/v1/proxies/none/faults", R"({"type":"noop"})", 404, "no such proxy");
  says("GET", "/v1/other", "", 404, "openapi.json");
  says("PUT", "/v1/proxies", "", 405, "GET, POST");
  EXPECT_EQ(call("POST", "/v1/heal", "", "Mozilla/5.0").status, 403);
  EXPECT_EQ(call("GET", "/proxies").body, "not asked");
}

// Everything that is referred to is there, and docs/ has the same.
TEST_F(FaultApiTest, TheDocumentIsWhole) {
  const auto document = boost::json::parse(call("GET", "/v1/openapi.json").body);
  const auto& components = document.at("components");
  for (const std::string_view type : faults::stream_fault_types()) {
    const auto& properties = components.at("schemas").at(type).at("allOf").at(1).at("properties").as_object();
    EXPECT_TRUE(properties.contains("type")) << type;
  }
  const std::string text = FaultApi::openapi();
  EXPECT_EQ(text.find('@'), text.npos);
  for (std::size_t at = text.find("#/components/"); at != text.npos; at = text.find("#/components/", at + 1)) {
    const std::string name = text.substr(at + 1, text.find('"', at) - at - 1);
    boost::json::error_code code;
    EXPECT_NE(document.find_pointer(name, code), nullptr) << name;
  }
  EXPECT_EQ(document.at("paths").as_object().size(), 7U);
  const auto file = support::read_file(STORMPROOF_SOURCE_DIR "/docs/openapi.json");
  ASSERT_TRUE(file);
  EXPECT_EQ(boost::json::parse(*file), document) << "curl /v1/openapi.json writes it anew";
}

}  // namespace
}  // namespace stormproof::run
