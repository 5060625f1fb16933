#include "harness/proxy/metrics.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/proxy/exposition.h"
#include "tests/support/files.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::HasSubstr;

events::Exchange ended(Outcome outcome, std::uint16_t status, base::Nanoseconds took) {
  events::Exchange exchange;
  exchange.outcome = outcome;
  exchange.status = status;
  exchange.start = base::Time(std::chrono::seconds(1'700'000'000));
  exchange.first_byte = exchange.start + took / 2;
  exchange.end = exchange.start + took;
  exchange.request_bytes = 80;
  exchange.response_bytes = 1100;
  return exchange;
}

// Of a proxy with everything on.
MetricsInput busy() {
  Meter meter;
  for (int i = 0; i < 3; ++i) meter.exchange(ended(Outcome::answered, 200, microseconds(300)));
  meter.exchange(ended(Outcome::answered, 404, milliseconds(40)));
  meter.exchange(ended(Outcome::refused, 502, milliseconds(1)));
  meter.exchange(ended(Outcome::cancelled, 0, milliseconds(1)));
  meter.fault({});
  return {.version = "1.2.3",
          .workers = 2,
          .draining = true,
          .meter = meter.read(),
          .relay = {.connections = 7, .connections_refused = 1, .handshakes_failed = 2, .exchanges = 8},
          .sessions = 3,
          .upstreams = {{"blue", 99, 5, 1, 2}, {"green", 1, 0, 0, 0}},
          .recorder =
              RecorderReading{
                  .on = true, .causes = {{"recorded", 5, 5900}, {"dropped: queue full", 1, 1180}}, .queue_bytes = 640},
          .shadow =
              ShadowReading{.on = false, .causes = {{"answered", 2}, {"dropped: no memory", 1}}, .memory_bytes = 4096},
          .access_log = AccessLogReading{.written = 5, .dropped = 1, .lost = 2},
          .reloads = {.count = 2, .last_ok = false, .last_at = base::Time(milliseconds(1'795'858'000'250))}};
}

// With STORMPROOF_UPDATE_GOLDEN=1 in the environment the file is written instead, and the test fails to say so.
TEST(Metrics, AreTheGoldenText) {
  const std::string path = std::string(STORMPROOF_SOURCE_DIR) + "/tests/golden/proxy/metrics.txt";
  const std::string text = metrics_text(busy());
  if (std::getenv("STORMPROOF_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(support::write_file(path, text));
    FAIL() << "written: " << path;
  }
  EXPECT_EQ(text, support::read_file(path).value_or("(there is no golden file)"));
}

TEST(Metrics, SayWhatWasCounted) {
  const Samples samples = expect_exposition(metrics_text(busy()));
  EXPECT_EQ(samples.at("stormproof_exchanges_total{outcome=\"answered\"}"), 4);
  EXPECT_EQ(samples.at("stormproof_exchanges_total{outcome=\"cancelled_by_the_client\"}"), 1);
  EXPECT_EQ(samples.at("stormproof_exchanges_total{outcome=\"reset\"}"), 0);
  EXPECT_EQ(samples.at("stormproof_exchange_duration_seconds_bucket{le=\"0.00025\"}"), 0);
  EXPECT_EQ(samples.at("stormproof_exchange_duration_seconds_bucket{le=\"0.0005\"}"), 3);
  EXPECT_EQ(samples.at("stormproof_exchange_duration_seconds_count"), 4);
  EXPECT_EQ(samples.at("stormproof_exchange_duration_seconds_sum"), 0.0409);
  EXPECT_EQ(samples.at("stormproof_upstream_weight{upstream=\"blue\"}"), 99);
  EXPECT_EQ(samples.at("stormproof_config_last_reload_timestamp_seconds"), 1'795'858'000.25);
}

TEST(Metrics, OfAProxyThatHasDoneNothing) {
  const Samples samples = expect_exposition(metrics_text({.version = "0.1.0"}));
  EXPECT_EQ(samples.at("stormproof_build_info{version=\"0.1.0\"}"), 1);
  EXPECT_EQ(samples.at("stormproof_exchanges_total{outcome=\"answered\"}"), 0) << "a first one must count as a rise";
  EXPECT_EQ(samples.at("stormproof_exchange_duration_seconds_bucket{le=\"+Inf\"}"), 0);
  for (const auto& [series, value] : samples) {
    EXPECT_THAT(series, testing::Not(testing::ContainsRegex("recorder|shadow|access_log|upstream|timestamp")));
  }
}

TEST(Metrics, HostileNamesStayWithinTheirLabel) {
  const std::string evil = "a\"} 1\nstormproof_x 2\\ \xff\xc3(\r\x01\xe2\x82\xac";
  MetricsInput input;
  input.upstreams = {{evil, 1, 5, 0, 0}};
  input.version = "\"";
  input.recorder = RecorderReading{.causes = {{"", 3, 4}}};
  const std::string text = metrics_text(input);
  const Samples samples = expect_exposition(text);
  EXPECT_FALSE(samples.contains("stormproof_x"));
  EXPECT_THAT(
      text, HasSubstr("{upstream=\"a\\\"} 1\\nstormproof_x 2\\\\ \xEF\xBF\xBD\xEF\xBF\xBD(\r\x01\xE2\x82\xAC\"} 5\n"));
  EXPECT_EQ(samples.at("stormproof_recorder_bytes_total{cause=\"\"}"), 4);
}

TEST(Metrics, EqualNamesAreOneSeries) {
  MetricsInput input;
  // Two workers' readings of the same upstreams, and names that differ only in what is no UTF-8.
  input.upstreams = {{"blue", 9, 5, 1, 2}, {"blue", 9, 6, 2, 3}, {"\xff", 1, 1, 0, 0}, {"\xfe", 2, 2, 0, 0}};
  input.recorder = RecorderReading{.causes = {{"recorded", 1, 10}, {"recorded", 2, 20}}};
  const Samples samples = expect_exposition(metrics_text(input));
  EXPECT_EQ(samples.at("stormproof_upstream_exchanges_total{upstream=\"blue\"}"), 11);
  EXPECT_EQ(samples.at("stormproof_upstream_failures_total{upstream=\"blue\"}"), 3);
  EXPECT_EQ(samples.at("stormproof_upstream_idle_connections{upstream=\"blue\"}"), 5);
  EXPECT_EQ(samples.at("stormproof_upstream_weight{upstream=\"blue\"}"), 9);
  EXPECT_EQ(samples.at("stormproof_upstream_exchanges_total{upstream=\"\xEF\xBF\xBD\"}"), 3);
  EXPECT_EQ(samples.at("stormproof_recorder_exchanges_total{cause=\"recorded\"}"), 3);
  EXPECT_EQ(samples.at("stormproof_recorder_bytes_total{cause=\"recorded\"}"), 30);
}

TEST(Metrics, OutcomesThatAreNewAreThereOnceTheyHappen) {
  MetricsInput input;
  input.meter.outcomes[static_cast<std::size_t>(Outcome::shed)] = 2;
  input.meter.outcomes.back() = 3;
  input.meter.status_classes[0] = 4;
  const Samples samples = expect_exposition(metrics_text(input));
  EXPECT_EQ(samples.at("stormproof_exchanges_total{outcome=\"shed_by_the_harness\"}"), 2);
  EXPECT_EQ(samples.at("stormproof_exchanges_total{outcome=\"unknown\"}"), 3);
  EXPECT_EQ(samples.at("stormproof_responses_total{class=\"other\"}"), 4);
}

TEST(Metrics, LargeCountsKeepTheirDigits) {
  MetricsInput input;
  input.meter.response_bytes = 9'007'199'254'740'991;  // 2^53 - 1: what a double holds exactly
  EXPECT_THAT(metrics_text(input), HasSubstr("\nstormproof_response_bytes_total 9007199254740991\n"));
}

// The checker itself: a check that finds nothing proves nothing.
TEST(Exposition, WhatIsWrongIsFound) {
  const std::string head = "# HELP stormproof_a_total x\n# TYPE stormproof_a_total counter\n";
  EXPECT_EQ(fault_of_exposition(head + "stormproof_a_total{b=\"c\\n\"} 1\n"), "");
  const std::string histogram = "# HELP stormproof_h x\n# TYPE stormproof_h histogram\n";
  for (const std::string& text : {
           head + "stormproof_a_total 1",
           head + "stormproof_a_total 1 \n",
           head + "stormproof_a_total one\n",
           head + "stormproof_a_total -1\n",
           head + "stormproof_b_total 1\n",
           head + "stormproof_a_total{b=\"\\x\"} 1\n",
           head + "stormproof_a_total{b=\"c\"d\"} 1\n",
           head + "stormproof_a_total{b=\"\xff\"} 1\n",
           head + "stormproof_a_total{b=\"c\nd\"} 1\n",
           head + "stormproof_a_total{b=\"1\",b=\"2\"} 1\n",
           head + "stormproof_a_total{0=\"1\"} 1\n",
           head + "stormproof_a_total 1\nstormproof_a_total 1\n",
           head + "stormproof_a_total 1\n" + head + "stormproof_a_total{b=\"c\"} 1\n",
           head,
           std::string("stormproof_a_total 1\n"),
           std::string("# HELP stormproof_a x\n# TYPE stormproof_a counter\nstormproof_a 1\n"),
           std::string("# HELP a x\n# TYPE a gauge\na 1\n"),
           histogram + "stormproof_h_count 1\nstormproof_h_sum 1\nstormproof_h_bucket{le=\"1\"} 1\n",
           histogram + "stormproof_h_count 2\nstormproof_h_sum 1\nstormproof_h_bucket{le=\"+Inf\"} 1\n",
           histogram + "stormproof_h_count 1\nstormproof_h_bucket{le=\"1\"} 2\nstormproof_h_bucket{le=\"+Inf\"} 1\n",
           histogram + "stormproof_h_count 1\nstormproof_h_bucket{le=\"2\"} 1\nstormproof_h_bucket{le=\"1\"} 1\n"
                       "stormproof_h_bucket{le=\"+Inf\"} 1\n",
           histogram + "stormproof_h_count 1\nstormproof_h_bucket 1\n",
       }) {
    EXPECT_NE(fault_of_exposition(text), "") << text;
  }
}

}  // namespace
}  // namespace stormproof::proxy
