// `stormproof record` over several files, and when its file is taken away.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <set>

#include "harness/base/seed.h"
#include "replay/capture_reader.h"
#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/http.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class RecordFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    auto nginx = subjects::Nginx::start({.files = {{"small", 1000}}});
    ASSERT_TRUE(nginx.has_value()) << nginx.error().to_string();
    nginx_.emplace(std::move(*nginx));
  }
  void ask(const Recording& recording, std::string_view target) {
    const auto answer = support::http(recording.port, target);
    ASSERT_TRUE(answer.has_value()) << answer.error().to_string();
    ASSERT_EQ(answer->status, 200);
  }
  void finish(const Recording& recording) {
    recording.process.signal(SIGTERM);
    EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(20)), 0) << recording.process.err();
  }
  static std::uint64_t exchanges_in(const fs::path& file) {
    const auto reader = replay::CaptureReader::open(file.string());
    EXPECT_TRUE(reader) << reader.error().message;
    if (!reader) return 0;
    EXPECT_FALSE(reader->torn()) << file;
    return reader->exchanges();
  }
  std::vector<std::string> names() const {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_.path())) all.insert(entry.path().filename().string());
    return {all.begin(), all.end()};
  }
  fs::path file(const std::string& name) const { return folder_.path() / name; }

  support::TempDir folder_;
  std::optional<subjects::Nginx> nginx_;
};

TEST_F(RecordFiles, ANewFileEverySecondAndOnlyTheLastAreKept) {
  const Recording recording =
      start_recording(nginx_->port(), file("x.traffic"), {"--rotate-every", "1s", "--keep", "2"});
  for (const char* next : {"x-000002.traffic", "x-000003.traffic", "x-000004.traffic"}) {
    ask(recording, "/small");
    ASSERT_TRUE(support::eventually(std::chrono::seconds(10), [&] { return fs::exists(file(next)); })) << next;
  }
  ask(recording, "/small");
  finish(recording);
  EXPECT_THAT(names(), ElementsAre("x-000003.traffic", "x-000004.traffic"));
  EXPECT_EQ(exchanges_in(file("x-000003.traffic")), 1u);
  EXPECT_EQ(exchanges_in(file("x-000004.traffic")), 1u);
  EXPECT_THAT(recording.process.err(), HasSubstr("4  recorded, "));
  EXPECT_THAT(recording.process.err(), HasSubstr("4  files; 2 of them removed again by --keep"));
}

// Bytes that do not compress: others would never fill a file.
void answer_noise(support::RawConnection& connection) {
  for (std::uint64_t seed = 0; connection.read_until("\r\n\r\n"); ++seed) {
    std::string body;
    for (std::uint64_t i = 0; body.size() < 200'000; ++i) {
      const std::uint64_t drawn = base::draw(seed, "noise", i);
      body.append(reinterpret_cast<const char*>(&drawn), sizeof drawn);
    }
    if (!connection.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.size()) + body)) return;
  }
}

TEST_F(RecordFiles, ANewFileWhenASizeIsReached) {
  support::RawServer server(answer_noise);
  const Recording recording = start_recording(server.port(), file("x.traffic"), {"--rotate-size", "1MB"});
  int asked = 0;
  while (!fs::exists(file("x-000003.traffic"))) {
    ASSERT_LT(asked, 500);
    ask(recording, fmt::format("/{}", asked++));
  }
  finish(recording);
  std::uint64_t recorded = 0;
  for (const std::string& name : names()) recorded += exchanges_in(file(name));
  EXPECT_EQ(recorded, static_cast<std::uint64_t>(asked));
  EXPECT_GE(fs::file_size(file("x-000001.traffic")), 1'000'000u);
}

TEST_F(RecordFiles, ARenamedFileIsWholeAtOnceAndTheRecordingGoesOn) {
  const Recording recording = start_recording(nginx_->port(), file("x.traffic"));
  ask(recording, "/small");
  fs::rename(file("x.traffic"), file("y.traffic"));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(10), [&] {
    return recording.process.err().find("the recording goes on in") != std::string::npos;
  }));
  EXPECT_EQ(exchanges_in(file("y.traffic")), 1u);
  ask(recording, "/small");
  finish(recording);
  EXPECT_EQ(exchanges_in(file("x.traffic")), 1u);
  EXPECT_THAT(names(), ElementsAre("x.traffic", "y.traffic"));
}

TEST_F(RecordFiles, WhatWasInARemovedFileIsCounted) {
  const Recording recording = start_recording(nginx_->port(), file("x.traffic"));
  ask(recording, "/small");
  ASSERT_TRUE(support::eventually(std::chrono::seconds(10), [&] {
    return stormproof({"inspect", file("x.traffic").string(), "--json"}).out.find("\"exchanges\":1") !=
           std::string::npos;
  }));
  fs::remove(file("x.traffic"));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(10), [&] { return fs::exists(file("x.traffic")); }));
  ask(recording, "/small");
  ask(recording, "/small");
  finish(recording);
  EXPECT_EQ(exchanges_in(file("x.traffic")), 2u);
  EXPECT_THAT(stormproof({"inspect", file("x.traffic").string()}).out, HasSubstr("1  dropped: file removed"));
  EXPECT_THAT(recording.process.err(),
              HasSubstr("was removed while it is recorded, and the 1 exchanges in it are lost"));
}

TEST_F(RecordFiles, OptionsThatMakeNoSenseAreRefused) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused = {
      {{"--keep", "3"}, "--keep is about the files of"},
      {{"--rotate-every", "1h", "--keep", "some"}, "'some' is neither a number of files nor a size"},
      {{"--rotate-every", "1h", "--keep", "0"}, "'0' is neither"},
      {{"--rotate-every", "5"}, "--rotate-every: "},
      {{"--rotate-every", "1ms"}, "--rotate-every: a file has at least 1.00 s"},
      {{"--rotate-size", "1s"}, "--rotate-size: "},
      {{"--rotate-size", "1KB"}, "--rotate-size: a file has at least"},
  };
  for (const auto& [options, complaint] : refused) {
    std::vector<std::string> arguments = {
        "record", "--listen", "127.0.0.1:0", "--upstream", nginx_->url(), "--out", file("x.traffic").string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto ended = stormproof(arguments);
    EXPECT_EQ(ended.exit_code, 2) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(complaint));
  }
  EXPECT_THAT(names(), ElementsAre());
}

}  // namespace
}  // namespace stormproof::e2e
