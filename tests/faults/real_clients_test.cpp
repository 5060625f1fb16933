// What clients that were not written here make of each broken response: curl, and nginx as a proxy.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/faults/stage.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::faults {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string with_body(const std::string&, const std::string&) {
  const std::string body = "{\"charged\": true, \"amount\": 12}";
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

Rule rule_of() {
  Rule rule;
  rule.id = "rule";
  return rule;
}

support::Finished curl(std::uint16_t port) {
  const auto done =
      support::run_to_end({.argv = {"curl", "-sS", "--max-time", "10", fmt::format("http://127.0.0.1:{}/x", port)}});
  EXPECT_TRUE(done.has_value());
  return done.value_or(support::Finished{});
}

// curl's exit codes: 1 no HTTP, 18 partial, 52 empty, 56 cannot receive.
TEST(RealClients, CurlRefusesEveryBrokenResponse) {
  Stage stage(with_body);
  const auto sees = [&](const Rule& rule) {
    stage.apply(1, {rule});
    return curl(stage.port()).exit_code;
  };
  EXPECT_EQ(sees(rule_of()), 0);
  Rule rule = rule_of();
  rule.truncate = Truncate{};
  EXPECT_EQ(sees(rule), 18);
  rule.truncate->legal = true;
  EXPECT_EQ(sees(rule), 0);
  rule = rule_of();
  rule.framing = IllegalFraming::cut_chunk;
  EXPECT_EQ(sees(rule), 18);
  rule.framing = IllegalFraming::bad_chunk_size;
  EXPECT_EQ(sees(rule), 56);
  rule.framing = IllegalFraming::length_and_chunked;
  EXPECT_EQ(sees(rule), 56);
  rule.framing = IllegalFraming::two_lengths;
  EXPECT_THAT(sees(rule), AnyOf(8, 18, 56));
  rule = rule_of();
  rule.no_answer = NoAnswer::empty;
  EXPECT_EQ(sees(rule), 52);
  rule.no_answer = NoAnswer::reset;
  EXPECT_EQ(sees(rule), 56);
  rule.no_answer = NoAnswer::random;
  EXPECT_EQ(sees(rule), 1);
  rule = rule_of();
  rule.head_grows = 200'000;
  EXPECT_EQ(sees(rule), 0) << "many fields of a few kilobytes are below its limit of one";
}

TEST(RealClients, NginxSeesIllegalFramingAsIllegal) {
  const char* const program = "/usr/sbin/nginx";
  if (::access(program, X_OK) != 0) GTEST_SKIP() << "nginx is not installed";
  Stage stage(with_body);
  const support::TempDir folder;
  const std::uint16_t port = support::free_port();
  const std::string path = folder.path().string();
  std::string temporary;
  for (const char* one : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += fmt::format("{0}_temp_path {1}/{0}; ", one, path);
  const std::string config = fmt::format(
      "{5}daemon off; worker_processes 1; pid {0}/pid; error_log {0}/error.log info; events {{ worker_connections 64; "
      "}} "
      "http {{ access_log off; {1} server {{ listen 127.0.0.1:{2}; location / {{ proxy_pass http://127.0.0.1:{3}; "
      "proxy_http_version "
      "1.1; proxy_next_upstream off; }} }} }}{4}",
      path, temporary, port, stage.port(), "\n", ::geteuid() == 0 ? "user root; " : "");
  ASSERT_TRUE(support::write_file(folder.path() / "nginx.conf", config).has_value());
  const auto nginx =
      support::Process::start({.argv = {program, "-p", path, "-e", path + "/error.log", "-c", path + "/nginx.conf"}});
  ASSERT_TRUE(nginx.has_value());
  ASSERT_TRUE(nginx->wait_until_listening(port).has_value());
  const auto says = [&](const Rule& rule) {
    stage.apply(1, {rule});
    std::ofstream(folder.path() / "error.log", std::ios::trunc);  // nginx appends
    const auto answer = support::http(port, "/x");
    return fmt::format("{} {}", answer ? answer->status : 0,
                       support::read_file(folder.path() / "error.log").value_or(""));
  };
  EXPECT_THAT(says(rule_of()), ::testing::StartsWith("200"));
  Rule rule = rule_of();
  rule.framing = IllegalFraming::two_lengths;
  EXPECT_THAT(says(rule), HasSubstr("upstream prematurely closed connection"));
  rule.framing = IllegalFraming::length_and_chunked;
  EXPECT_THAT(says(rule), HasSubstr("upstream sent invalid chunked response"));
  rule.framing = IllegalFraming::bad_chunk_size;
  EXPECT_THAT(says(rule), HasSubstr("upstream sent invalid chunked response"));
  rule.framing = IllegalFraming::cut_chunk;
  EXPECT_THAT(says(rule), HasSubstr("upstream prematurely closed connection"));
  rule = rule_of();
  rule.no_answer = NoAnswer::reset;
  EXPECT_THAT(says(rule), ::testing::AllOf(::testing::StartsWith("502"), HasSubstr("Connection reset by peer")));
  rule = rule_of();
  rule.head_grows = 64 * 1024;
  EXPECT_THAT(says(rule), ::testing::AllOf(::testing::StartsWith("502"), HasSubstr("upstream sent too big header")));
}

}  // namespace
}  // namespace stormproof::faults
