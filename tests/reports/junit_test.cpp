#include "reports/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "tests/reports/golden.h"
#include "tests/reports/markup.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using verify::Verdict;

std::string one(const RunRecord& record) { return render_junit({&record, 1}); }

std::vector<std::string> names_of(const std::string& xml) {
  static const std::regex pattern("<testcase (classname=\"[^\"]*\" name=\"[^\"]*\")");
  std::vector<std::string> names;
  for (std::sregex_iterator at(xml.begin(), xml.end(), pattern), end; at != end; ++at) names.push_back((*at)[1]);
  return names;
}

TEST(Junit, IsAsItEverWas) {
  std::vector<RunRecord> records;
  for (const Sample sample : {Sample::holds, Sample::violated, Sample::starved}) records.push_back(sample_run(sample));
  const std::string xml = render_junit(records);
  EXPECT_EQ(trouble_with(xml), "");
  expect_golden("runs.junit.xml", xml);
}

TEST(Junit, TellsViolatedFromNotMeasurableFromNotReached) {
  RunRecord record = sample_run(Sample::violated);
  verify::Finding later = record.findings[0];
  later.phase = "a phase that never came";
  later.verdict = Verdict::inconclusive;
  record.findings.push_back(later);
  const std::string xml = one(record);
  EXPECT_EQ(trouble_with(xml), "");
  EXPECT_THAT(xml, HasSubstr("<testsuites name=\"stormproof\" tests=\"7\" failures=\"2\" errors=\"1\" skipped=\"1\""));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"The breaker never opened"));
  EXPECT_THAT(xml, HasSubstr("<error message=\"No verdict on closing"));
  EXPECT_THAT(xml, HasSubstr("<skipped message="));
}

TEST(Junit, NamesAreUniqueInTheWholeDocument) {
  RunRecord record = sample_run(Sample::holds);
  record.findings.push_back(record.findings[0]);
  record.findings.push_back(record.findings[0]);
  std::vector<RunRecord> records;
  records.push_back(sample_run(Sample::holds));
  records.push_back(std::move(record));
  const auto names = names_of(render_junit(records));
  EXPECT_EQ(names.size(), 14U);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

// Made unique before they are cleaned, these two would meet.
TEST(Junit, NamesStayUniqueWhenTheyAreCleaned) {
  RunRecord record = sample_run(Sample::holds);
  record.findings.resize(2);
  record.findings[0].expectation = "a\x01";
  record.findings[1].expectation = "a\x02";
  const auto names = names_of(one(record));
  ASSERT_EQ(names.size(), 2U);
  EXPECT_NE(names[0], names[1]);
}

TEST(Junit, IsNeverEmpty) {
  EXPECT_THAT(render_junit({}), HasSubstr("tests=\"1\" failures=\"0\" errors=\"1\""));
  EXPECT_EQ(trouble_with(render_junit({})), "");
  RunRecord record = sample_run(Sample::holds);
  record.findings.clear();
  const std::string xml = one(record);
  EXPECT_THAT(xml, HasSubstr("tests=\"1\" failures=\"0\" errors=\"1\""));
  EXPECT_EQ(names_of(xml).size(), 1U);
}

TEST(Junit, AScenarioWithDotsIsOneGroup) {
  RunRecord record = sample_run(Sample::holds);
  record.scenario_name = "shop v1.2.3";
  EXPECT_THAT(one(record), HasSubstr("classname=\"shop v1_2_3.steady state\""));
  record.scenario_name = "";
  EXPECT_THAT(one(record), HasSubstr("classname=\"unnamed.steady state\""));
}

TEST(Junit, EscapesHostileStrings) {
  const std::string xml = one(hostile_run());
  EXPECT_EQ(trouble_with(xml), "");
  EXPECT_THAT(xml, Not(HasSubstr("<script")));
  EXPECT_THAT(xml, Not(HasSubstr("]]>")));
}

}  // namespace
}  // namespace stormproof::reports
