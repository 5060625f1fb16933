#include "reports/html.h"

#include <fmt/format.h>

#include <kainjow/mustache.hpp>
#include <map>
#include <utility>

#include "harness/base/digest.h"
#include "harness/base/units.h"
#include "reports/escape.h"
#include "reports/headline.h"
#include "reports/timeline_svg.h"
#include "reports/timeline_words.h"
#include "reports/traffic_stats.h"

namespace stormproof::reports {
namespace {

// Mustache looks for a missing key further out, so every object here sets all the keys that its part of the page asks
// for.
using kainjow::mustache::data;
using verify::Verdict;

struct Look {
  std::string_view css_class;
  std::string_view icon;  // a shape of its own for each verdict: colour alone tells nobody
};

Look look_of(Verdict verdict) {
  constexpr std::string_view holds =
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true"><circle cx="9" cy="9" r="8" fill="#2e7d5b"/><path d="M5 9.4l2.8 2.8L13 6.6" fill="none" stroke="#ffffff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>)";
  constexpr std::string_view violated =
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true"><path d="M5.7 1h6.6L17 5.7v6.6L12.3 17H5.7L1 12.3V5.7z" fill="#c8372d"/><path d="M6 6l6 6m0-6l-6 6" fill="none" stroke="#ffffff" stroke-width="2" stroke-linecap="round"/></svg>)";
  constexpr std::string_view inconclusive =
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true"><path d="M9 0.8L17.2 9L9 17.2L0.8 9z" fill="#b07d10"/><path d="M6.9 7.2c0-2.8 4.2-2.7 4.2-.1c0 1.7-2.1 1.6-2.1 3.3" fill="none" stroke="#ffffff" stroke-width="1.6" stroke-linecap="round"/><circle cx="9" cy="12.9" r="1.05" fill="#ffffff"/></svg>)";
  switch (verdict) {
    case Verdict::holds: return {"holds", holds};
    case Verdict::violated: return {"violated", violated};
    case Verdict::inconclusive: return {"inconclusive", inconclusive};
  }
  return {"inconclusive", inconclusive};
}

void set_text(data& object, const char* key, std::string_view words) { object.set(key, std::string(words)); }

void set_verdict(data& object, Verdict verdict) {
  const Look look = look_of(verdict);
  set_text(object, "verdict", verify::to_string(verdict));
  set_text(object, "class", look.css_class);
  set_text(object, "icon", look.icon);
}

void set_list(data& object, const char* key, const data& list, const char* flag) {
  object.set(flag, data(list.is_non_empty_list()));
  object.set(key, list);
}

data list() { return data(data::type::list); }

std::string or_dash(std::optional<Nanoseconds> duration) { return duration ? base::format_duration(*duration) : "–"; }
// "2026-11-23 09:36:00 UTC".
std::string minute_of(Time time) {
  std::string words = base::format_time(time).substr(0, 19);
  words[10] = ' ';
  return words + " UTC";
}
std::string failed_text(std::uint64_t failed, std::uint64_t requests) {
  if (failed == 0 || requests == 0) return grouped(failed);
  return fmt::format("{} ({})", grouped(failed),
                     base::format_percent(static_cast<double>(failed) / static_cast<double>(requests)));
}

using Requests = std::map<std::uint64_t, const events::Exchange*>;

// The requests that findings point at.
Requests requests_of(const RunRecord& record) {
  Requests requests;
  for (const verify::Finding& finding : record.findings) {
    for (const std::uint64_t number : finding.exchanges) requests.emplace(number, nullptr);
  }
  const events::NameId judged = record.log.names.find(candidate_party);
  for (const events::Exchange& exchange : record.log.exchanges) {
    if (exchange.side != events::Side::ingress || exchange.party != judged) continue;
    if (const auto wanted = requests.find(exchange.request); wanted != requests.end()) wanted->second = &exchange;
  }
  return requests;
}

std::string words_of(const RunRecord& record, const Timeline& line, std::uint64_t number,
                     const events::Exchange* exchange) {
  if (exchange == nullptr) return fmt::format("request {}", number);
  const std::string answer = is_answered(*exchange) ? fmt::format("status {}", exchange->status)
                                                    : std::string(events::to_string(exchange->outcome));
  return fmt::format("request {} at {}: {} → {} after {}", number, clock_of(line, exchange->intended),
                     record.log.names.name_of(exchange->route), answer,
                     base::format_duration(between(exchange->intended, exchange->end)));
}

data checks_of(const verify::Finding& finding) {
  data checks = list();
  for (const verify::Check& check : finding.checks) {
    data row;
    set_text(row, "name", check.name);
    set_text(row, "expected", check.expected);
    set_text(row, "measured", check.measured);
    set_text(row, "missing", check.missing);
    row.set("has_missing", data(!check.missing.empty()));
    set_text(row, "samples", grouped(check.samples));
    set_verdict(row, check.verdict);
    checks.push_back(row);
  }
  return checks;
}

data findings_of(const RunRecord& record, const Timeline& line) {
  const Requests requests = requests_of(record);
  data findings = list();
  for (const verify::Finding& finding : record.findings) {
    data row;
    set_verdict(row, finding.verdict);
    set_text(row, "expectation", finding.expectation);
    set_text(row, "phase", finding.phase);
    row.set("has_line", data(finding.line > 0));
    set_text(row, "line", fmt::format("{}", finding.line));
    // Where one check holds, its row says all that the summary would.
    row.set("has_summary", data(finding.verdict != Verdict::holds || finding.checks.size() != 1));
    set_text(row, "summary", finding.summary);
    row.set("checks", checks_of(finding));
    data shown = list();
    for (const std::uint64_t number : finding.exchanges) {
      data request;
      set_text(request, "words", words_of(record, line, number, requests.at(number)));
      shown.push_back(request);
    }
    set_list(row, "requests", shown, "has_requests");
    set_text(row, "request_count", fmt::format("{}", finding.exchanges.size()));
    findings.push_back(row);
  }
  return findings;
}

data faults_of(const TrafficStats& stats) {
  data faults = list();
  for (const FaultStats& fault : stats.faults) {
    data row;
    set_text(row, "rule", fault.rule.rule);
    set_text(row, "on", fault.rule.on);
    set_text(row, "effect", fault.rule.effect);
    set_text(row, "share", fault.rule.phase.empty() ? "–" : base::format_percent(fault.rule.share));
    set_text(row, "fired", fault.fired == 0 ? "never" : grouped(fault.fired));
    row.set("never", data(fault.fired == 0));
    faults.push_back(row);
  }
  return faults;
}

std::string answers_of(const PartyStats& party) {
  std::string words;
  const auto add = [&words](std::string_view what, std::uint64_t count) {
    words += fmt::format("{}{} × {}", words.empty() ? "" : ", ", grouped(count), what);
  };
  for (const auto& [status, count] : party.statuses) add(fmt::format("{}", status), count);
  for (const auto& [outcome, count] : party.without_answer) add(events::to_string(outcome), count);
  if (party.shed > 0) add("not sent", party.shed);
  if (party.held_off > 0) add("held off by the target", party.held_off);
  return words;
}

data parties_of(const TrafficStats& stats) {
  data parties = list();
  const auto add = [&parties](const PartyStats& party, std::string_view role) {
    data row;
    set_text(row, "name", party.party + std::string(role));
    set_text(row, "requests", grouped(party.requests));
    set_text(row, "failed", failed_text(party.failed, party.requests));
    set_text(row, "p50", or_dash(party.latency.quantile(0.5)));
    set_text(row, "p90", or_dash(party.latency.quantile(0.9)));
    set_text(row, "p99", or_dash(party.latency.quantile(0.99)));
    set_text(row, "p999", or_dash(party.latency.quantile(0.999)));
    set_text(row, "max", or_dash(party.latency.max()));
    set_text(row, "answers", answers_of(party));
    parties.push_back(row);
  };
  for (const PartyStats& target : stats.targets) add(target, "");
  for (const PartyStats& dependency : stats.dependencies) add(dependency, " (dependency)");
  return parties;
}

data phases_of(const TrafficStats& stats, const Timeline& line) {
  data phases = list();
  for (const PhaseStats& phase : stats.phases) {
    data row;
    set_text(row, "name", phase.name);
    set_text(row, "from", clock_of(line, phase.begin));
    set_text(row, "to", clock_of(line, phase.end));
    set_text(row, "requests", grouped(phase.requests));
    set_text(row, "failed", failed_text(phase.failed, phase.requests));
    set_text(row, "p50", or_dash(phase.latency.quantile(0.5)));
    set_text(row, "p99", or_dash(phase.latency.quantile(0.99)));
    phases.push_back(row);
  }
  return phases;
}

std::string schedule_of(const TrafficStats& stats) {
  const PartyStats* const sent = stats.candidate();
  if (sent == nullptr) return "";
  const base::Histogram& error = sent->schedule_error;
  std::string words = fmt::format("Requests left later than intended by {} in the median, {} at p99, {} at most.",
                                  base::format_duration(error.quantile(0.5)),
                                  base::format_duration(error.quantile(0.99)), base::format_duration(error.max()));
  words += " Latency counts from the intended time, so this is in it.";
  if (stats.shed > 0) words += fmt::format(" {} requests could not be sent at all.", grouped(stats.shed));
  if (stats.held_off > 0)
    words += fmt::format(" {} requests never left, as the target held every connection.", grouped(stats.held_off));
  return words;
}

data facts_of(const RunRecord& record) {
  data facts = list();
  const auto add = [&facts](std::string_view name, std::string_view value) {
    data row;
    set_text(row, "name", name);
    set_text(row, "value", value);
    facts.push_back(row);
  };
  add("Seed", fmt::format("{}", record.seed));
  add("stormproof", record.stormproof_version);
  add("Started", base::format_time(record.started));
  add("Ended", fmt::format("{} ({})", base::format_time(record.ended), record.ended_because));
  const auto stored = record.digests.find("scenario");
  add("Scenario", stored == record.digests.end() ? base::digest_of(record.scenario_text) : stored->second);
  for (const auto& [what, digest] : record.digests) {
    if (what != "scenario") add(what, digest);
  }
  return facts;
}

data lines_of(std::string_view text) {
  data lines = list();
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    data row;
    set_text(row, "number", fmt::format("{}", number));
    set_text(row, "padded", fmt::format("{:>4}  ", number));
    set_text(row, "text", text.substr(0, end));
    lines.push_back(row);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string counts_of(const Headline& told) {
  std::string words;
  const auto add = [&words](std::uint64_t count, std::string_view what) {
    if (count > 0) words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count, what);
  };
  add(told.violated, "violated");
  add(told.inconclusive, "inconclusive");
  add(told.holds, told.holds == 1 ? "holds" : "hold");
  return words.empty() ? "no expectations" : words;
}

}  // namespace

std::string render_html(const RunRecord& record) {
  const Headline told = headline(record);
  const TrafficStats stats = traffic_stats(record);
  const Timeline line = timeline(record);
  const std::string chart = draw_timeline(line);
  data page;
  set_verdict(page, told.verdict);
  set_text(page, "scenario", record.scenario_name);
  set_text(page, "sentence", told.sentence);
  set_text(page, "counts", counts_of(told));
  set_text(page, "started", minute_of(record.started));
  set_text(page, "duration", base::format_duration(between(record.started, record.ended)));
  page.set("has_owner", data(!record.owner.empty()));
  set_text(page, "owner", record.owner);
  set_text(page, "run", record.id);
  page.set("has_chart", data(!chart.empty()));
  set_text(page, "chart", chart);
  set_list(page, "findings", findings_of(record, line), "has_findings");
  set_list(page, "faults", faults_of(stats), "has_faults");
  set_list(page, "parties", parties_of(stats), "has_traffic");
  set_list(page, "phases", phases_of(stats, line), "has_phases");
  set_text(page, "schedule", schedule_of(stats));
  set_text(page, "rerun", rerun_command(record));
  set_text(page, "verify", verify_command(record));
  page.set("facts", facts_of(record));
  set_text(page, "file", record.scenario_file);
  page.set("lines", lines_of(record.scenario_text));

  kainjow::mustache::mustache rendering{std::string(html_template)};
  rendering.set_custom_escape([](const std::string& words) { return escape_xml(words); });
  return rendering.render(page);
}

}  // namespace stormproof::reports
