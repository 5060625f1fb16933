#include "reports/markdown.h"

#include <fmt/format.h>

#include "harness/base/units.h"
#include "reports/escape.h"
#include "reports/headline.h"
#include "reports/traffic_stats.h"

namespace stormproof::reports {
namespace {

using verify::Check;
using verify::Finding;
using verify::Verdict;

std::string_view sign_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds: return "✅ HOLDS";
    case Verdict::violated: return "❌ VIOLATED";
    case Verdict::inconclusive: return "❔ INCONCLUSIVE";
  }
  return "❔ INCONCLUSIVE";
}

std::string cell(std::string_view words) { return escape_markdown(shortened(words, markdown_cell_bytes_max)); }

std::string or_dash(std::optional<Nanoseconds> duration) {
  return duration ? base::format_duration(*duration) : "no answer";
}

std::string row_of(const Finding& finding, const Check* check) {
  const std::string where = finding.line > 0 ? fmt::format(", line {}", finding.line) : "";
  if (check == nullptr) {
    return fmt::format("| {} | **{}** ({}{}) | | {} | |\n", sign_of(finding.verdict), cell(finding.expectation),
                       cell(finding.phase), where, cell(finding.summary));
  }
  std::string measured = cell(check->measured);
  if (!check->missing.empty())
    measured += fmt::format("{}_missing:_ {}", measured.empty() ? "" : "; ", cell(check->missing));
  return fmt::format("| {} | **{}** ({}{}): {} | {} | {} | {} |\n", sign_of(check->verdict), cell(finding.expectation),
                     cell(finding.phase), where, cell(check->name), cell(check->expected), measured,
                     grouped(check->samples));
}

std::string findings_table(const RunRecord& record) {
  if (record.findings.empty()) return "";
  std::string rows = "| Verdict | Expectation | Expected | Measured | Samples |\n|---|---|---|---|--:|\n";
  std::size_t left_out = 0;
  const auto add = [&](const Finding& finding, const Check* check) {
    const std::string row = row_of(finding, check);
    if (left_out == 0 && rows.size() + row.size() <= markdown_table_bytes_max) rows += row;
    else ++left_out;
  };
  for (const Finding& finding : record.findings) {
    if (finding.checks.empty()) add(finding, nullptr);
    for (const Check& check : finding.checks) add(finding, &check);
  }
  if (left_out > 0) rows += fmt::format("\n{} more rows are in the other reports.\n", left_out);
  return rows + "\n";
}

std::string faults_table(const TrafficStats& stats) {
  if (stats.faults.empty()) return "No faults were planned, and none fired.\n\n";
  std::string rows = "| Fault | On | Effect | Fired |\n|---|---|---|--:|\n";
  std::size_t left_out = 0;
  for (const FaultStats& fault : stats.faults) {
    const std::string row = fmt::format("| {} | {} | {} | {} |\n", cell(fault.rule.rule), cell(fault.rule.on),
                                        cell(fault.rule.effect), fault.fired == 0 ? "**0**" : grouped(fault.fired));
    if (left_out == 0 && rows.size() + row.size() <= markdown_table_bytes_max) rows += row;
    else ++left_out;
  }
  if (left_out > 0) rows += fmt::format("\n{} more rules are in the other reports.\n", left_out);
  return rows + "\n";
}

std::string traffic_lines(const TrafficStats& stats) {
  const PartyStats* const sent = stats.candidate();
  if (sent == nullptr) return "No request was sent.\n\n";
  const auto share = [](const PartyStats& party) {
    return party.requests == 0 ? ""
                               : fmt::format(" ({})", base::format_percent(static_cast<double>(party.failed) /
                                                                           static_cast<double>(party.requests)));
  };
  std::string lines = fmt::format(
      "**Traffic:** {} requests to {}, {} failed{}; latency p50 {}, p99 {}, max {}; sent late by p99 {}, at most {}.",
      grouped(sent->requests), cell(sent->party), grouped(sent->failed), share(*sent),
      or_dash(sent->latency.quantile(0.5)), or_dash(sent->latency.quantile(0.99)), or_dash(sent->latency.max()),
      base::format_duration(sent->schedule_error.quantile(0.99)), base::format_duration(sent->schedule_error.max()));
  if (stats.shed > 0) lines += fmt::format(" **{} could not be sent.**", grouped(stats.shed));
  if (stats.held_off > 0)
    lines += fmt::format(" **{} never left: the target held every connection.**", grouped(stats.held_off));
  lines += "\n\n";
  std::size_t count = 0;
  for (const PartyStats& dependency : stats.dependencies) {
    if (count++ == markdown_dependencies_max) {
      lines += fmt::format("{} more dependencies are in the other reports.\n\n",
                           stats.dependencies.size() - markdown_dependencies_max);
      break;
    }
    lines += fmt::format("**Calls to {}:** {}, {} failed{}, {} under a fault.\n\n", cell(dependency.party),
                         grouped(dependency.requests), grouped(dependency.failed), share(dependency),
                         grouped(dependency.faulted));
  }
  return lines;
}

std::string digests_line(const RunRecord& record) {
  std::string line;
  for (const auto& [what, digest] : record.digests)
    line += fmt::format("{}{} {}", line.empty() ? "" : " · ", cell(what), cell(digest));
  return line.empty() ? "" : fmt::format("**Inputs:** {}\n\n", line);
}

}  // namespace

std::string render_markdown(const RunRecord& record) {
  const Headline told = headline(record);
  const TrafficStats stats = traffic_stats(record);
  return fmt::format("## {}: {}\n\n{}\n\n", sign_of(told.verdict), cell(record.scenario_name),
                     escape_markdown(shortened(told.sentence, 1000))) +
         findings_table(record) + faults_table(stats) + traffic_lines(stats) + digests_line(record) +
         fmt::format("Run {} · {} · {} · stormproof {} · seed {}{}\n\n```\n{}\n```\n", cell(record.id),
                     base::format_time(record.started), base::format_duration(between(record.started, record.ended)),
                     cell(record.stormproof_version), record.seed,
                     record.owner.empty() ? "" : " · owner " + cell(record.owner),
                     shortened(rerun_command(record), 1000));
}

}  // namespace stormproof::reports
