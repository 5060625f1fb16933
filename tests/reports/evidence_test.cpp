#include "reports/evidence.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using verify::Finding;

// The parts that evidence carries; the rest of a finding stands in columns.
Finding read_back(const Finding& finding) {
  Finding back = finding;
  back.checks.clear();
  back.timeline.clear();
  back.exchanges.clear();
  const auto read = read_evidence(evidence_of(finding), back);
  EXPECT_TRUE(read) << read.error().message;
  return back;
}

TEST(Evidence, GoesThereAndBack) {
  for (const auto& record : {sample_run(Sample::holds), sample_run(Sample::violated), hostile_run()}) {
    for (const Finding& finding : record.findings) EXPECT_TRUE(read_back(finding) == finding);
  }
}

TEST(Evidence, KeepsTheExtremes) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  Finding finding;
  finding.checks = {{.name = std::string("\0\xff", 2),
                     .verdict = verify::Verdict::holds,
                     .expected = "",
                     .measured = "",
                     .missing = "",
                     .samples = most}};
  finding.timeline = {{base::Time::min(), "first"}, {base::Time::max(), "last"}};
  finding.exchanges = {0, most};
  EXPECT_TRUE(read_back(finding) == finding);
}

TEST(Evidence, RefusesWhatItIsNot) {
  for (const std::string_view bad :
       {"", "null", "[]", "{}", "{\"checks\":1,\"timeline\":[],\"requests\":[]}",
        "{\"checks\":[{}],\"timeline\":[],\"requests\":[]}",
        "{\"checks\":[],\"timeline\":[{\"at_ns\":\"x\",\"what\":\"y\"}],\"requests\":[]}",
        "{\"checks\":[],\"timeline\":[],\"requests\":[-1]}", "{\"checks\":[],\"timeline\":[],\"requests\":[]"}) {
    Finding finding;
    EXPECT_FALSE(read_evidence(bad, finding)) << bad;
  }
  const std::string deep = std::string(100'000, '[');
  Finding finding;
  EXPECT_FALSE(read_evidence(deep, finding));
  EXPECT_FALSE(read_evidence(
      R"({"checks":[{"name":"","verdict":"MAYBE","expected":"","measured":"","missing":"","samples":1}],"timeline":[],"requests":[]})",
      finding));
}

TEST(Evidence, VerdictsHaveTheirWords) {
  EXPECT_EQ(verdict_of("HOLDS"), verify::Verdict::holds);
  EXPECT_EQ(verdict_of("VIOLATED"), verify::Verdict::violated);
  EXPECT_EQ(verdict_of("INCONCLUSIVE"), verify::Verdict::inconclusive);
  EXPECT_FALSE(verdict_of("holds"));
}

TEST(Values, GoThereAndBack) {
  const std::map<std::string, std::string> values = {{"", "empty"}, {"a\"b", std::string("\0\n\xff", 3)}, {"z", ""}};
  EXPECT_EQ(read_values(json_of(values)), values);
  EXPECT_EQ(json_of({}), "{}");
  EXPECT_FALSE(read_values("[1]"));
  EXPECT_FALSE(read_values("{\"a\":1}"));
  EXPECT_FALSE(read_values("{"));
}

}  // namespace
}  // namespace stormproof::reports
