#include "scenarios/connection_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;
using faults::Distribution;
using ::testing::HasSubstr;

constexpr std::string_view faults_of_golden = "faults: [{on: ledger, abort: {status: 503}, share: 100%}]";

std::string with(const std::string& fault) { return golden::broken(faults_of_golden, "faults: [" + fault + "]"); }
std::string connection(const std::string& what) { return with("{on: ledger, connection: " + what + "}"); }

Fault read(const std::string& text) {
  auto parsed = parse(text, "s.yaml", golden::environment({}));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return parsed ? parsed->phases.at(0).faults.at(0) : Fault{};
}

Distribution delay(const std::string& keys) {
  const Fault fault = read(connection("{latency: " + keys + "}"));
  return std::get<faults::StreamLatency>(fault.connection.value().kind).distribution;
}

TEST(ConnectionFaults, ADelayIsOneOfFiveDistributions) {
  EXPECT_EQ(delay("250ms"), (Distribution{.kind = Distribution::Kind::fixed, .base = 250ms}));
  EXPECT_EQ(delay("{base: 20ms, jitter: 5ms}"),
            (Distribution{.kind = Distribution::Kind::uniform, .base = 20ms, .jitter = 5ms}));
  EXPECT_EQ(delay("{mean: 20ms, deviation: 5ms}"),
            (Distribution{.kind = Distribution::Kind::normal, .base = 20ms, .jitter = 5ms}));
  EXPECT_EQ(delay("{p50: 20ms, p99: 200ms, at-most: 1s}"),
            (Distribution{.kind = Distribution::Kind::lognormal, .base = 20ms, .p99 = 200ms, .at_most = 1s}));
  EXPECT_EQ(delay("{scale: 10ms, shape: 1.5}"),
            (Distribution{.kind = Distribution::Kind::pareto, .base = 10ms, .shape = 1.5}));
}

TEST(ConnectionFaults, TheSameDelaysHoldMessages) {
  const Fault fault = read(with("{on: ledger, latency: {p50: 20ms, p99: 200ms, at: response}}"));
  EXPECT_EQ(fault.latency->distribution().kind, Distribution::Kind::lognormal);
  EXPECT_TRUE(fault.latency->at_response);
  const Fault even = read(with("{on: ledger, latency: {base: 20ms, jitter: 5ms}}"));
  EXPECT_EQ(even.latency->base, 20ms);
  EXPECT_EQ(even.latency->jitter, 5ms);
}

TEST(ConnectionFaults, ReadsEachKind) {
  const auto kind = [](const std::string& what) { return read(connection(what)).connection.value().kind; };
  EXPECT_EQ(kind("{bandwidth: 64KiB}"), faults::StreamFaultKind(faults::Bandwidth{.rate = 65536}));
  EXPECT_EQ(kind("{slow-close: {delay: 2s}}"), faults::StreamFaultKind(faults::SlowClose{.delay = 2s}));
  EXPECT_EQ(kind("{blackhole: {close-after: 5s}}"), faults::StreamFaultKind(faults::Blackhole{.close_after = 5s}));
  EXPECT_EQ(kind("{reset: {}}"), faults::StreamFaultKind(faults::Reset{}));
  EXPECT_EQ(kind("{reset: {after: 1s, from-start: true}}"),
            faults::StreamFaultKind(faults::Reset{.after = 1s, .from_start = true}));
  EXPECT_EQ(kind("{slicer: {average-size: 64B, size-variation: 16B, delay: 5ms}}"),
            faults::StreamFaultKind(faults::Slicer{.average_size = 64, .size_variation = 16, .delay = 5ms}));
  EXPECT_EQ(kind("{limit: {bytes: 4KiB}}"), faults::StreamFaultKind(faults::LimitData{.bytes = 4096}));
  EXPECT_EQ(kind("{half-open: {after-bytes: 1KiB, after: 1s}}"),
            faults::StreamFaultKind(faults::HalfOpen{.after_bytes = 1024, .after = 1s}));
  EXPECT_EQ(kind("{corrupt: {one-in: 100B}}"), faults::StreamFaultKind(faults::Corrupt{.one_in = 100}));
  EXPECT_EQ(kind("{open: {refuse: true}}"), faults::StreamFaultKind(faults::Opening{.refuse = true}));
}

