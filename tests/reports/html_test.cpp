#include "reports/html.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/golden.h"
#include "tests/reports/markup.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(Html, IsWellFormed) {
  for (const Sample sample : {Sample::holds, Sample::violated, Sample::starved}) {
    const std::string page = render_html(sample_run(sample));
    EXPECT_EQ(trouble_with(page), "");
    EXPECT_THAT(page, Not(HasSubstr("{{"))) << "every tag of the template is filled";
  }
  keep_for_looking("holds.html", render_html(sample_run(Sample::holds)));
  keep_for_looking("violated.html", render_html(sample_run(Sample::violated)));
  keep_for_looking("starved.html", render_html(sample_run(Sample::starved)));
  keep_for_looking("hostile.html", render_html(hostile_run()));
}

TEST(Html, LoadsNothingAndRunsNothing) {
  const std::string page = render_html(sample_run(Sample::violated));
  for (const char* forbidden : {"<script", "<link", "<img", "<iframe", "<object", "<embed", "@import", "url(",
                                "src=", "data:", "style=\"", "onclick", "javascript:"}) {
    EXPECT_THAT(page, Not(HasSubstr(forbidden))) << forbidden;
  }
  // Links lead into the page alone; the name of SVG's language is not fetched by anyone.
  EXPECT_EQ(count(page, "href=\""), count(page, "href=\"#"));
  const std::string without_names = [&page] {
    std::string text = page;
    const std::string name = "xmlns=\"http://www.w3.org/2000/svg\"";
    for (std::size_t at = text.find(name); at != text.npos; at = text.find(name)) text.erase(at, name.size());
    return text;
  }();
  const std::size_t source = without_names.find("<h2>Scenario</h2>");
  EXPECT_THAT(without_names.substr(0, source), Not(HasSubstr("http"))) << "addresses stand only in the scenario's text";
}

TEST(Html, TellsTheVerdictFirst) {
  const std::string page = render_html(sample_run(Sample::violated));
  EXPECT_THAT(page, HasSubstr("<title>VIOLATED: checkout survives a payments outage – stormproof</title>"));
  const auto verdict = page.find("</svg> VIOLATED</h1>");
  const auto why = page.find("The breaker never opened: 2,000 calls reached payments");
  const auto chart = page.find("class=\"timeline\"");
  const auto table = page.find("What was expected, what was measured");
  ASSERT_NE(table, std::string::npos);
  EXPECT_LT(verdict, why);
  EXPECT_LT(why, chart);
  EXPECT_LT(chart, table);
}

TEST(Html, ShowsEachCheckAndLinksItsLine) {
  const RunRecord record = sample_run(Sample::violated);
  const std::string page = render_html(record);
  EXPECT_EQ(count(page, "<tr class=\"check\">"), 8U);
  EXPECT_THAT(page, HasSubstr("Missing: it never opened, so there is no probe to measure"));
  for (const verify::Finding& finding : record.findings) {
    EXPECT_THAT(page, HasSubstr(fmt::format("href=\"#line-{}\"", finding.line)));
    EXPECT_THAT(page, HasSubstr(fmt::format("id=\"line-{}\"", finding.line)));
  }
  EXPECT_THAT(page, HasSubstr("stormproof run scenarios/checkout.yaml --seed 11400714819323198485"));
  EXPECT_THAT(page, HasSubstr("→ status 503 after 4"));
}

TEST(Html, SaysWhichRuleNeverFired) {
  RunRecord record = sample_run(Sample::holds);
  record.log.faults.clear();
  EXPECT_THAT(render_html(record), HasSubstr("<td class=\"number never\" align=\"right\">never</td>"));
}

TEST(Html, AnEmptyRecordIsAPageAndNoPass) {
  const std::string page = render_html({});
  EXPECT_EQ(trouble_with(page), "");
  EXPECT_THAT(page, HasSubstr("No data is never a pass."));
  EXPECT_THAT(page, HasSubstr("INCONCLUSIVE</h1>"));
  EXPECT_THAT(page, Not(HasSubstr("{{")));
}

TEST(Html, HostileStringsComeOutEscaped) {
  const std::string page = render_html(hostile_run());
  EXPECT_EQ(trouble_with(page), "");
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("{{sentence}}")) << "braces of the record are text, not template";
}

// A finding that points at a request which the log does not hold.
TEST(Html, StandsRequestsThatAreNotThere) {
  RunRecord record = sample_run(Sample::violated);
  record.findings[2].exchanges = {999'999'999};
  EXPECT_THAT(render_html(record), HasSubstr("<li>request 999999999</li>"));
}

}  // namespace
}  // namespace stormproof::reports
