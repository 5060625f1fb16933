#include "harness/run/traffic.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/events/trace_side.h"
#include "tests/run/answering.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_tls.h"
#include "tests/support/waiting.h"

namespace stormproof::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr seconds soon{10};
constexpr std::uint64_t seed = 7;
constexpr std::size_t connections = 512;  // so many that no request waits for one, however slow the machine

// Two requests, sent over and over.
replay::Script script() {
  replay::Script made;
  for (std::uint64_t id = 1; id <= 2; ++id) {
    replay::ScriptRequest request;
    request.id = id;
    request.method = "GET";
    request.target = fmt::format("/orders/{}", id);
    request.fields = fmt::format("GET {} HTTP/1.1\r\nHost: shop\r\n", request.target);
    request.recorded = base::Time(seconds(id));
    made.add(request);
  }
  return made;
}

wire::Endpoint at(std::uint16_t port) { return {wire::asio::ip::address_v4::loopback(), port}; }

std::string traceparent_of(const std::string& head) {
  const std::size_t begin = head.find("traceparent: ");
  return begin == head.npos ? "" : head.substr(begin, head.find("\r\n", begin) - begin);
}

class TrafficTest : public testing::Test {
 protected:
  static TrafficOptions options() {
    TrafficOptions options;
    options.seed = seed;
    options.connections_max = connections;
    return options;
  }
  std::unique_ptr<Traffic> traffic_to(std::uint16_t port) {
    return std::make_unique<Traffic>(script(), replay::ConstantRate{200},
                                     std::vector<TrafficTarget>{{"candidate", at(port)}}, options(), clock_, counts_);
  }
  bool wait_for(const std::function<bool()>& holds) { return support::eventually(soon, holds); }

  base::SystemClock clock_;
  LiveCounts counts_;
};

TEST_F(TrafficTest, NothingIsSentBeforeTheBeginning) {
  Answering server;
  const auto traffic = traffic_to(server.port());
  EXPECT_TRUE(traffic->finish(milliseconds(0)).exchanges.empty());
  EXPECT_TRUE(server.asked().empty());
}

TEST_F(TrafficTest, TheScriptIsSentOverAndOverEachRequestWithATraceOfItsOwn) {
  Answering server;
  const auto traffic = traffic_to(server.port());
  const base::Time begin = clock_.now();
  traffic->begin(begin);
  ASSERT_TRUE(wait_for([&] { return counts_.sent >= 6; }));
  events::Log log = traffic->finish(soon);
  log.sort();

  const auto asked = server.asked();
  ASSERT_GE(log.exchanges.size(), 6u);
  EXPECT_EQ(asked.size(), log.exchanges.size()) << "all that is logged was sent, and all that was sent is logged";
  EXPECT_EQ(counts_.sent, log.exchanges.size());
  EXPECT_EQ(counts_.failed, 0u);
  std::set<std::string> traces;
  for (const std::string& head : asked) traces.insert(traceparent_of(head));
  EXPECT_EQ(traces.size(), asked.size());
  EXPECT_FALSE(traces.contains(""));
  for (const events::Exchange& exchange : log.exchanges) {
    EXPECT_EQ(exchange.outcome, events::Outcome::answered);
    EXPECT_EQ(log.names.name_of(exchange.party), "candidate");
    EXPECT_EQ(exchange.trace, replay::trace_of(seed, exchange.request));
    EXPECT_EQ(exchange.intended, begin + milliseconds(5) * (exchange.request - 1)) << "open loop: 200/s";
  }
}

TEST_F(TrafficTest, ASnapshotGrows) {
  Answering server;
  const auto traffic = traffic_to(server.port());
  traffic->begin(clock_.now());
  ASSERT_TRUE(wait_for([&] { return !traffic->snapshot().exchanges.empty(); }));
  const std::size_t early = traffic->snapshot().exchanges.size();
  EXPECT_TRUE(wait_for([&] { return traffic->snapshot().exchanges.size() > early; }));
  EXPECT_GT(traffic->finish(soon).exchanges.size(), early);
}

