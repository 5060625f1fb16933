// A capture of logged-in members replayed against a fresh instance: only with the values that this one gives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <regex>
#include <thread>

#include "tests/e2e/program.h"
#include "tests/subjects/members/members.h"
#include "tests/subjects/opossum/opossum.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// One member with curl: a jar of cookies, and a new connection for each request.
class Member {
 public:
  Member(std::string base, std::string name, const std::filesystem::path& folder)
      : base_(std::move(base)), name_(std::move(name)), jar_((folder / (name_ + ".jar")).string()) {}

  // Logs in, orders, pays, asks for an API key, reads the order with it and changes it. False: something was refused.
  bool visit() {
    std::string token = found(get("/login"), "_csrf\" value=\"([^\"]*)\"");
    if (post("/login", {"_csrf=" + token, "member=" + name_}) != "303") return false;
    token = found(get("/orders"), "_csrf\" value=\"([^\"]*)\"");
    if (post("/orders", {"_csrf=" + token, "item=lamp", "pieces=2"}) != "303") return false;
    const std::string order = found(redirect_, "/orders/([0-9]+)");
    token = found(get("/orders/" + order), "_csrf\" value=\"([^\"]*)\"");
    if (post("/orders/" + order + "/pay", {"_csrf=" + token}) != "303") return false;
    token = found(get("/orders/" + order), "csrf-token\" content=\"([^\"]*)\"");
    const std::string key =
        found(curl({"-X", "POST", "-H", "X-CSRF-Token: " + token, base_ + "/api/keys"}), "\"value\":\"([^\"]*)\"");
    const std::string authorization = "Authorization: Bearer " + key;
    if (!curl({"-H", authorization, base_ + "/api/orders/" + order}).contains("\"paid\":true")) return false;
    const std::string body = R"({"order": {"id": )" + order + R"(, "item": "a \"lamp\""}})";
    return curl({"-X", "PATCH", "-H", authorization, "-H", "Content-Type: application/json", "-d", body, "-w",
                 "%{http_code}", base_ + "/api/orders/" + order}) == "204";
  }
  static constexpr int requests = 10;

 private:
  std::string curl(std::vector<std::string> arguments) const {
    std::vector<std::string> argv = {"curl", "-sS", "--compressed", "-b", jar_, "-c", jar_};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto finished = support::run_to_end({.argv = argv});
    return finished ? finished->out : "";
  }
  std::string get(const std::string& path) const { return curl({base_ + path}); }
  std::string post(const std::string& path, const std::vector<std::string>& fields) {
    std::vector<std::string> arguments = {"-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"};
    for (const std::string& field : fields) arguments.insert(arguments.end(), {"--data-urlencode", field});
    arguments.push_back(base_ + path);
    const std::string answer = curl(arguments);
    redirect_ = answer.substr(std::min<std::size_t>(4, answer.size()));
    return answer.substr(0, 3);
  }
  static std::string found(const std::string& text, const std::string& pattern) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(pattern))) return "";
    const std::string value = std::regex_replace(match[1].str(), std::regex("&#43;"), "+");
    return std::regex_replace(value, std::regex("&#x3D;"), "=");
  }

  std::string base_;
  std::string name_;
  std::string jar_;
  std::string redirect_;
};

class Links : public ::testing::Test {
 protected:
  static constexpr int members = 3;

