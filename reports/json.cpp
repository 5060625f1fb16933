#include "reports/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <optional>

#include "harness/base/digest.h"
#include "harness/base/units.h"
#include "reports/escape.h"
#include "reports/headline.h"
#include "reports/traffic_stats.h"

namespace stormproof::reports {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::size_t indent_step = 2;

value text(std::string_view words) { return value(clean(words)); }
value text(verify::Verdict verdict) { return text(verify::to_string(verdict)); }

// Milliseconds, and seconds since the start of the run, to the microsecond.
value milliseconds(Nanoseconds duration) {
  return static_cast<double>(std::llround(static_cast<double>(duration.count()) / 1e3)) / 1e3;
}
value milliseconds(std::optional<Nanoseconds> duration) { return duration ? milliseconds(*duration) : value(); }
value seconds_after(Time start, Time at) {
  return static_cast<double>(std::llround(static_cast<double>(between(start, at).count()) / 1e3)) / 1e6;
}
value seconds_after(Time start, std::optional<Time> at) { return at ? seconds_after(start, *at) : value(); }

value share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return nullptr;
  return static_cast<double>(std::llround(1e6 * static_cast<double>(part) / static_cast<double>(whole))) / 1e6;
}

object latency(const Latencies& latencies) {
  return {{"answered", latencies.answered()},
          {"unanswered", latencies.unanswered()},
          {"p50_ms", milliseconds(latencies.quantile(0.5))},
          {"p90_ms", milliseconds(latencies.quantile(0.9))},
          {"p99_ms", milliseconds(latencies.quantile(0.99))},
          {"p999_ms", milliseconds(latencies.quantile(0.999))},
          {"max_ms", milliseconds(latencies.max())}};
}

value estimate(const verify::Check& check) {
  if (!check.estimate) return nullptr;
  return object{{"of", check.estimate->of}, {"low", check.estimate->low}, {"high", check.estimate->high}};
}

object finding(const verify::Finding& found, Time start) {
  array checks;
  for (const verify::Check& check : found.checks) {
    checks.push_back(object{{"name", text(check.name)},
                            {"verdict", text(check.verdict)},
                            {"expected", text(check.expected)},
                            {"measured", text(check.measured)},
                            {"missing", text(check.missing)},
                            {"samples", check.samples},
                            {"estimate", estimate(check)}});
  }
  array instants;
  for (const verify::Instant& instant : found.timeline) {
    instants.push_back(object{{"at_s", seconds_after(start, instant.at)}, {"what", text(instant.what)}});
  }
  return {{"expectation", text(found.expectation)},
          {"phase", text(found.phase)},
          {"line", found.line},
          {"verdict", text(found.verdict)},
          {"summary", text(found.summary)},
          {"checks", std::move(checks)},
          {"timeline", std::move(instants)},
          {"requests", array(found.exchanges.begin(), found.exchanges.end())}};
}

object phase(const PhaseStats& stats, Time start) {
  return {{"name", text(stats.name)},
          {"begin_s", seconds_after(start, stats.begin)},
          {"end_s", seconds_after(start, stats.end)},
          {"faults_on_s", seconds_after(start, stats.faults_on)},
          {"faults_off_s", seconds_after(start, stats.faults_off)},
          {"requests", stats.requests},
          {"failed", stats.failed},
          {"failed_share", share(stats.failed, stats.requests)},
          {"latency", latency(stats.latency)}};
}

object fault(const FaultStats& stats) {
  const PlannedFault& rule = stats.rule;
  const bool planned = !rule.phase.empty();
  object effects, without_effect;
  for (const auto& [effect, count] : stats.effects) effects[events::to_string(effect)] = count;
  for (const auto& [why, count] : stats.without_effect) without_effect[why] = count;
  const auto ms = [&](double q) {
    return std::chrono::duration<double, std::milli>(stats.delayed.quantile(q)).count();
  };
  const object delays = {{"p50", ms(0.5)}, {"p99", ms(0.99)}, {"max", ms(1)}};
  return {{"rule", text(rule.rule)},
          {"phase", text(rule.phase)},
          {"on", text(rule.on)},
          {"effect", text(rule.effect)},
          {"share", planned ? value(static_cast<double>(std::llround(rule.share * 1e6)) / 1e6) : value()},
          {"planned", planned},
          {"fired", stats.fired},
          {"spared", stats.spared},
          {"effects", std::move(effects)},
          {"without_effect", std::move(without_effect)},
          {"delayed_ms", delays},
          {"sent_bytes", stats.sent_bytes},
          {"cut_bytes", stats.cut_bytes}};
}

