#include "reports/terminal.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/units.h"
#include "reports/escape.h"
#include "reports/headline.h"
#include "reports/traffic_stats.h"

namespace stormproof::reports {
namespace {

using verify::Verdict;

constexpr std::size_t verdict_width = 12;  // of INCONCLUSIVE

std::string painted(Verdict verdict, bool colour, std::size_t at_least = 0) {
  std::string word = fmt::format("{:<{}}", verify::to_string(verdict), at_least);
  if (!colour) return word;
  const std::string_view code = verdict == Verdict::holds ? "1;32" : verdict == Verdict::violated ? "1;31" : "1;33";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, word);
}

std::string or_none(std::optional<Nanoseconds> duration) {
  return duration ? base::format_duration(*duration) : "no answer";
}

std::string findings(const RunRecord& record, bool colour) {
  std::string out;
  for (const verify::Finding& finding : record.findings) {
    out += fmt::format("\n  {}  {} [{}]", painted(finding.verdict, colour, verdict_width),
                       one_line(finding.expectation), one_line(finding.phase));
    if (finding.line > 0) out += fmt::format("  {}:{}", one_line(record.scenario_file), finding.line);
    out += '\n';
    for (const verify::Check& check : finding.checks) {
      // The word again only where it is not the finding's own: a line of four checks shows which one broke.
      const bool says_more = check.verdict != finding.verdict;
      out += fmt::format("      {}{}\n", one_line(check.name), says_more ? ": " + painted(check.verdict, colour) : "");
      out += fmt::format("        expected  {}\n", one_line(check.expected));
      if (!check.measured.empty()) out += fmt::format("        measured  {}\n", one_line(check.measured));
      if (!check.missing.empty()) out += fmt::format("        missing   {}\n", one_line(check.missing));
      out += fmt::format("        samples   {}\n", grouped(check.samples));
    }
  }
  return out;
}

std::string faults(const TrafficStats& stats) {
  std::string out;
  for (const FaultStats& fault : stats.faults) {
    out += fmt::format("  faults    {}: {} on {}, fired {} {}{}\n", one_line(fault.rule.rule),
                       fault.rule.effect.empty() ? "a fault" : one_line(fault.rule.effect), one_line(fault.rule.on),
                       grouped(fault.fired), fault.fired == 1 ? "time" : "times",
                       fault.spared == 0 ? "" : fmt::format(", spared {}", grouped(fault.spared)));
    for (const auto& [why, count] : fault.without_effect)
      out += fmt::format("              {} {} without effect: {}\n", grouped(count), count == 1 ? "time" : "times",
                         one_line(why));
  }
  return out;
}

std::string traffic(const TrafficStats& stats) {
  const PartyStats* const sent = stats.candidate();
  if (sent == nullptr) return "  traffic   no request was sent\n";
  const auto& latency = sent->latency;
  std::string out = fmt::format(
      "  traffic   {} requests, {} failed; latency p50 {}, p90 {}, p99 {}, p99.9 {}, max {}\n", grouped(sent->requests),
      grouped(sent->failed), or_none(latency.quantile(0.5)), or_none(latency.quantile(0.9)),
      or_none(latency.quantile(0.99)), or_none(latency.quantile(0.999)), or_none(latency.max()));
  for (const PartyStats& dependency : stats.dependencies) {
    out += fmt::format("  calls     {}: {}, {} failed, {} under a fault\n", one_line(dependency.party),
                       grouped(dependency.requests), grouped(dependency.failed), grouped(dependency.faulted));
  }
  const base::Histogram& error = sent->schedule_error;
  out += fmt::format("  schedule  sent late by p50 {}, p99 {}, max {}", base::format_duration(error.quantile(0.5)),
                     base::format_duration(error.quantile(0.99)), base::format_duration(error.max()));
  if (stats.shed > 0) out += fmt::format("; {} could not be sent", grouped(stats.shed));
  if (stats.held_off > 0) out += fmt::format("; {} held off by the target", grouped(stats.held_off));
  return out + "\n";
}

}  // namespace

std::string render_terminal(const RunRecord& record, bool colour) {
  const Headline told = headline(record);
  const TrafficStats stats = traffic_stats(record);
  return fmt::format("{}  {}\n{}\n{}\n", painted(told.verdict, colour), one_line(record.scenario_name),
                     one_line(told.sentence), findings(record, colour)) +
         faults(stats) + traffic(stats) + fmt::format("  rerun     {}\n", rerun_command(record));
}

}  // namespace stormproof::reports