  void SetUp() override {
    if (const auto why = subjects::Members::missing()) {
      if (subjects::Opossum::skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
    const auto service = subjects::Members::start();
    ASSERT_TRUE(service.has_value()) << service.error().to_string();
    const Recording recording = start_recording(service->port(), capture());
    const std::string base = "http://127.0.0.1:" + std::to_string(recording.port);
    std::array<bool, members> well{};
    std::vector<std::thread> visits;
    for (std::size_t i = 0; i < members; ++i) {
      visits.emplace_back([&, i] { well[i] = Member(base, "member" + std::to_string(i), folder_.path()).visit(); });
    }
    for (std::thread& visit : visits) visit.join();
    EXPECT_THAT(well, ::testing::Each(true));
    recording.process.signal(SIGTERM);
    ASSERT_EQ(recording.process.exit_code_within(std::chrono::seconds(20)), 0) << recording.process.err();
  }
  std::filesystem::path capture() const { return folder_.path() / "members.traffic"; }

  // To an instance that has never seen them.
  boost::json::value replay(std::vector<std::string> options) const {
    const auto fresh = subjects::Members::start();
    EXPECT_TRUE(fresh.has_value());
    std::vector<std::string> arguments = {"replay",     capture().string(), "--target",
                                          fresh->url(), "--allow-writes",   "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto replayed = stormproof(arguments);
    EXPECT_THAT(replayed.exit_code, AnyOf(0, 5)) << replayed.err;  // 5: this machine lagged, which is no error of ours
    return boost::json::parse(replayed.out);
  }
  static std::int64_t count(const boost::json::value& statuses, std::string_view status) {
    const auto* const found = statuses.as_object().if_contains(status);
    return found == nullptr ? 0 : found->as_int64();
  }
  support::TempDir folder_;
};

TEST_F(Links, MembersAreReplayedToAFreshInstanceWithWhatItGivesThem) {
  const auto document = replay({"--speed", "2x"});
  EXPECT_EQ(document.at("answered").as_int64(), members * Member::requests);
  const auto& statuses = document.at("statuses");
  EXPECT_EQ(count(statuses, "200"), members * 5) << document;
  EXPECT_EQ(count(statuses, "201"), members) << document;
  EXPECT_EQ(count(statuses, "204"), members) << document;
  EXPECT_EQ(count(statuses, "303"), members * 3) << document;
  const auto& links = document.at("links");
  EXPECT_EQ(links.at("dependents").as_int64(), members * (Member::requests - 1));
  EXPECT_EQ(links.at("incomplete").as_int64(), 0) << document;
}

TEST_F(Links, TwoRepetitionsAreTwoSetsOfMembers) {
  const auto document = replay({"--speed", "2x", "--loop", "2"});
  EXPECT_EQ(document.at("answered").as_int64(), 2 * members * Member::requests);
  EXPECT_EQ(count(document.at("statuses"), "303"), 2 * members * 3) << document;
  EXPECT_EQ(count(document.at("statuses"), "403") + count(document.at("statuses"), "404"), 0) << document;
}

TEST_F(Links, WithoutThemEveryLoginIsRefused) {
  const auto document = replay({"--speed", "2x", "--no-links"});
  EXPECT_TRUE(document.at("links").is_null());
  EXPECT_EQ(count(document.at("statuses"), "200"), members) << "only the page with the login";
  EXPECT_EQ(count(document.at("statuses"), "403"), members * (Member::requests - 1)) << document;
}

TEST_F(Links, WhatIsNotSentGivesNothing) {
  // Without --allow-writes the logins are refused here, and what comes behind them goes out as recorded.
  const auto fresh = subjects::Members::start();
  ASSERT_TRUE(fresh.has_value());
  const auto replayed = stormproof({"replay", capture().string(), "--target", fresh->url(), "--speed", "10x"});
  EXPECT_THAT(replayed.exit_code, AnyOf(0, 5)) << replayed.err;
  EXPECT_THAT(replayed.out, HasSubstr("its source was not to be sent"));
}

TEST_F(Links, InspectShowsThem) {
  const auto inspected = stormproof({"inspect", capture().string(), "--links"});
  ASSERT_EQ(inspected.exit_code, 0) << inspected.err;
  for (const std::string line :
       {"GET /login  html form /login input _csrf\n", "-> POST /login  form _csrf  3 times\n",
        "POST /orders  header location /orders/{}\n", "-> GET /orders/{id}  cookie members.sid",
        "GET /orders/{id}  html meta csrf-token\n", "-> POST /api/keys  header x-csrf-token  3 times\n",
        "POST /api/keys  json $.key.value\n", "-> PATCH /api/orders/{id}  header authorization  3 times\n"}) {
    EXPECT_THAT(inspected.out, HasSubstr(line));
  }
  const auto document = boost::json::parse(stormproof({"inspect", capture().string(), "--links", "--json"}).out);
  EXPECT_EQ(document.at("schema").as_string(), "stormproof.links/1");
  EXPECT_EQ(document.at("sessions").as_int64(), members);
  EXPECT_EQ(document.at("counts").at("dependents").as_int64(), members * (Member::requests - 1));
}

}  // namespace
}  // namespace stormproof::e2e