object party(const PartyStats& stats, bool is_target) {
  object statuses;
  for (const auto& [status, count] : stats.statuses) statuses[fmt::format("{}", status)] = count;
  object causes;
  for (const auto& [outcome, count] : stats.without_answer) causes[events::to_string(outcome)] = count;
  object out = {{"name", text(stats.party)},
                {"requests", stats.requests},
                {"failed", stats.failed},
                {"failed_share", share(stats.failed, stats.requests)},
                {"faulted", stats.faulted},
                {"statuses", std::move(statuses)},
                {"without_answer", std::move(causes)},
                {"latency", latency(stats.latency)}};
  if (is_target) {
    const base::Histogram& error = stats.schedule_error;
    const auto of = [&error](Nanoseconds at) { return error.count() == 0 ? value() : milliseconds(at); };
    out["shed"] = stats.shed;
    out["held_off"] = stats.held_off;
    out["schedule_error"] =
        object{{"p50_ms", of(error.quantile(0.5))}, {"p99_ms", of(error.quantile(0.99))}, {"max_ms", of(error.max())}};
  }
  return out;
}

// Pretty: Boost.JSON 1.81 writes neither indentation nor plain decimals ("1.5E-1").
void write(const value& node, std::size_t indent, std::string& out);

template <typename Items, typename Write>
void write_block(char open, char close, const Items& items, std::size_t indent, std::string& out, Write write_item) {
  out += open;
  bool first = true;
  for (const auto& item : items) {
    out += first ? "\n" : ",\n";
    first = false;
    out.append(indent + indent_step, ' ');
    write_item(item);
  }
  if (!first) out.append("\n").append(indent, ' ');
  out += close;
}

void write_array(const array& items, std::size_t indent, std::string& out) {
  if (std::ranges::any_of(items, &value::is_structured)) {
    write_block('[', ']', items, indent, out, [&](const value& item) { write(item, indent + indent_step, out); });
    return;
  }
  out += '[';
  for (const value& item : items) {
    if (&item != &items.front()) out += ", ";
    write(item, indent, out);
  }
  out += ']';
}

void write(const value& node, std::size_t indent, std::string& out) {
  if (const object* fields = node.if_object()) {
    write_block('{', '}', *fields, indent, out, [&](const auto& field) {
      out += boost::json::serialize(field.key()) + ": ";
      write(field.value(), indent + indent_step, out);
    });
  } else if (const array* items = node.if_array()) {
    write_array(*items, indent, out);
  } else if (const double* number = node.if_double()) {
    out += std::isfinite(*number) ? fmt::format("{}", *number) : "null";
  } else {
    out += boost::json::serialize(node);
  }
}

}  // namespace

std::string render_json(const RunRecord& record) {
  const Headline told = headline(record);
  const TrafficStats stats = traffic_stats(record);
  object digests;
  digests["scenario"] = base::digest_of(record.scenario_text);
  for (const auto& [what, digest] : record.digests) digests[clean(what)] = text(digest);
  array phases, findings, faults, targets, dependencies;
  for (const PhaseStats& each : stats.phases) phases.push_back(phase(each, record.started));
  for (const verify::Finding& each : record.findings) findings.push_back(finding(each, record.started));
  for (const FaultStats& each : stats.faults) faults.push_back(fault(each));
  for (const PartyStats& each : stats.targets) targets.push_back(party(each, true));
  for (const PartyStats& each : stats.dependencies) dependencies.push_back(party(each, false));

  const object document = {
      {"schema", "stormproof.run/1"},
      {"run", text(record.id)},
      {"verdict", text(told.verdict)},
      {"summary", text(told.sentence)},
      {"expectations", {{"holds", told.holds}, {"violated", told.violated}, {"inconclusive", told.inconclusive}}},
      {"scenario",
       {{"name", text(record.scenario_name)}, {"owner", text(record.owner)}, {"file", text(record.scenario_file)}}},
      {"seed", fmt::format("{}", record.seed)},
      {"versions", {{"stormproof", text(record.stormproof_version)}}},
      {"digests", std::move(digests)},
      {"started", base::format_time(record.started)},
      {"ended", base::format_time(record.ended)},
      {"duration_s", seconds_after(record.started, record.ended)},
      {"ended_because", text(record.ended_because)},
      {"complete", is_complete(record)},
      {"rerun", text(rerun_command(record))},
      {"phases", std::move(phases)},
      {"findings", std::move(findings)},
      {"faults", std::move(faults)},
      {"traffic", {{"targets", std::move(targets)}, {"dependencies", std::move(dependencies)}}}};
  std::string out;
  write(document, 0, out);
  return out + "\n";
}

}  // namespace stormproof::reports
