// `compare`: the program, a capture, and two versions of a small server with planted regressions.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <charconv>

#include "replay/capture_writer.h"
#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

struct Version {
  std::string name_field = "name";
  std::string tags = R"(["x","y","z"])";
  int failing_id = -1;
};

// Answers GET /orders/N with JSON in which `nonce` is never the same, at no server.
support::RawServer::Play orders(Version version) {
  static std::atomic<int> servers = 0;
  auto nonce = std::make_shared<std::atomic<int>>(++servers * 100'000);
  return [version, nonce](support::RawConnection& connection) {
    while (true) {
      const auto head = connection.read_until("\r\n\r\n");
      if (!head) return;
      int id = 0;
      const auto at = head->find("/orders/") + 8;
      std::from_chars(head->data() + at, head->data() + head->size(), id);
      const std::string body = fmt::format(R"({{"id":{},"{}":"shoe","tags":{},"nonce":{}}})", id, version.name_field,
                                           version.tags, ++*nonce * 7919 % 10'007);
      const auto sent =
          connection.send(fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                      id == version.failing_id ? "500 Oops" : "200 OK", body.size(), body));
      if (!sent) return;
    }
  };
}

std::string url(const support::RawServer& server) { return fmt::format("http://127.0.0.1:{}", server.port()); }

class Compare : public ::testing::Test {
 protected:
  void SetUp() override {
    auto writer = replay::CaptureWriter::create(capture(), {});
    ASSERT_TRUE(writer.has_value());
    for (std::uint64_t i = 1; i <= 320; ++i) {
      replay::Exchange exchange;
      exchange.id = i;
      exchange.connection = i % 8 + 1;
      exchange.request_start = base::Time(std::chrono::milliseconds(i));
      exchange.request.head =
          fmt::format("{} /orders/{} HTTP/1.1\r\nHost: shop\r\n\r\n", i == 100 ? "DELETE" : "GET", i);
      exchange.response.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      ASSERT_TRUE(writer->append(exchange).has_value());
    }
    ASSERT_TRUE(writer->close().has_value());
  }
  std::string capture() const { return (folder_.path() / "shop.traffic").string(); }
  support::Finished compare(std::vector<std::string> options) const {
    std::vector<std::string> arguments = {"compare", capture()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return stormproof(arguments);
  }
  support::TempDir folder_;
  support::RawServer baseline_{orders({})};
  support::RawServer second_{orders({})};
};

TEST_F(Compare, AVersionAndItselfAreToldToBeAlike) {
  support::RawServer candidate(orders({}));
  const auto finished = compare({"--baseline", url(baseline_), "--second-baseline", url(second_), "--candidate",
                                 url(candidate), "--gate", "differences", "--gate", "errors", "--loop", "2", "--json"});
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  const auto json = boost::json::parse(finished.out);
  EXPECT_EQ(json.at("requests").as_int64(), 638);
  EXPECT_EQ(json.at("writes_refused").as_int64(), 1);
  EXPECT_EQ(json.at("differences").at(0).at("path").as_string(), "$.nonce");
  EXPECT_EQ(json.at("differences").at(0).at("cause").as_string(), "noise");
}

TEST_F(Compare, WhatWasPlantedIsFoundAndShown) {
  support::RawServer candidate(orders({.name_field = "title", .tags = R"(["z","x","y"])", .failing_id = 200}));
  const auto finished =
      compare({"--baseline", url(baseline_), "--second-baseline", url(second_), "--candidate", url(candidate)});
  EXPECT_EQ(finished.exit_code, 1) << finished.err;
  EXPECT_TRUE(finished.out.starts_with("VIOLATED")) << finished.out;
  EXPECT_THAT(finished.out, HasSubstr("$.name  missing"));
  EXPECT_THAT(finished.out, HasSubstr("$.title  added"));
  EXPECT_THAT(finished.out, HasSubstr("$.tags  another order"));
  // One request of 319: its repeats show that it stays.
  EXPECT_THAT(finished.out, HasSubstr("status:500  changed"));
  EXPECT_THAT(finished.out,
              HasSubstr(fmt::format("curl -sS -i --path-as-is -g {}/orders/200 -H 'Host: shop'", url(candidate))));
}

TEST_F(Compare, WhatIsIgnoredIsNotFound) {
  support::RawServer candidate(orders({.name_field = "name", .tags = R"(["z","x","y"])", .failing_id = 200}));
  const auto finished = compare({"--baseline", url(baseline_), "--second-baseline", url(second_), "--candidate",
                                 url(candidate), "--unordered", "$.tags", "--ignore", "status", "--ignore", "$..nonce",
                                 "--gate", "differences", "--loop", "2"});
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
}

TEST_F(Compare, WithoutASecondBaselineItSaysThatNoiseCannotBeTold) {
  support::RawServer candidate(orders({}));
  const auto finished = compare({"--baseline", url(baseline_), "--candidate", url(candidate)});
  EXPECT_EQ(finished.exit_code, 5) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("cannot be told from noise"));
}

TEST_F(Compare, MisuseAndAbsentTargetsHaveTheirOwnExitCodes) {
  EXPECT_EQ(compare({"--baseline", url(baseline_)}).exit_code, 2);
  EXPECT_EQ(compare({"--baseline", url(baseline_), "--candidate", url(second_), "--ignore", "nonsense"}).exit_code, 2);
  EXPECT_EQ(compare({"--recorded"}).exit_code, 3) << "no shadow is in it";
  const std::string nobody = fmt::format("http://127.0.0.1:{}", support::free_port());
  const auto absent = compare({"--baseline", url(baseline_), "--candidate", nobody});
  EXPECT_EQ(absent.exit_code, 4) << absent.out;
  EXPECT_THAT(absent.err, HasSubstr("answered nothing"));
}

TEST_F(Compare, TwoRealServersOfOneVersionAreNotAccused) {
  auto one = subjects::Nginx::start({});
  auto two = subjects::Nginx::start({});
  auto three = subjects::Nginx::start({});
  ASSERT_TRUE(one && two && three);
  const auto finished = compare({"--baseline", one->url(), "--second-baseline", two->url(), "--candidate", three->url(),
                                 "--loop", "3", "--json"});
  EXPECT_THAT(finished.exit_code, AnyOf(0, 5)) << finished.out << finished.err;
  const auto json = boost::json::parse(finished.out);
  EXPECT_EQ(json.at("gates").at(0).at("verdict").as_string(), "HOLDS") << finished.out;
}

}  // namespace
}  // namespace stormproof::e2e
