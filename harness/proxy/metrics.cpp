#include "harness/proxy/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "harness/base/utf8.h"

namespace stormproof::proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Label = ClientMetric::Label;

// How an exchange of a relay may end: these are there from the start, so that the first of them counts as a rise.
constexpr std::array relay_outcomes = {
    events::Outcome::answered,     events::Outcome::faulted,         events::Outcome::refused,
    events::Outcome::reset,        events::Outcome::connect_timeout, events::Outcome::head_timeout,
    events::Outcome::idle_timeout, events::Outcome::total_timeout,   events::Outcome::cancelled,
    events::Outcome::bad_request,  events::Outcome::bad_response,    events::Outcome::tls_failed};

double number(std::uint64_t value) { return static_cast<double>(value); }
double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

// "connect timeout" -> "connect_timeout".
std::string label_of(events::Outcome outcome) {
  std::string label(events::to_string(outcome));
  std::ranges::replace(label, ' ', '_');
  return label;
}

class Families {
 public:
  // Those that follow are of this family.
  void begin(std::string name, std::string help, MetricType type) {
    families_.push_back({"stormproof_" + std::move(name), std::move(help), type, {}});
  }
  void counter(std::string name, std::string help) { begin(std::move(name), std::move(help), MetricType::Counter); }
  void gauge(std::string name, std::string help) { begin(std::move(name), std::move(help), MetricType::Gauge); }

  void add(double value) { add({}, value); }
  // Where that label's value is there already, the two are added up.
  void add(std::string label, std::string_view of, double value) {
    add({{std::move(label), base::as_utf8(of)}}, value);
  }
  void add_larger(std::string label, std::string_view of, double value) {
    double& there = place({{std::move(label), base::as_utf8(of)}});
    there = std::max(there, value);
  }
  void histogram(std::string name, std::string help, const DurationBuckets& buckets) {
    begin(std::move(name), std::move(help), MetricType::Histogram);
    ClientMetric metric;
    for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
      const bool last = i == duration_bounds.size();
      metric.histogram.sample_count += buckets.counts[i];
      const double bound = last ? std::numeric_limits<double>::infinity()
                                : seconds(static_cast<std::uint64_t>(duration_bounds[i].count()));
      metric.histogram.bucket.push_back({metric.histogram.sample_count, bound});
    }
    metric.histogram.sample_sum = seconds(buckets.sum_ns);
    families_.back().metric.push_back(std::move(metric));
  }

  std::string text() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  void add(std::vector<Label> labels, double value) { place(std::move(labels)) += value; }
  double& place(std::vector<Label> labels) {
    MetricFamily& family = families_.back();
    auto found = std::ranges::find(family.metric, labels, &ClientMetric::label);
    if (found == family.metric.end()) {
      found = family.metric.emplace(found);
      found->label = std::move(labels);
    }
    return family.type == MetricType::Counter ? found->counter.value : found->gauge.value;
  }

  std::vector<MetricFamily> families_;
};

void add_process(Families& families, const MetricsInput& input) {
  families.gauge("build_info", "The running version; the value is always 1.");
  families.add("version", input.version, 1);
  families.gauge("workers", "Threads that relay.");
  families.add(number(input.workers));
  families.gauge("draining", "1 while the proxy ends and takes no new connection.");
  families.add(input.draining ? 1 : 0);
  families.counter("config_reloads_total", "Reloads of the configuration that were asked for.");
  families.add(number(input.reloads.count));
  families.gauge("config_last_reload_successful", "1 if the last reload was taken over, or there was none.");
  families.add(input.reloads.last_ok ? 1 : 0);
  if (input.reloads.last_at != base::Time{}) {
    families.gauge("config_last_reload_timestamp_seconds", "When the last reload was asked for.");
    families.add(static_cast<double>(input.reloads.last_at.time_since_epoch().count()) / 1e9);
  }
}

void add_relay(Families& families, const MetricsInput& input) {
  families.counter("client_connections_total", "Connections of clients that were accepted.");
  families.add(number(input.relay.connections));
  families.counter("client_connections_refused_total", "Of them closed at once, above the limit.");
  families.add(number(input.relay.connections_refused));
  families.counter("client_handshakes_failed_total", "TLS handshakes with clients that failed.");
  families.add(number(input.relay.handshakes_failed));
  families.gauge("client_connections_open", "Connections of clients that are open.");
  families.add(number(input.sessions));
  families.counter("requests_total", "Requests received, malformed ones included.");
  families.add(number(input.relay.exchanges));
}

