#include "harness/app/shadow_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace stormproof::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a command line of these words makes; an error where CLI11 refuses it.
base::Result<proxy::ShadowOptions> read(const std::string& line) {
  CLI::App app;
  ShadowChoices choices;
  add_shadow_options(app, choices);
  try {
    app.parse(line);
  } catch (const CLI::ParseError& error) {
    return base::fail(error.what());
  }
  return shadow_options(choices);
}

std::string error_of(const std::string& line) {
  const auto options = read(line);
  return options ? "" : options.error().message;
}

const std::string url = "--shadow http://127.0.0.1:9 ";

TEST(ShadowOptions, ByDefaultEverythingThatReads) {
  const auto options = read(url);
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->share, 1.0);
  EXPECT_EQ(options->memory_bytes_max, 64u << 20);
  EXPECT_EQ(options->added_p99_max, std::chrono::milliseconds(5));
  EXPECT_THAT(options->only.methods, ElementsAre("GET", "HEAD", "OPTIONS"));
  EXPECT_THAT(options->only.paths, IsEmpty());
}

TEST(ShadowOptions, EachOptionHasItsEffect) {
  const auto options = read(url +
                            "--shadow-share 2.5% --shadow-methods get,HEAD --shadow-paths /a/* /b"
                            " --shadow-memory 8MiB --shadow-delay-max 20ms");
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_DOUBLE_EQ(options->share, 0.025);
  EXPECT_THAT(options->only.methods, ElementsAre("GET", "HEAD"));
  EXPECT_THAT(options->only.paths, ElementsAre("/a/*", "/b"));
  EXPECT_EQ(options->memory_bytes_max, 8u << 20);
  EXPECT_EQ(options->added_p99_max, std::chrono::milliseconds(20));
}

TEST(ShadowOptions, MethodsThatWriteNeedAWord) {
  EXPECT_EQ(error_of(url + "--shadow-methods GET,POST"),
            "POST may change something at the shadow's candidate: add --shadow-writes");
  EXPECT_THAT(read(url + "--shadow-methods GET,POST --shadow-writes").value().only.methods, ElementsAre("GET", "POST"));
  EXPECT_THAT(read(url + "--shadow-writes").value().only.methods, IsEmpty()) << "all of them";
}

TEST(ShadowOptions, WhatIsWrongIsNamed) {
  EXPECT_THAT(error_of(url + "--shadow-share 110%"), HasSubstr("110%"));
  EXPECT_THAT(error_of(url + "--shadow-memory lots"), HasSubstr("lots"));
  EXPECT_THAT(error_of(url + "--shadow-memory 100KiB"),
              HasSubstr("--shadow-memory 100KiB is too little: at least 1.3"));
  EXPECT_THAT(error_of(url + "--shadow-delay-max 5"), HasSubstr("5"));
  EXPECT_THAT(error_of("--shadow-share 10%"), HasSubstr("requires --shadow"));
}

wire::Endpoint at(const char* address) { return wire::parse_listen_address(address).value(); }

bool loops(const char* candidate, const char* upstream, const char* listener) {
  return !refuse_loop(at(candidate), at(upstream), at(listener)).has_value();
}

TEST(ShadowOptions, ACandidateThatIsTheUpstreamOrTheListenerIsRefused) {
  EXPECT_FALSE(loops("127.0.0.1:3", "127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_FALSE(loops("127.0.0.2:1", "127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_TRUE(loops("127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_TRUE(loops("localhost:1", "127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_TRUE(loops("127.0.0.1:2", "127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_TRUE(loops("127.0.0.1:2", "127.0.0.1:1", ":2")) << "a listener on all addresses";
  EXPECT_TRUE(loops("0.0.0.0:2", "127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_TRUE(loops("[::ffff:127.0.0.1]:1", "127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_FALSE(loops("192.0.2.1:2", "127.0.0.1:1", ":2")) << "no address of this machine";
}

TEST(ShadowOptions, TheAccountHasALineForEveryCause) {
  proxy::ShadowCounts counts;
  EXPECT_EQ(account_of(counts), "         0  shadow: requests chosen\n");
  counts.chosen = 9;
  counts.sent = 7;
  counts.answered = 5;
  counts.failed[static_cast<std::size_t>(proxy::ShadowLoss::reset)] = 2;
  counts.dropped[static_cast<std::size_t>(proxy::ShadowLoss::no_memory)] = 2;
  EXPECT_EQ(account_of(counts),
            "         9  shadow: requests chosen\n"
            "         7  shadow: sent\n"
            "         5  shadow: answered\n"
            "         2  shadow: failed: candidate broke off\n"
            "         2  shadow: dropped: no memory left\n");
}

}  // namespace
}  // namespace stormproof::app
