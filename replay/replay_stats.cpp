#include "replay/replay_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include "harness/base/units.h"

namespace stormproof::replay {
namespace {

namespace json = boost::json;

double seconds(base::Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

json::object quantiles(const base::Histogram& histogram) {
  return {{"p50_ns", histogram.quantile(0.5).count()},  {"p90_ns", histogram.quantile(0.9).count()},
          {"p99_ns", histogram.quantile(0.99).count()}, {"p99.9_ns", histogram.quantile(0.999).count()},
          {"max_ns", histogram.max().count()},          {"samples", histogram.count()}};
}

std::string quantile_text(const base::Histogram& histogram) {
  return fmt::format("p50 {}  p90 {}  p99 {}  p99.9 {}  max {}", base::format_duration(histogram.quantile(0.5)),
                     base::format_duration(histogram.quantile(0.9)), base::format_duration(histogram.quantile(0.99)),
                     base::format_duration(histogram.quantile(0.999)), base::format_duration(histogram.max()));
}

}  // namespace

void ReplayStats::exchange(const events::Exchange& exchange) {
  ++requests_;
  if (!events::never_sent(exchange)) {
    first_start_ = sent() == 0 ? exchange.start : std::min(first_start_, exchange.start);
    last_start_ = std::max(last_start_, exchange.start);
    schedule_error_.add(exchange.start - exchange.waited - exchange.intended);
  }
  if (exchange.outcome != events::Outcome::answered) {
    ++failures_[exchange.outcome];
    return;
  }
  ++statuses_[exchange.status];
  latency_.add(exchange.end - exchange.intended);
  uncorrected_.add(exchange.end - exchange.start);
}

std::string ReplayStats::to_json(const ReplayTarget& about) const {
  json::object statuses;
  for (const auto& [status, count] : statuses_) statuses[std::to_string(status)] = count;
  json::object failures;
  for (const auto& [cause, count] : failures_) failures[json::string_view(events::to_string(cause))] = count;
  const double span = seconds(last_start_ - first_start_);
  const json::object document = {
      {"schema", "stormproof.replay/1"},
      {"capture", about.capture},
      {"target", about.target},
      {"pacing", about.pacing},
      {"requests", requests_},
      {"sent", sent()},
      {"answered", answered()},
      {"writes_refused", about.writes_refused},
      {"not_replayable", about.not_replayable},
      {"statuses", statuses},
      {"failures", failures},
      {"sending_seconds", span},
      {"latency_from_intended", quantiles(latency_)},
      {"latency_from_sent", quantiles(uncorrected_)},
      {"schedule_error", quantiles(schedule_error_)},
      {"lagged", lagged()},
      {"interrupted", about.interrupted},
      {"links", about.links == nullptr ? json::value(nullptr) : json::parse(replay::to_json(*about.links))},
  };
  return json::serialize(document) + "\n";
}

std::string ReplayStats::to_text(const ReplayTarget& about) const {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(text), "{:<16} {}\n", name, value);
  };
  line("capture", about.capture);
  line("target", fmt::format("{} at {}", about.target, about.pacing));
  line("requests",
       fmt::format("{} sent in {:.3f} s, {} answered", sent(), seconds(last_start_ - first_start_), answered()));
  if (about.writes_refused > 0) {
    line("not sent", fmt::format("{} requests that write; allow them with --allow-writes", about.writes_refused));
  }
  if (about.not_replayable > 0)
    line("not replayable", fmt::format("{} requests, cut short or upgrades", about.not_replayable));
  if (about.links != nullptr) text += replay::to_text(*about.links);
  for (const auto& [status, count] : statuses_) line(fmt::format("status {}", status), std::to_string(count));
  for (const auto& [cause, count] : failures_) line(events::to_string(cause), std::to_string(count));
  line("latency", quantile_text(latency_) + "  (from the intended send time)");
  line("", quantile_text(uncorrected_) + "  (from the actual send time)");
  line("schedule error", fmt::format("p50 {}  p99 {}  max {}", base::format_duration(schedule_error_.quantile(0.5)),
                                     base::format_duration(schedule_error_.quantile(0.99)),
                                     base::format_duration(schedule_error_.max())));
  if (lagged()) {
    line("INCONCLUSIVE",
         fmt::format("the sender lagged: p99 of the schedule error is above {}; this machine cannot keep that rate",
                     base::format_duration(lag_max)));
  }
  if (about.interrupted) line("interrupted", "not all requests were sent");
  return text;
}

}  // namespace stormproof::replay
