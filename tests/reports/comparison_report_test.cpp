#include "reports/comparison_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace stormproof::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ComparisonReportTest : public testing::Test {
 protected:
  static replay::Answer answer(std::string body) {
    replay::Answer one;
    one.outcome = events::Outcome::answered;
    one.status = 200;
    one.head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    one.body_bytes = body.size();
    one.body = std::move(body);
    one.end = one.start + std::chrono::milliseconds(2);
    return one;
  }
  void compare(std::string_view baseline, std::string_view candidate, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const replay::Answer second = answer(std::string(baseline));
      comparison_.add({i + 1, 0, "GET", "/a/1"}, answer(std::string(baseline)), &second,
                      answer(std::string(candidate)));
    }
    replay::ScriptRequest request;
    request.id = 1;
    request.method = "GET";
    request.target = "/a/1";
    request.fields = "GET /a/1 HTTP/1.1\r\nHost: x\r\n";
    script_.add(request);
    if (!comparison_.differences().empty()) comparison_.differences().begin()->second.reproduction = {0};
    verdict_ = verify::judge(comparison_, gates_);
    report_ = {&comparison_, &verdict_,  &gates_, &script_, "a.traffic", "http://b",
               "http://s",   "http://c", 1,       0,        false};
  }
  replay::DifferenceRules rules_;
  replay::Comparison comparison_{rules_};
  replay::Script script_;
  verify::ComparisonGates gates_;
  verify::ComparisonVerdict verdict_;
  ComparisonReport report_;
};

TEST_F(ComparisonReportTest, TheVerdictComesFirstAndARealDifferenceShowsItself) {
  compare(R"({"price":12})", R"({"price":13})", 400);
  const std::string text = comparison_text(report_, false);
  EXPECT_TRUE(text.starts_with("VIOLATED")) << text;
  EXPECT_THAT(text, HasSubstr("GET /a/{id}  $.price  changed"));
  EXPECT_THAT(text, HasSubstr("in 400 of 400 requests, between the baselines in 0"));
  EXPECT_THAT(text, HasSubstr("curl -sS -i --path-as-is -g http://c/a/1 -H 'Host: x'"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(comparison_text(report_, true), HasSubstr("\x1b[1;31m"));
}

TEST_F(ComparisonReportTest, TheJsonHoldsAllOfIt) {
  compare(R"({"price":12})", R"({"price":13})", 400);
  const auto json = boost::json::parse(comparison_json(report_));
  EXPECT_EQ(json.at("schema").as_string(), "stormproof.compare/1");
  EXPECT_EQ(json.at("verdict").as_string(), "VIOLATED");
  EXPECT_EQ(json.at("requests").as_int64(), 400);
  const auto& difference = json.at("differences").at(0);
  EXPECT_EQ(difference.at("cause").as_string(), "real");
  EXPECT_EQ(difference.at("samples").at(0).at("candidate_body").as_string(), R"({"price":13})");
  EXPECT_THAT(std::string(difference.at("reproduction").at(0).at("baseline").as_string()), HasSubstr("http://b/a/1"));
}

TEST_F(ComparisonReportTest, HostileBytesStayText) {
  compare("[\"\\u001b[31m\"]", "[\"\xE2\x80\xAE\"]", 50);
  const std::string text = comparison_text(report_, false);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_NO_THROW(boost::json::parse(comparison_json(report_)));
}

TEST_F(ComparisonReportTest, NothingComparedIsNoPass) {
  verdict_ = verify::judge(comparison_, gates_);
  report_ = {&comparison_, &verdict_, &gates_, nullptr, "a", "b", "", "c", 1, 0, false};
  EXPECT_TRUE(comparison_text(report_, false).starts_with("INCONCLUSIVE"));
}

}  // namespace
}  // namespace stormproof::reports
