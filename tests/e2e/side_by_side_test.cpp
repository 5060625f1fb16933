// `run` with a baseline beside the candidate: three versions of a small server, each with its own proxy to one dependency, under one
// fault; planted regressions are found, and a version beside itself is not accused.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "replay/capture_writer.h"
#include "tests/e2e/program.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Version {
  std::string name_field = "name";
  std::string tags = R"(["x","y","z"])";
  std::chrono::milliseconds slower{0};
};

std::string field_of(std::string_view head, std::string_view name) {
  const auto at = head.find(name);
  return at == head.npos ? "" : std::string(head.substr(at, head.find("\r\n", at) + 2 - at));
}

// Answers GET /orders/N after a call to the dependency behind `proxy`: JSON in which `nonce` is never the same, at no server; 502
// where the dependency failed.
support::RawServer::Play orders(std::uint16_t proxy, Version version) {
  static std::atomic<int> servers = 0;
  auto nonce = std::make_shared<std::atomic<int>>(++servers * 100'000);
  return [=](support::RawConnection& connection) {
    while (const auto head = connection.read_until("\r\n\r\n")) {
      int id = 0;
      const auto at = head->find("/orders/") + 8;
      std::from_chars(head->data() + at, head->data() + head->size(), id);
      const auto price =
          support::http(proxy, fmt::format("/price/{}", id), {.headers = field_of(*head, "traceparent:")});
      const bool well = price && price->status == 200;
      if (version.slower.count() > 0) ::poll(nullptr, 0, static_cast<int>(version.slower.count()));
      const std::string body = well ? fmt::format(R"({{"id":{},"{}":"shoe","tags":{},"nonce":{}}})", id,
                                                  version.name_field, version.tags, ++*nonce * 7919 % 10'007)
                                    : R"({"error":"no price"})";
      const auto sent =
          connection.send(fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                      well ? "200 OK" : "502 Bad Gateway", body.size(), body));
      if (!sent) return;
    }
  };
}

support::RawServer::Play prices() {
  return [](support::RawConnection& connection) {
    while (connection.read_until("\r\n\r\n")) {
      if (!connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n12")) return;
    }
  };
}

class SideBySide : public ::testing::Test {
 protected:
  void SetUp() override {
    auto writer = replay::CaptureWriter::create((folder_.path() / "orders.traffic").string(), {});
    ASSERT_TRUE(writer.has_value());
    for (std::uint64_t i = 1; i <= 40; ++i) {
      replay::Exchange exchange;
      exchange.id = i;
      exchange.connection = i;
      exchange.request_start = base::Time(std::chrono::milliseconds(i));
      exchange.request.head = fmt::format("GET /orders/{} HTTP/1.1\r\nHost: shop\r\n\r\n", i);
      exchange.response.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      ASSERT_TRUE(writer->append(exchange).has_value());
    }
    ASSERT_TRUE(writer->close().has_value());
  }

  // The run's JSON.
  boost::json::value run(const Version& candidate_version, const std::string& expect, int& exit_code) {
    support::RawServer candidate(orders(proxies_[0], candidate_version));
    support::RawServer baseline(orders(proxies_[1], {}));
    support::RawServer second(orders(proxies_[2], {}));
    const auto file = folder_.path() / "scenario.yaml";
    std::ofstream(file) << fmt::format(
        R"(version: 1
name: beside
topology:
  service:
    name: orders
    candidate: {{url: "http://127.0.0.1:{}"}}
    baseline: {{url: "http://127.0.0.1:{}"}}
    second-baseline: {{url: "http://127.0.0.1:{}"}}
  dependencies:
    prices: {{proxy: "127.0.0.1:{}", baseline-proxy: "127.0.0.1:{}", second-baseline-proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}"}}
traffic: {{capture: orders.traffic, rate: 150/s, warm-up: 300ms}}
steady-state: {{for: 1s, expect: [errors: {{at-most: 5%}}]}}
phases:
  - name: prices flaky
    for: 4500ms
    faults: [{{on: prices, abort: {{status: 503}}, share: 20%}}]
    expect: [errors: {{at-most: 40%}}]
{})",
        candidate.port(), baseline.port(), second.port(), proxies_[0], proxies_[1], proxies_[2], prices_.port(),
        expect);
    const auto json = folder_.path() / "run.json";
    const auto finished = stormproof({"run", file.string(), "--out", out(), "--seed", "7", "--json", json.string()});
    exit_code = finished.exit_code;
    text_ = finished.out + finished.err;
    EXPECT_TRUE(std::filesystem::exists(json)) << text_;
    return boost::json::parse(support::read_file(json).value_or("{}"));
  }
  std::string out() const { return (folder_.path() / "out").string(); }

  static boost::json::object finding(const boost::json::value& run, std::string_view expectation) {
    for (const auto& one : run.at("findings").as_array()) {
      if (one.at("expectation").as_string() == expectation) return one.as_object();
    }
    ADD_FAILURE() << "no finding on " << expectation;
    return {};
  }

  support::TempDir folder_;
  support::RawServer prices_{prices()};
  std::array<std::uint16_t, 3> proxies_ = {support::free_port(), support::free_port(), support::free_port()};
  std::string text_;
};

constexpr std::string_view both = R"(expect:
  - not-worse: {latency: 50%, errors: 1%}
  - differences: {at-most: 1%}
)";

TEST_F(SideBySide, AVersionBesideItselfIsNotAccusedAndFeelsTheSameFaults) {
  int exit_code = 0;
  const auto json = run({}, std::string(both), exit_code);
  EXPECT_THAT(exit_code, AnyOf(0, 5)) << text_;
  EXPECT_THAT(text_, Not(HasSubstr("VIOLATED")));
  const auto not_worse = finding(json, "not-worse");
  EXPECT_EQ(not_worse.at("phase").as_string(), "whole run");
  // The same requests failed, at each of them: "candidate 120, baseline 120 of 800".
  for (const auto& check : not_worse.at("checks").as_array()) {
    if (check.at("name").as_string() != "errors") continue;
    const std::string measured(check.at("measured").as_string());
    int candidate = 0;
    int baseline = 0;
    ASSERT_EQ(std::sscanf(measured.c_str(), "candidate %d, baseline %d", &candidate, &baseline), 2) << measured;
    EXPECT_GT(candidate, 60) << "a fifth of some 675";
    EXPECT_NEAR(candidate, baseline, 2) << "one fault, one draw: only the edges of the phase may differ";
  }
  EXPECT_NE(finding(json, "differences").at("verdict").as_string(), "VIOLATED") << text_;
}

TEST_F(SideBySide, WhatWasPlantedIsFoundAndFoundAgainByVerify) {
  int exit_code = 0;
  const auto json = run({.name_field = "title", .tags = R"(["z","x","y"])", .slower = std::chrono::milliseconds(4)},
                        std::string(both) + "comparison: {ignore: [$..nonce]}\n", exit_code);
  const auto differences = finding(json, "differences");
  if (exit_code == 5) GTEST_SKIP() << "this machine lagged: " << text_;
  EXPECT_EQ(exit_code, 1) << text_;
  EXPECT_EQ(differences.at("verdict").as_string(), "VIOLATED");
  std::string checks;
  for (const auto& check : differences.at("checks").as_array())
    checks += fmt::format("{}: {}\n", std::string(check.at("name").as_string()),
                          std::string(check.at("verdict").as_string()));
  EXPECT_THAT(checks, HasSubstr("GET /orders/{id} $.name missing: VIOLATED"));
  EXPECT_THAT(checks, HasSubstr("GET /orders/{id} $.title added: VIOLATED"));
  EXPECT_THAT(checks, HasSubstr("GET /orders/{id} $.tags another order: VIOLATED"));
  EXPECT_THAT(checks, Not(HasSubstr("nonce")));
  EXPECT_EQ(finding(json, "not-worse").at("verdict").as_string(), "VIOLATED") << text_;

  const auto again = stormproof({"verify", "latest", "--db", out() + "/stormproof.db"});
  EXPECT_EQ(again.exit_code, 1) << again.err;
  EXPECT_EQ(boost::json::parse(again.out).at("findings"), json.at("findings"));
}

}  // namespace
}  // namespace stormproof::e2e
