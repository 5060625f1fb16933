#include "tests/subjects/members/members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/subjects/opossum/opossum.h"
#include "tests/support/http.h"

namespace stormproof::subjects {
namespace {

class MembersSubject : public testing::Test {
 protected:
  void SetUp() override {
    const auto reason = Members::missing();
    if (reason && Opossum::skip_is_failure()) FAIL() << *reason;
    if (reason) GTEST_SKIP() << *reason;
    auto members = Members::start();
    ASSERT_TRUE(members.has_value()) << members.error().to_string();
    members_.emplace(std::move(*members));
  }

  // The cookie of an answer, as it is sent back.
  static std::string cookie_of(const support::Answer& answer) {
    const std::string set = answer.header("set-cookie");
    return "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  }
  support::Answer post(const std::string& target, const std::string& cookie, const std::string& body) const {
    const std::string headers =
        cookie + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n";
    return support::http(members_->port(), target, {.method = "POST", .headers = headers, .body = body}).value();
  }
  static std::string token_in(const std::string& page) {
    std::smatch found;
    if (!std::regex_search(page, found, std::regex("name=\"_csrf\" value=\"([^\"]*)\""))) return "";
    std::string token = found[1];
    token = std::regex_replace(token, std::regex("&#43;"), "%2B");
    return std::regex_replace(token, std::regex("&#x3D;"), "%3D");
  }
  std::optional<Members> members_;
};

TEST_F(MembersSubject, AFormIsGoodOnceAndTheCookieIsAnotherOneAfterIt) {
  const auto login = support::http(members_->port(), "/login").value();
  EXPECT_EQ(login.status, 200);
  const std::string cookie = cookie_of(login);
  const std::string body = "member=ann&_csrf=" + token_in(login.body);
  const auto in = post("/login", cookie, body);
  EXPECT_EQ(in.status, 303) << in.body;
  EXPECT_EQ(in.header("location"), "/orders");
  const std::string renewed = cookie_of(in);
  EXPECT_NE(renewed, cookie);
  EXPECT_EQ(support::http(members_->port(), "/orders", {.headers = renewed}).value().status, 200);
  EXPECT_EQ(support::http(members_->port(), "/orders", {.headers = cookie}).value().status, 403);
  EXPECT_EQ(post("/login", cookie, body).status, 403);
  EXPECT_EQ(post("/login", "", "member=ann").status, 403);
}

TEST_F(MembersSubject, NobodyIsLetInWithoutWhatHeWasGiven) {
  EXPECT_EQ(support::http(members_->port(), "/orders").value().status, 403);
  EXPECT_EQ(support::http(members_->port(), "/api/orders/1", {.headers = "Authorization: Bearer x\r\n"}).value().status,
            403);
  EXPECT_EQ(support::http(members_->port(), "/healthz").value().status, 200);
}

}  // namespace
}  // namespace stormproof::subjects
