// TLS on both sides of `stormproof record`, and `replay` to an https target: curl in front, nginx behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json.hpp>

#include "replay/capture_reader.h"
#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/certificates.h"
#include "tests/support/files.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using ::testing::HasSubstr;

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    auto nginx = subjects::Nginx::start(
        {.files = {{"large", 20'000'000}}, .tls = certificates_.issue({"localhost", "127.0.0.1"})});
    ASSERT_TRUE(nginx.has_value()) << nginx.error().to_string();
    nginx_.emplace(std::move(*nginx));
  }
  std::string file(const std::string& name) const { return (certificates_.folder() / name).string(); }
  std::string upstream() const { return "https://localhost:" + std::to_string(nginx_->port()); }
  std::vector<std::string> trusting(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--ca", certificates_.authority().string()});
    return arguments;
  }
  support::Finished curl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"curl", "-sS", "--max-time", "30", "--cacert", certificates_.authority()});
    auto finished = support::run_to_end({.argv = std::move(arguments)});
    EXPECT_TRUE(finished.has_value());
    return finished.value_or(support::Finished{});
  }
  static void finish(const Recording& recording) {
    recording.process.signal(SIGTERM);
    EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(20)), 0) << recording.process.err();
  }
  static std::vector<replay::Exchange> exchanges_of(const std::string& capture) {
    std::vector<replay::Exchange> all;
    auto reader = replay::CaptureReader::open(capture);
    if (!reader) return all;
    for (replay::Exchange exchange; reader->next(exchange).value(); exchange = {}) all.push_back(exchange);
    return all;
  }

  support::Certificates certificates_;
  support::Identity front_ = certificates_.issue({"localhost"});
  std::optional<subjects::Nginx> nginx_;
};

TEST_F(Tls, CurlToNginxWithTlsOnBothSidesIsByteExactAndRecordedInTheClear) {
  const Recording recording =
      start_recording(upstream(), file("x.traffic"),
                      trusting({"--tls-cert", front_.certificate, "--tls-key", front_.key, "--key-log", file("keys")}));
  const std::string url = "https://localhost:" + std::to_string(recording.port);
  const auto got = curl({"-w", "%{http_code} %{http_version} %{num_connects}\n", "-o", file("a"), url + "/large", "-o",
                         file("b"), "--data-binary", "@" + front_.key.string(), url + "/any/thing"});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_EQ(got.out, "405 1.1 1\n200 1.1 0\n") << "a static file refuses a POST";
  const auto down = curl({"-o", file("large"), url + "/large"});
  EXPECT_EQ(down.exit_code, 0) << down.err;
  const auto plain =
      support::run_to_end({.argv = {"curl", "-sS", "http://localhost:" + std::to_string(recording.port)}});
  EXPECT_NE(plain->exit_code, 0) << "who speaks no TLS is not answered";
  finish(recording);
  EXPECT_THAT(recording.process.err(), HasSubstr("1  TLS handshakes with clients failed"));

  const std::string large = support::read_file(file("large")).value();
  ASSERT_EQ(large.size(), 20'000'000u);
  EXPECT_EQ(large.substr(0, 30), "abcdefghijklmnopqrstuvwxyzabcd");
  const auto all = exchanges_of(file("x.traffic"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].request.body, support::read_file(front_.key).value());
  EXPECT_TRUE(all[2].response.body == large);
  EXPECT_EQ(all[2].ending, replay::Ending::complete);
  EXPECT_THAT(support::read_file(file("keys")).value(), HasSubstr("CLIENT_TRAFFIC_SECRET_0 "));
}

TEST_F(Tls, AnUpstreamThatTheSystemDoesNotTrustIsNotAskedUnlessToldTo) {
  {
    const Recording recording = start_recording(upstream(), file("refused.traffic"), {});
    const auto got = curl({"-i", "http://localhost:" + std::to_string(recording.port) + "/charge/1"});
    EXPECT_THAT(got.out, ::testing::StartsWith("HTTP/1.1 502 "));
    EXPECT_THAT(got.out, HasSubstr("there is no TLS with the upstream: its certificate is not accepted: "));
    finish(recording);
  }
  EXPECT_TRUE(nginx_->arrivals().empty());
  const Recording recording = start_recording(upstream(), file("insecure.traffic"), {"--insecure"});
  EXPECT_EQ(curl({"http://localhost:" + std::to_string(recording.port) + "/charge/1"}).out, "{\"charged\":true}\n");
  finish(recording);
}

TEST_F(Tls, AReplayReachesAnHttpsTarget) {
  {
    const Recording recording = start_recording(upstream(), file("x.traffic"), trusting({}));
    curl({"http://localhost:" + std::to_string(recording.port) + "/charge/[1-20]"});
    finish(recording);
  }
  const std::string target = "https://127.0.0.1:" + std::to_string(nginx_->port());
  const auto replayed =
      stormproof(trusting({"replay", file("x.traffic"), "--target", target, "--rate", "200/s", "--json"}));
  EXPECT_THAT(replayed.exit_code, ::testing::AnyOf(0, 5)) << replayed.err;  // 5: this machine lagged
  EXPECT_EQ(boost::json::parse(replayed.out).at("answered").as_int64(), 20) << replayed.out;
  EXPECT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return nginx_->arrivals().size() == 40; }));

  const auto stranger = stormproof({"replay", file("x.traffic"), "--target", target, "--rate", "200/s", "--json"});
  EXPECT_EQ(stranger.exit_code, 4) << stranger.err;
  EXPECT_EQ(boost::json::parse(stranger.out).at("failures").at("tls failed").as_int64(), 20) << stranger.out;
  EXPECT_EQ(nginx_->arrivals().size(), 40u);
}

TEST_F(Tls, WhatCannotWorkIsSaidAtOnce) {
  const std::vector<std::string> record = {"record", "--listen", "127.0.0.1:0", "--out", file("none.traffic")};
  const auto refused = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments = record;
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto finished = stormproof(arguments);
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    return finished.err;
  };
  EXPECT_THAT(refused(trusting({"--upstream", "http://127.0.0.1:1"})), HasSubstr("--ca is for an https:// URL"));
  EXPECT_THAT(refused({"--upstream", "http://127.0.0.1:1", "--key-log", file("keys")}),
              HasSubstr("--key-log is for TLS"));
  EXPECT_THAT(refused({"--upstream", upstream(), "--tls-cert", front_.certificate, "--tls-key", file("none")}),
              HasSubstr("cannot read the key " + file("none")));
  const auto other = certificates_.issue({"other.test"});
  EXPECT_THAT(refused({"--upstream", upstream(), "--tls-cert", front_.certificate, "--tls-key", other.key}),
              HasSubstr("does not belong to the certificate"));
  EXPECT_FALSE(std::filesystem::exists(file("none.traffic")));
}

}  // namespace
}  // namespace stormproof::e2e
