#include "reports/comparison_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include "harness/base/units.h"
#include "harness/base/utf8.h"
#include "replay/replay_stats.h"
#include "reports/curl_line.h"
#include "reports/escape.h"

namespace stormproof::reports {
namespace {

namespace json = boost::json;
using verify::Cause;
using verify::JudgedDifference;
using verify::Verdict;

constexpr std::size_t verdict_width = 12;
constexpr std::size_t shown_bytes_max = 100;
constexpr std::size_t noise_in_text_max = 5;
constexpr std::size_t routes_in_text_max = 5;

std::string painted(Verdict verdict, bool colour) {
  std::string word = fmt::format("{:<{}}", verify::to_string(verdict), verdict_width);
  if (!colour) return word;
  const std::string_view code = verdict == Verdict::holds ? "1;32" : verdict == Verdict::violated ? "1;31" : "1;33";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, word);
}

std::string plural(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", grouped(count), one, count == 1 ? "" : "s");
}

// ---- text ------------------------------------------------------------------------------------------------------------

std::string head_lines(const ComparisonReport& report, bool colour) {
  std::string out = fmt::format("{}  candidate {} against {}, {} of {}\n", painted(report.verdict->verdict, colour),
                                one_line(report.candidate), one_line(report.baseline),
                                plural(report.comparison->requests(), "request"), one_line(report.capture));
  if (report.second.empty()) out += "              no second baseline: differences cannot be told from noise\n";
  else out += fmt::format("              noise from {}\n", one_line(report.second));
  if (report.interrupted) out += "              interrupted: not all requests were sent\n";
  if (report.script != nullptr && report.script->writes_refused > 0) {
    out += fmt::format("              {} not sent: they write; --allow-writes sends them\n",
                       plural(report.script->writes_refused, "request"));
  }
  if (report.script != nullptr && report.script->not_replayable > 0) {
    out += fmt::format("              {} not sent: cut short in the capture, or upgrades\n",
                       plural(report.script->not_replayable, "request"));
  }
  if (report.links != nullptr && report.links->dependents > 0) {
    out += fmt::format("              {} sent values that each target gave itself",
                       plural(report.links->dependents, "request"));
    if (report.links->incomplete > 0)
      out += fmt::format("; {} recorded ones, for want of a live value", grouped(report.links->incomplete));
    out += '\n';
  }
  if (report.without_partner > 0) {
    out +=
        fmt::format("              {} without a partner in the capture\n", plural(report.without_partner, "exchange"));
  }
  return out + "\n";
}

std::string gate_lines(const ComparisonReport& report, bool colour) {
  std::string out;
  for (const verify::Gate& gate : report.verdict->gates) {
    out += fmt::format("  {}  {:<12} {}   (wanted: {})\n", painted(gate.verdict, colour), gate.name,
                       one_line(gate.measured), one_line(gate.expected));
    if (gate.missing.empty()) continue;
    out += fmt::format("                  {}", one_line(gate.missing));
    if (gate.requests_needed)
      out += fmt::format("; about {} would do (--loop repeats the capture)", plural(*gate.requests_needed, "request"));
    out += '\n';
  }
  return out;
}

std::string value_shown(std::string_view value, bool there) {
  return there ? shortened(one_line(value), shown_bytes_max) : "(nothing)";
}

void add_sample(std::string& out, const ComparisonReport& report, const JudgedDifference& judged) {
  if (judged.counts->samples.empty()) return;
  const replay::DifferenceSample& sample = judged.counts->samples.front();
  const replay::Difference& difference = sample.difference;
  out += fmt::format("      baseline   {}\n",
                     value_shown(difference.baseline, difference.change != replay::Change::added));
  out += fmt::format("      candidate  {}\n",
                     value_shown(difference.candidate, difference.change != replay::Change::missing));
  out +=
      fmt::format("      seen at    {} in request {}, {} {}\n", shortened(one_line(difference.where), shown_bytes_max),
                  sample.request, one_line(sample.method), shortened(one_line(sample.target), shown_bytes_max));
  if (report.script == nullptr) return;
  const bool shown = !judged.counts->reproduction.empty();
  const auto places = shown ? judged.counts->reproduction : std::vector<std::size_t>{sample.place};
  out += fmt::format("      {}\n", !shown               ? "it did not show when sent again by itself; the request:"
                                   : places.size() == 1 ? "shows again with:"
                                                        : "shows again with these, in this order:");
  for (const std::size_t place : places) {
    const replay::ScriptRequest& request = report.script->requests[place];
    out += fmt::format("        {}\n", curl_line(request.fields, request.body, report.candidate));
  }
}

std::string repeats_text(const replay::Repeats& repeats) {
  if (repeats.sent == 0) return "";
  return fmt::format("; sent again {} times: {} differ", repeats.sent, repeats.candidate_only);
}

void add_differences(std::string& out, const ComparisonReport& report, Cause cause, std::string_view title) {
  std::size_t shown = 0;
  for (const JudgedDifference& judged : report.verdict->differences) {
    if (judged.cause != cause) continue;
    if (shown++ == 0) out += fmt::format("\n{}\n", title);
    if (shown > differences_in_text_max) continue;
    const replay::DifferenceCounts& counts = *judged.counts;
    out += fmt::format("\n  {}  {}  {}\n", one_line(judged.key.route), one_line(judged.key.path),
                       replay::to_string(judged.key.change));
    out += fmt::format("      in {} of {}", grouped(counts.candidate()), plural(judged.requests, "request"));
    if (report.comparison->has_second()) out += fmt::format(", between the baselines in {}", grouped(counts.noise()));
    out += repeats_text(counts.repeats);
    if (judged.requests_needed)
      out += fmt::format("; {} of this route would tell", plural(*judged.requests_needed, "request"));
    out += '\n';
    add_sample(out, report, judged);
  }
  if (shown > differences_in_text_max)
    out += fmt::format("\n  … and {} more (--json has them)\n", shown - differences_in_text_max);
}

std::string noise_lines(const ComparisonReport& report) {
  std::string out;
  std::size_t shown = 0;
  for (const JudgedDifference& judged : report.verdict->differences) {
    if (judged.cause != Cause::noise || ++shown > noise_in_text_max) continue;
    out += fmt::format("  {}  {}  {}: candidate {}, second baseline {} of {}\n", one_line(judged.key.route),
                       one_line(judged.key.path), replay::to_string(judged.key.change),
                       grouped(judged.counts->candidate()), grouped(judged.counts->noise()), grouped(judged.requests));
  }
  if (shown > noise_in_text_max) out += fmt::format("  … and {} more\n", shown - noise_in_text_max);
  return out.empty() ? out : "\nNoise, as far as can be told\n" + out;
}

std::string route_lines(const ComparisonReport& report) {
  std::string out;
  std::size_t shown = 0;
  for (const verify::RouteLatency& route : report.verdict->routes) {
    if (!route.stands_out || ++shown > routes_in_text_max) continue;
    out += fmt::format("  {}  {:+.1f} % ({:+.1f} % to {:+.1f} %), {}\n", one_line(route.route), route.ratio * 100,
                       route.lower * 100, route.upper * 100, plural(route.samples, "request"));
  }
  return out.empty() ? out : "\nSlower routes\n" + out;
}

// ---- JSON ------------------------------------------------------------------------------------------------------------

json::value optional(const std::optional<double>& value) { return value ? json::value(*value) : json::value(); }
json::value optional(const std::optional<std::uint64_t>& value) { return value ? json::value(*value) : json::value(); }
json::string text(std::string_view bytes) { return json::string(base::as_utf8(bytes)); }

json::object gate_json(const verify::Gate& gate) {
  return {{"gate", gate.name},
          {"verdict", json::string(verify::to_string(gate.verdict))},
          {"expected", gate.expected},
          {"measured", gate.measured},
          {"missing", gate.missing},
          {"samples", gate.samples},
          {"requests_needed", optional(gate.requests_needed)},
          {"estimate", optional(gate.estimate)},
          {"lower", optional(gate.lower)},
          {"upper", optional(gate.upper)},
          {"p", gate.p}};
}

json::object sample_json(const replay::DifferenceSample& sample) {
  return {{"request", sample.request},
          {"method", text(sample.method)},
          {"target", text(sample.target)},
          {"where", text(sample.difference.where)},
          {"baseline", text(sample.difference.baseline)},
          {"candidate", text(sample.difference.candidate)},
          {"baseline_head", text(sample.baseline_head)},
          {"baseline_body", text(sample.baseline_body)},
          {"candidate_head", text(sample.candidate_head)},
          {"candidate_body", text(sample.candidate_body)}};
}

json::array reproduction_json(const ComparisonReport& report, const JudgedDifference& judged) {
  json::array lines;
  if (report.script == nullptr) return lines;
  for (const std::size_t place : judged.counts->reproduction) {
    const replay::ScriptRequest& request = report.script->requests[place];
    lines.push_back({{"request", request.id},
                     {"baseline", text(curl_line(request.fields, request.body, report.baseline))},
                     {"candidate", text(curl_line(request.fields, request.body, report.candidate))}});
  }
  return lines;
}

json::object difference_json(const ComparisonReport& report, const JudgedDifference& judged) {
  const replay::DifferenceCounts& counts = *judged.counts;
  json::array samples;
  for (const auto& sample : counts.samples) samples.push_back(sample_json(sample));
  return {{"route", text(judged.key.route)},
          {"path", text(judged.key.path)},
          {"change", json::string(replay::to_string(judged.key.change))},
          {"cause", json::string(verify::to_string(judged.cause))},
          {"requests", judged.requests},
          {"candidate", counts.candidate()},
          {"candidate_only", counts.candidate_only},
          {"noise", counts.noise()},
          {"noise_only", counts.noise_only},
          {"p", judged.p},
          {"requests_needed", optional(judged.requests_needed)},
          {"repeats",
           {{"sent", counts.repeats.sent},
            {"candidate_only", counts.repeats.candidate_only},
            {"noise_only", counts.repeats.noise_only}}},
          {"samples", std::move(samples)},
          {"reproduction", reproduction_json(report, judged)}};
}

json::object statuses_json(const std::map<int, std::uint64_t>& statuses) {
  json::object counts;
  for (const auto& [status, count] : statuses) counts[status == 0 ? "none" : std::to_string(status)] = count;
  return counts;
}

json::value timing_json(const ComparisonReport& report) {
  if (report.timing == nullptr) return {};
  const replay::PairingTiming& timing = *report.timing;
  return json::object{{"lag_p50_ns", timing.lag.quantile(0.5).count()},
                      {"lag_p99_ns", timing.lag.quantile(0.99).count()},
                      {"lag_max_ns", timing.lag.max().count()},
                      {"held", timing.held},
                      {"held_longest_ns", timing.held_longest.count()}};
}

json::array routes_json(const ComparisonReport& report) {
  json::array routes;
  for (std::size_t i = 0; i < report.comparison->routes().size(); ++i) {
    json::object route = {{"route", text(report.comparison->routes()[i])},
                          {"requests", report.comparison->requests_of_route()[i]}};
    const auto known =
        std::ranges::find(report.verdict->routes, report.comparison->routes()[i], &verify::RouteLatency::route);
    if (known != report.verdict->routes.end()) {
      route["latency"] = {{"samples", known->samples},
                          {"ratio", known->ratio},
                          {"lower", known->lower},
                          {"upper", known->upper},
                          {"stands_out", known->stands_out}};
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace

std::string lagged(const replay::PairingTiming& timing) {
  const base::Nanoseconds lag = timing.lag.quantile(0.99);
  if (lag <= replay::ReplayStats::lag_max_default) return "";
  return fmt::format("the generator lagged: p99 of the start behind schedule was {}, at most {} is allowed",
                     base::format_duration(lag), base::format_duration(replay::ReplayStats::lag_max_default));
}

std::string held_up(const replay::PairingTiming& timing) {
  if (timing.held * 100 <= timing.lag.count()) return "";
  return fmt::format(
      "the targets did not keep up: {} of {} requests began more than {} late, up to {}, behind --at-once others or "
      "behind "
      "those of their session",
      timing.held, timing.lag.count(), base::format_duration(replay::PairingTiming::held_after),
      base::format_duration(timing.held_longest));
}

std::string comparison_text(const ComparisonReport& report, bool colour) {
  std::string out = head_lines(report, colour) + gate_lines(report, colour);
  add_differences(out, report, Cause::real, "Real differences");
  add_differences(out, report, Cause::undecided, "Too rare to tell from noise");
  add_differences(out, report, Cause::untold, "Differences, not told from noise");
  out += route_lines(report) + noise_lines(report);
  out += fmt::format("\nAll gates together accuse an equal version in at most {} of comparisons. Seed {}.\n",
                     base::format_percent(report.gates->false_alarms), report.seed);
  return out;
}

std::string comparison_json(const ComparisonReport& report) {
  const replay::Comparison& comparison = *report.comparison;
  json::array gates;
  for (const auto& gate : report.verdict->gates) gates.push_back(gate_json(gate));
  json::array differences;
  for (const auto& judged : report.verdict->differences) {
    if (differences.size() < differences_in_json_max) differences.push_back(difference_json(report, judged));
  }
  json::object statuses = {{"baseline", statuses_json(comparison.statuses()[0])},
                           {"candidate", statuses_json(comparison.statuses()[2])}};
  if (comparison.has_second()) statuses["second_baseline"] = statuses_json(comparison.statuses()[1]);
  const json::object document = {
      {"schema", "stormproof.compare/1"},
      {"verdict", json::string(verify::to_string(report.verdict->verdict))},
      {"capture", text(report.capture)},
      {"baseline", text(report.baseline)},
      {"second_baseline", report.second.empty() ? json::value() : json::value(text(report.second))},
      {"candidate", text(report.candidate)},
      {"requests", comparison.requests()},
      {"different", comparison.different()},
      {"noisy", comparison.noisy()},
      {"writes_refused", report.script == nullptr ? 0 : report.script->writes_refused},
      {"not_replayable", report.script == nullptr ? 0 : report.script->not_replayable},
      {"without_partner", report.without_partner},
      {"interrupted", report.interrupted},
      {"false_alarms", report.gates->false_alarms},
      {"seed", report.seed},
      {"instance_ratio", optional(report.verdict->instance_ratio)},
      {"timing", timing_json(report)},
      {"links", report.links == nullptr ? json::value() : json::parse(replay::to_json(*report.links))},
      {"statuses", statuses},
      {"gates", gates},
      {"differences", differences},
      {"differences_in_all", report.verdict->differences.size()},
      {"routes", routes_json(report)},
  };
  return json::serialize(document) + "\n";
}

}  // namespace stormproof::reports
