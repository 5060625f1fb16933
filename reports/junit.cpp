#include "reports/junit.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "reports/escape.h"
#include "reports/headline.h"
#include "reports/traffic_stats.h"

namespace stormproof::reports {
namespace {

using verify::Finding;
using verify::Verdict;

enum class Result { passed, failed, error, skipped };

struct Case {
  std::string classname;
  std::string name;
  std::string file;
  int line = 0;
  double seconds = 0;
  Result result = Result::passed;
  std::string message;  // one line
  std::string body;
};

struct Suite {
  std::string name;
  std::string timestamp;
  double seconds = 0;
  std::vector<Case> cases;
  std::string out;

  long of(Result result) const { return std::ranges::count(cases, result, &Case::result); }
};

double seconds(Nanoseconds duration) { return std::max(0.0, std::chrono::duration<double>(duration).count()); }

// Reporters split class names at dots: one of the scenario's name would make a package of its own.
std::string undotted(std::string_view name) {
  std::string out = one_line(name);
  std::ranges::replace(out, '.', '_');
  return out.empty() ? "unnamed" : out;
}

std::string body_of(const Finding& finding) {
  std::string body = finding.summary;
  for (const verify::Check& check : finding.checks) {
    body += fmt::format("\n{}: {}\n  expected: {}\n  measured: {}\n  samples:  {}", check.name,
                        verify::to_string(check.verdict), check.expected, check.measured, check.samples);
    if (!check.missing.empty()) body += "\n  missing:  " + check.missing;
  }
  if (!finding.exchanges.empty())
    body += fmt::format("\nrequests that show it: {}", fmt::join(finding.exchanges, ", "));
  return body;
}

std::string message_of(const Finding& finding) {
  if (!finding.summary.empty()) return finding.summary;
  for (const verify::Check& check : finding.checks) {
    if (check.verdict == finding.verdict) return check.missing.empty() ? check.measured : check.missing;
  }
  return std::string(verify::to_string(finding.verdict));
}

Case case_of(const RunRecord& record, const Finding& finding, const std::vector<PhaseStats>& phases) {
  const auto phase = std::ranges::find(phases, finding.phase, &PhaseStats::name);
  const bool reached = phase != phases.end();
  Case one;
  one.classname = undotted(record.scenario_name) + "." + undotted(finding.phase);
  one.name = fmt::format("{} [{}]", finding.expectation, finding.phase);
  one.file = record.scenario_file;
  one.line = finding.line;
  one.seconds = reached ? seconds(between(phase->begin, phase->end)) : 0;
  one.message = message_of(finding);
  one.body = body_of(finding);
  switch (finding.verdict) {
    case Verdict::holds: one.result = Result::passed; break;
    case Verdict::violated: one.result = Result::failed; break;
    case Verdict::inconclusive: one.result = reached ? Result::error : Result::skipped; break;
  }
  return one;
}

Suite suite_of(const RunRecord& record) {
  Suite suite;
  suite.name = record.scenario_name.empty() ? "unnamed" : record.scenario_name;
  const auto started = std::chrono::floor<std::chrono::seconds>(record.started);
  suite.timestamp = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(started)));
  suite.seconds = seconds(between(record.started, record.ended));
  const std::vector<PhaseStats> phases = phases_of(record);
  for (const Finding& finding : record.findings) suite.cases.push_back(case_of(record, finding, phases));
  const Headline told = headline(record);
  if (suite.cases.empty()) {
    suite.cases.push_back({undotted(record.scenario_name) + ".run", "the run is judged", record.scenario_file, 0,
                           suite.seconds, Result::error, told.sentence, ""});
  }
  suite.out =
      fmt::format("run {}: {}. {}\nstormproof {}, seed {}\nrerun: {}", record.id, verify::to_string(told.verdict),
                  told.sentence, record.stormproof_version, record.seed, rerun_command(record));
  return suite;
}

// A second case of one name says which it is.
void make_unique(std::vector<Suite>& suites) {
  std::set<std::pair<std::string, std::string>> taken;
  for (Suite& suite : suites) {
    for (Case& one : suite.cases) {
      one.name = one_line(one.name);
      const std::string plain = one.name;
      for (int nth = 2; !taken.emplace(one.classname, one.name).second; ++nth)
        one.name = fmt::format("{} #{}", plain, nth);
    }
  }
}

std::string xml_of(const Case& one) {
  std::string out = fmt::format("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.3f}\"",
                                escape_xml(one.classname), escape_xml(one.name), escape_xml(one_line(one.file)),
                                one.line, one.seconds);
  const std::string message = escape_xml(one_line(one.message));
  const std::string body = escape_xml(one.body);
  switch (one.result) {
    case Result::passed: return out + fmt::format(">\n      <system-out>{}</system-out>\n    </testcase>\n", body);
    case Result::failed:
      out += fmt::format(">\n      <failure message=\"{}\" type=\"violated\">{}</failure>\n", message, body);
      break;
    case Result::error:
      out += fmt::format(">\n      <error message=\"{}\" type=\"inconclusive\">{}</error>\n", message, body);
      break;
    case Result::skipped: out += fmt::format(">\n      <skipped message=\"{}\"/>\n", message); break;
  }
  return out + "    </testcase>\n";
}

}  // namespace

std::string render_junit(std::span<const RunRecord> records) {
  std::vector<Suite> suites;
  for (const RunRecord& record : records) suites.push_back(suite_of(record));
  if (suites.empty()) {
    Suite none{.name = "stormproof", .timestamp = "1970-01-01T00:00:00", .cases = {}, .out = "no run took place"};
    none.cases.push_back({"stormproof.run", "a run took place", "", 0, 0, Result::error, "no run took place", ""});
    suites.push_back(std::move(none));
  }
  make_unique(suites);

  std::size_t tests = 0;
  long failures = 0, errors = 0, skipped = 0;
  double time = 0;
  std::string body;
  for (const Suite& suite : suites) {
    tests += suite.cases.size();
    failures += suite.of(Result::failed);
    errors += suite.of(Result::error);
    skipped += suite.of(Result::skipped);
    time += suite.seconds;
    body += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\" "
        "timestamp=\"{}\">\n",
        escape_xml(one_line(suite.name)), suite.cases.size(), suite.of(Result::failed), suite.of(Result::error),
        suite.of(Result::skipped), suite.seconds, suite.timestamp);
    for (const Case& one : suite.cases) body += xml_of(one);
    body += fmt::format("    <system-out>{}</system-out>\n  </testsuite>\n", escape_xml(suite.out));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stormproof\" tests=\"{}\" failures=\"{}\" "
      "errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n{}</testsuites>\n",
      tests, failures, errors, skipped, time, body);
}

}  // namespace stormproof::reports
