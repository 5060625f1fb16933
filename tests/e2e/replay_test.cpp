// `import`, `inspect` and `replay` on real input, against a real nginx.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "replay/capture_reader.h"
#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

using ::testing::HasSubstr;

class Ecommerce : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto corpora = support::corpora_dir();
    if (!corpora) GTEST_SKIP() << "../shared/corpora is absent";
    const auto gor = *corpora / "gor/goreplay/ecommerce-workshop__requests_0.gor";
    const auto imported = stormproof({"import", gor.string(), "--out", capture()});
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
  }
  std::string capture() const { return (folder_.path() / "shop.traffic").string(); }
  support::TempDir folder_;
};

TEST_F(Ecommerce, InspectKnowsItsRequestsAndItsSpan) {
  const auto inspected = stormproof({"inspect", capture(), "--json"});
  ASSERT_EQ(inspected.exit_code, 0) << inspected.err;
  const auto json = boost::json::parse(inspected.out);
  EXPECT_EQ(json.at("schema").as_string(), "stormproof.inspect/1");
  EXPECT_THAT(inspected.out, HasSubstr("\"GET\":99"));
  EXPECT_THAT(inspected.out, HasSubstr("\"POST\":2"));
}

TEST_F(Ecommerce, TheReplayKeepsOrderAndTimingAndSendsWhatWritesOnlyWhenAllowed) {
  auto nginx = subjects::Nginx::start({});
  ASSERT_TRUE(nginx.has_value()) << nginx.error().to_string();
  // 518.564 s of traffic at 200x: 2.593 s.
  const auto replayed =
      stormproof({"replay", capture(), "--target", nginx->url(), "--speed", "200x", "--allow-writes", "--json"});
  EXPECT_THAT(replayed.exit_code, ::testing::AnyOf(0, 5))
      << replayed.err;  // 5: this machine lagged, which is no error of ours
  const auto json = boost::json::parse(replayed.out);
  EXPECT_EQ(json.at("requests").as_int64(), 101);
  EXPECT_EQ(json.at("answered").as_int64(), 101);
  EXPECT_NEAR(json.at("sending_seconds").as_double(), 2.593, 0.2);

  const auto arrivals = nginx->arrivals();
  ASSERT_EQ(arrivals.size(), 101u);
  auto reader = replay::CaptureReader::open(capture());
  ASSERT_TRUE(reader.has_value());
  std::vector<std::string> recorded;
  for (replay::Exchange exchange; reader->next(exchange).value();) {
    recorded.push_back(exchange.request.head.substr(0, exchange.request.head.find("\r\n")));
  }
  std::vector<std::string> arrived;
  for (const auto& arrival : arrivals) arrived.push_back(arrival.request);
  EXPECT_EQ(arrived, recorded);

  const auto refused = stormproof({"replay", capture(), "--target", nginx->url(), "--speed", "2000x", "--json"});
  EXPECT_EQ(boost::json::parse(refused.out).at("requests").as_int64(), 99);
  EXPECT_EQ(boost::json::parse(refused.out).at("writes_refused").as_int64(), 2);
}

TEST_F(Ecommerce, ATargetThatIsNotThereIsAnErrorOfItsOwn) {
  const auto replayed = stormproof({"replay", capture(), "--target",
                                    "http://127.0.0.1:" + std::to_string(support::free_port()), "--speed", "5000x"});
  EXPECT_EQ(replayed.exit_code, 4) << replayed.out;
  EXPECT_THAT(replayed.err, HasSubstr("answered nothing"));
}

TEST_F(Ecommerce, NothingIsOverwritten) {
  const std::string before = support::read_file(capture()).value();
  const auto corpora = support::corpora_dir();
  const auto again = stormproof(
      {"import", (*corpora / "gor/goreplay/ecommerce-workshop__requests_0.gor").string(), "--out", capture()});
  EXPECT_EQ(again.exit_code, 3) << again.err;
  EXPECT_EQ(support::read_file(capture()).value(), before);
}

TEST(Captures, WhatIsNoCaptureIsRefusedInOneSentence) {
  const support::TempDir folder;
  const std::string file = (folder.path() / "notes.txt").string();
  std::ofstream(file) << "hello";
  for (const std::string command : {"inspect", "replay"}) {
    std::vector<std::string> arguments = {command, file};
    if (command == "replay") arguments.insert(arguments.end(), {"--target", "http://127.0.0.1:1"});
    const auto finished = stormproof(arguments);
    EXPECT_EQ(finished.exit_code, 3) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(file));
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  }
}

}  // namespace
}  // namespace stormproof::e2e
