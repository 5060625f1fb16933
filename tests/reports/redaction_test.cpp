#include "reports/redaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/events/log.h"
#include "reports/html.h"
#include "reports/json.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/terminal.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

// In every place that a text can have.
RunRecord telling(const std::string& secret) {
  RunRecord record = sample_run(Sample::violated);
  for (std::string* text :
       {&record.scenario_file, &record.scenario_text, &record.scenario_name, &record.owner, &record.ended_because}) {
    *text += " " + secret;
  }
  record.variables["SHOP"] = secret;
  record.digests[secret] = secret;
  for (PlannedFault& fault : record.planned_faults) fault.rule = fault.phase = fault.on = fault.effect = secret;
  for (verify::Finding& finding : record.findings) {
    finding.expectation = finding.phase = finding.summary = secret;
    for (verify::Check& check : finding.checks)
      check.name = check.expected = check.measured = check.missing = "of " + secret;
    finding.timeline.push_back({record.started, secret});
  }
  record.log.exchanges.front().route = record.log.names.id_of("GET /charge/" + secret);
  record.log.exchanges.front().party = record.log.names.id_of(secret);
  record.log.mark(record.started, events::MarkKind::note, secret);
  record.log.faults.push_back({.at = record.started, .rule = record.log.names.id_of(secret), .party = 0});
  return record;
}

TEST(Redaction, NoReportAndNoStoreShowsASecret) {
  const std::string secret = "hunter2";
  RunRecord record = telling(secret);
  EXPECT_THAT(render_html(record), HasSubstr(secret));
  hide_secrets(record, base::Secrets({secret}));
  for (const std::string& text :
       {render_html(record), render_json(record), render_markdown(record), render_junit({&record, 1}),
        render_terminal(record, false), record.scenario_text, record.variables.at("SHOP")}) {
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
  for (events::NameId id = 0; id < record.log.names.size(); ++id)
    EXPECT_THAT(std::string(record.log.names.name_of(id)), Not(HasSubstr(secret)));
  EXPECT_THAT(render_html(record), HasSubstr("(secret)"));
}

TEST(Redaction, WhatHoldsNoSecretStaysAsItIs) {
  const RunRecord before = sample_run(Sample::violated);
  RunRecord record = sample_run(Sample::violated);
  hide_secrets(record, base::Secrets({"hunter2"}));
  EXPECT_EQ(render_json(record), render_json(before));
  EXPECT_EQ(events::encode(record.log), events::encode(before.log));
  RunRecord twice = telling("hunter2");
  hide_secrets(twice, base::Secrets({"hunter2"}));
  const std::string once = render_json(twice);
  hide_secrets(twice, base::Secrets({"hunter2"}));
  EXPECT_EQ(render_json(twice), once);
}

}  // namespace
}  // namespace stormproof::reports