void add_exchanges(Families& families, const MeterReading& meter) {
  families.counter("exchanges_total", "Exchanges that have ended, by how.");
  for (const events::Outcome outcome : relay_outcomes) families.add("outcome", label_of(outcome), 0);
  for (std::size_t i = 0; i < meter.outcomes.size(); ++i) {
    if (meter.outcomes[i] > 0)
      families.add("outcome", label_of(static_cast<events::Outcome>(i)), number(meter.outcomes[i]));
  }
  families.counter("responses_total", "Responses to clients by the class of their status.");
  for (std::size_t i = 1; i < meter.status_classes.size(); ++i) {
    families.add("class", std::to_string(i) + "xx", number(meter.status_classes[i]));
  }
  if (meter.status_classes[0] > 0) families.add("class", "other", number(meter.status_classes[0]));
  families.counter("request_bytes_total", "Bytes of requests, heads included.");
  families.add(number(meter.request_bytes));
  families.counter("response_bytes_total", "Bytes of responses, heads included.");
  families.add(number(meter.response_bytes));
  families.counter("faults_fired_total", "Faults that acted on an exchange.");
  families.add(number(meter.faults));
  families.histogram("exchange_duration_seconds", "Of answered exchanges, from the request's head to the last byte.",
                     meter.duration);
  families.histogram("exchange_first_byte_seconds",
                     "Of answered exchanges, from the request's head to the response's first byte.", meter.first_byte);
}

void add_upstreams(Families& families, const std::vector<UpstreamReading>& upstreams) {
  const auto counter = [&](std::string name, std::string help, auto member) {
    families.counter(std::move(name), std::move(help));
    for (const UpstreamReading& upstream : upstreams) families.add("upstream", upstream.name, number(upstream.*member));
  };
  counter("upstream_exchanges_total", "Exchanges given to an upstream.", &UpstreamReading::exchanges);
  counter("upstream_failures_total", "Of them without a whole response, for a cause on the upstream's side.",
          &UpstreamReading::failed);
  families.gauge("upstream_idle_connections", "Connections to an upstream that are kept for the next exchange.");
  for (const UpstreamReading& upstream : upstreams)
    families.add("upstream", upstream.name, number(upstream.idle_connections));
  families.gauge("upstream_weight", "Its share of the exchanges, beside the weights of the others.");
  for (const UpstreamReading& upstream : upstreams) families.add_larger("upstream", upstream.name, upstream.weight);
}

void add_causes(Families& families, const std::vector<CauseReading>& causes,
                std::uint64_t CauseReading::* const member) {
  for (const CauseReading& cause : causes) families.add("cause", cause.cause, number(cause.*member));
}

void add_side_paths(Families& families, const MetricsInput& input) {
  if (input.recorder) {
    families.gauge("recorder_on", "1 while exchanges are recorded.");
    families.add(input.recorder->on ? 1 : 0);
    families.counter("recorder_exchanges_total", "Exchanges by what the recorder did with them, and why.");
    add_causes(families, input.recorder->causes, &CauseReading::count);
    families.counter("recorder_bytes_total", "Bytes of these exchanges.");
    add_causes(families, input.recorder->causes, &CauseReading::bytes);
    families.gauge("recorder_queue_bytes", "Bytes that wait for the recorder's writer.");
    families.add(number(input.recorder->queue_bytes));
  }
  if (input.shadow) {
    families.gauge("shadow_on", "1 while requests are copied to the candidate.");
    families.add(input.shadow->on ? 1 : 0);
    families.counter("shadow_requests_total", "Requests by what the shadow did with them, and why.");
    add_causes(families, input.shadow->causes, &CauseReading::count);
    families.gauge("shadow_memory_bytes", "Memory that the shadow holds.");
    families.add(number(input.shadow->memory_bytes));
  }
  if (input.access_log) {
    families.counter("access_log_lines_total",
                     "Lines of the access log: written, dropped as the writer was too slow, "
                     "or lost as the file did not take them.");
    families.add("result", "written", number(input.access_log->written));
    families.add("result", "dropped", number(input.access_log->dropped));
    families.add("result", "lost", number(input.access_log->lost));
  }
}

}  // namespace

std::string metrics_text(const MetricsInput& input) {
  Families families;
  add_process(families, input);
  add_relay(families, input);
  add_exchanges(families, input.meter);
  add_upstreams(families, input.upstreams);
  add_side_paths(families, input);
  return families.text();
}

}  // namespace stormproof::proxy