TEST_F(TrafficTest, FinishCutsAnswersThatDoNotCome) {
  support::RawServer silent(
      [](support::RawConnection& connection) { static_cast<void>(connection.read_to_end(seconds(60))); });
  const auto traffic = traffic_to(silent.port());
  traffic->begin(clock_.now());
  ASSERT_TRUE(wait_for([&] { return silent.accepted() > 0; }));
  const auto begin = std::chrono::steady_clock::now();
  const events::Log log = traffic->finish(milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, soon);
  ASSERT_FALSE(log.exchanges.empty()) << "what got no answer is logged too";
  for (const events::Exchange& exchange : log.exchanges) EXPECT_NE(exchange.outcome, events::Outcome::answered);
  EXPECT_EQ(counts_.failed, log.exchanges.size());
}

TEST_F(TrafficTest, ThroughTls) {
  support::Certificates certificates;
  const auto identity = support::RawTls::server(certificates.issue({"shop"}));
  support::RawServer server([&](support::RawConnection& connection) {
    auto tls = support::RawTls::accept(connection, identity);
    while (tls && tls->read_until("\r\n\r\n") && tls->send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
    }
  });
  const wire::TlsPeer tls{wire::TlsContext::client({.ca_file = certificates.authority()}).value(), "shop"};
  Traffic traffic(script(), replay::ConstantRate{200}, {{"candidate", at(server.port()), tls}}, options(), clock_,
                  counts_);
  traffic.begin(clock_.now());
  EXPECT_TRUE(wait_for([&] { return traffic.snapshot().exchanges.size() >= 3; }));
  for (const auto& exchange : traffic.finish(seconds(5)).exchanges) {
    EXPECT_TRUE(exchange.outcome == events::Outcome::answered || events::never_sent(exchange));
  }
}

// Both get every request at the same instant; what the baseline does is no count of the candidate's.
TEST_F(TrafficTest, AVersionBesideTheCandidateGetsTheSameRequestsAndTheirAnswersAreCompared) {
  Answering candidate;
  Answering baseline;
  TrafficOptions its = options();
  its.comparison =
      std::make_shared<AnswerComparison>(replay::DifferenceRules(), std::vector<std::string>{"candidate", "baseline"});
  Traffic traffic(script(), replay::ConstantRate{200},
                  {{"candidate", at(candidate.port())}, {"baseline", at(baseline.port())}}, its, clock_, counts_);
  traffic.begin(clock_.now());
  EXPECT_TRUE(wait_for([&] { return counts_.sent >= 20; }));
  EXPECT_TRUE(wait_for([&] { return traffic.snapshot().differences.size() >= 20; }));
  const events::Log log = traffic.finish(soon);
  std::map<std::uint64_t, std::vector<const events::Exchange*>> by_request;
  for (const events::Exchange& exchange : log.exchanges) by_request[exchange.request].push_back(&exchange);
  std::uint64_t of_candidate = 0;
  for (const auto& [request, pair] : by_request) {
    ASSERT_EQ(pair.size(), 2u) << request;
    EXPECT_EQ(pair[0]->intended, pair[1]->intended);
    EXPECT_NE(pair[0]->party, pair[1]->party);
    EXPECT_NE(pair[0]->trace, pair[1]->trace);
    EXPECT_EQ(events::without_side(pair[0]->trace), events::without_side(pair[1]->trace));
    for (const events::Exchange* one : pair) of_candidate += log.names.name_of(one->party) == "candidate" ? 1 : 0;
  }
  EXPECT_EQ(of_candidate, by_request.size());
  EXPECT_EQ(counts_.sent, by_request.size()) << "the baseline's are counted elsewhere";
  EXPECT_EQ(log.differences.size(), by_request.size()) << "one each: they were alike";
  for (const events::AnswerDifference& difference : log.differences) EXPECT_EQ(difference.path, 0u);
}

}  // namespace
}  // namespace stormproof::run