TEST(ConnectionFaults, HasItsNameShareDirectionAndTime) {
  const Fault fault =
      read(with("{on: ledger, connection: {reset: {}, direction: request}, share: 30%, after: 1s, for: 5s, ramp: 2s}"));
  EXPECT_EQ(fault.connection->name, "ledger down#1");
  EXPECT_EQ(fault.connection->share, 0.3);
  EXPECT_EQ(fault.connection->direction, faults::Direction::upstream);
  EXPECT_EQ(fault.targeting.after, 1s);
  EXPECT_EQ(fault.targeting.ramp, 2s);
}

TEST(ConnectionFaults, WhatIsWrongIsSaidWhereItStands) {
  const auto says = [](const std::string& text, const std::string& what) {
    EXPECT_THAT(golden::messages(text), HasSubstr(what));
  };
  says(with("{on: ledger, connection: {reset: {}}, methods: [GET]}"),
       "'methods' is about requests, and 'connection' hits connections, whatever they carry");
  says(with("{on: ledger, connection: {reset: {}}, abort: {status: 503}}"),
       "'abort' is about messages and cannot stand beside 'connection'");
  says(connection("{reset: {}, limit: {bytes: 5B}}"), "reset");
  says(connection("{latency: {p50: 20ms}}"), "'p50' needs 'p99'");
  says(connection("{latency: {p50: 20ms, p99: 20ms}}"), "p99 is not above p50, 20ms");
  says(connection("{latency: {base: 20ms, jitter: 30ms}}"), "the jitter is larger than the base, 20ms");
  says(connection("{latency: {base: 20ms, p50: 30ms, p99: 1s}}"), "base");
  says(connection("{latency: {base: 20ms, deviation: 3ms}}"), "'deviation' stands beside 'mean'");
  says(connection("{latency: {scale: 20ms, shape: 0}}"), "'0' is not a number above 0");
  says(connection("{bandwidth: 0B}"), "0B");
  says(connection("{limit: {}}"), "lacks 'bytes'");
  says(connection("{slicer: {average-size: 5B, size-variation: 9B}}"), "size-variation");
  says(connection("{open: {}}"), "'open' needs a delay, refuse: true or hang: true");
  says(connection("{open: {refuse: true, hang: true}}"), "exclude each other");
  says(connection("{open: {hang: true}, direction: request}"), "'open' has no direction");
  says(connection("{tls: {expired: true}}"), "the service does not speak TLS with the proxy of 'ledger'");
  says(connection("{tls: {expired: true, stall: true}}"), "exactly one of expired");
  says(connection("{rest: {}}"), "reset");
}

TEST(ConnectionFaults, TlsNeedsAProxyThatSpeaksIt) {
  std::string text = connection("{tls: {wrong-host: true}}");
  text.replace(text.find("upstream: \"http"), 0, "tls: {authority: ca.pem, names: [ledger.internal]}, ");
  auto parsed = parse(text, "s.yaml", golden::environment({}));
  ASSERT_TRUE(parsed.has_value()) << render(parsed.error());
  EXPECT_EQ(parsed->topology.dependencies.at(0).tls->authority, "ca.pem");
  EXPECT_THAT(parsed->topology.dependencies.at(0).tls->names, testing::ElementsAre("ledger.internal"));
}

TEST(ConnectionFaults, NetworksAndCapsAreRead) {
  std::string text =
      golden::broken(faults_of_golden, "processes: [{network: {delay: 20ms, jitter: 5ms, reorder: 25%, for: 2s}}]");
  EXPECT_THAT(golden::messages(text), HasSubstr("the service has no network of its own"));
  text.replace(text.find("command: [./shop"), 0,
               "network: {harness-address: 10.213.7.1, service-address: 10.213.7.2}, ");
  text.replace(text.find("phases:\n"), 0, "caps: {faults-at-once: 7}\n");
  auto parsed = parse(text, "s.yaml", golden::environment({}));
  ASSERT_TRUE(parsed.has_value()) << render(parsed.error());
  EXPECT_EQ(parsed->topology.candidate.network->service, "10.213.7.2");
  EXPECT_EQ(parsed->caps.faults_at_once, 7U);
  const ProcessFault& fault = parsed->phases.at(0).processes.at(0);
  EXPECT_EQ(fault.kind, ProcessFault::Kind::network);
  EXPECT_EQ(fault.network.delay, 20ms);
  EXPECT_EQ(fault.network.reorder, 0.25);
  EXPECT_EQ(fault.lasting, 2s);
  text.replace(text.find("10.213.7.2}"), 10, "ten.two   ");
  EXPECT_THAT(golden::messages(text), HasSubstr("is no address"));
}

}  // namespace
}  // namespace stormproof::scenarios
