// `stormproof record --shadow` with real peers: curl in front, one nginx behind and another as the candidate.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>

#include "harness/base/seed.h"
#include "replay/capture_reader.h"
#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/files.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using ::testing::HasSubstr;

class Shadow : public ::testing::Test {
 protected:
  void SetUp() override {
    for (auto* const nginx : {&upstream_, &candidate_}) {
      auto started = subjects::Nginx::start({.files = {{"large", 3'000'000}}});
      ASSERT_TRUE(started.has_value()) << started.error().to_string();
      nginx->emplace(std::move(*started));
    }
  }
  std::filesystem::path capture() const { return folder_.path() / "x.traffic"; }
  // A busy machine is no reason to switch off here.
  Recording record(std::vector<std::string> more) const {
    more.insert(more.end(), {"--shadow", candidate_->url(), "--shadow-delay-max", "1h"});
    return start_recording(upstream_->port(), capture(), more);
  }
  // What curl printed; a failure of the test where it did not end well.
  static std::string curl(const Recording& recording, std::vector<std::string> arguments, const std::string& path) {
    arguments.insert(arguments.begin(), {"curl", "-sS", "--fail", "--max-time", "20"});
    arguments.push_back("http://127.0.0.1:" + std::to_string(recording.port) + path);
    const auto finished = support::run_to_end({.argv = std::move(arguments)});
    EXPECT_TRUE(finished.has_value() && finished->exit_code == 0) << (finished ? finished->err : "");
    return finished ? finished->out : "";
  }
  static std::string end(const Recording& recording) {
    recording.process.signal(SIGTERM);
    EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(20)), 0) << recording.process.err();
    return recording.process.err();
  }
  // As logged, in order of the alphabet, once there are `count`: nginx writes its log behind its answer.
  static std::vector<std::string> requests_at(const subjects::Nginx& nginx, std::size_t count) {
    support::eventually(std::chrono::seconds(5), [&] { return nginx.arrivals().size() >= count; });
    std::vector<std::string> requests;
    for (const auto& arrival : nginx.arrivals()) requests.push_back(arrival.request);
    std::ranges::sort(requests);
    return requests;
  }
  // The capture holds that many live exchanges, and for each the candidate's: of the same request.
  void expect_pairs(std::size_t count) const {
    auto reader = replay::CaptureReader::open(capture().string());
    ASSERT_TRUE(reader.has_value()) << reader.error().message;
    std::map<std::uint64_t, replay::Exchange> live;
    std::vector<replay::Exchange> shadows;
    for (replay::Exchange exchange; reader->next(exchange).value(); exchange = {}) {
      if (exchange.shadow_of == 0) live[exchange.id] = exchange;
      else shadows.push_back(exchange);
    }
    EXPECT_EQ(live.size(), count);
    EXPECT_EQ(shadows.size(), count);
    for (const replay::Exchange& shadow : shadows) {
      const replay::Exchange& of = live[shadow.shadow_of];
      EXPECT_EQ(shadow.ending, replay::Ending::complete);
      EXPECT_TRUE(shadow.request == of.request);
      EXPECT_TRUE(shadow.response.body == of.response.body);
      EXPECT_GE(shadow.request_start, of.request_start);
      live.erase(shadow.shadow_of);
    }
    EXPECT_TRUE(live.empty()) << "each has its own";
  }
  support::TempDir folder_;
  std::optional<subjects::Nginx> upstream_;
  std::optional<subjects::Nginx> candidate_;
};

TEST_F(Shadow, TheCandidateGetsWhatTheUpstreamGets) {
  const Recording recording = record({});
  curl(recording, {"-o", "/dev/null"}, "/charge/[1-20]");
  EXPECT_EQ(curl(recording, {}, "/large").size(), 3'000'000u);
  curl(recording, {"-I"}, "/large");
  curl(recording, {"-X", "OPTIONS"}, "/any/1");
  const std::string said = end(recording);
  EXPECT_EQ(requests_at(*upstream_, 23).size(), 23u);
  EXPECT_EQ(requests_at(*candidate_, 23), requests_at(*upstream_, 23));
  for (const auto& arrival : candidate_->arrivals()) EXPECT_EQ(arrival.status, 200) << arrival.request;
  EXPECT_THAT(said, HasSubstr("        23  shadow: requests chosen\n        23  shadow: sent\n"
                              "        23  shadow: answered\n"));
  EXPECT_THAT(said, HasSubstr("shadowed by " + candidate_->url()));
  expect_pairs(23);
}

// Reads a head and this much of a body, keeps both, and answers.
support::RawServer::Play take_upload(std::size_t body_bytes, std::string& taken) {
  return [body_bytes, &taken](support::RawConnection& client) {
    const auto head = client.read_until("\r\n\r\n");
    const auto body = client.read(body_bytes);
    if (!head || !body) return;
    taken = *head + *body;
    static_cast<void>(client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    client.read_to_end();
  };
}

TEST_F(Shadow, AnUploadArrivesByteForByteAtBoth) {
  const std::string upload = (folder_.path() / "upload").string();
  ASSERT_TRUE(support::write_file(upload, std::string(2'000'000, 'u')).has_value());
  std::string live;
  std::string shadowed;
  {
    support::RawServer upstream(take_upload(2'000'000, live));
    support::RawServer candidate(take_upload(2'000'000, shadowed));
    const Recording recording = start_recording(upstream.port(), capture(),
                                                {"--shadow", "http://127.0.0.1:" + std::to_string(candidate.port()),
                                                 "--shadow-writes", "--shadow-delay-max", "1h"});
    curl(recording, {"-H", "Expect:", "--data-binary", "@" + upload}, "/upload");
    EXPECT_THAT(end(recording), HasSubstr("         1  shadow: answered\n"));
  }
  EXPECT_GT(live.size(), 2'000'000u);
  EXPECT_TRUE(shadowed == live);
}

TEST_F(Shadow, AShareOfThePathsAndOfWhatReads) {
  const Recording recording = record({"--shadow-share", "25%", "--shadow-paths", "/charge/*"});
  curl(recording, {"-o", "/dev/null"}, "/charge/[1-100]");
  curl(recording, {"-o", "/dev/null"}, "/any/[1-20]");
  curl(recording, {"-o", "/dev/null", "-d", "x=y"}, "/charge/[1-20]");
  end(recording);
  std::vector<std::string> expected;
  for (std::uint64_t request = 1; request <= 100; ++request) {
    if (base::draw_unit(0, "shadow", request) < 0.25) {
      expected.push_back("GET /charge/" + std::to_string(request) + " HTTP/1.1");
    }
  }
  std::ranges::sort(expected);
  EXPECT_EQ(requests_at(*upstream_, 140).size(), 140u);
  EXPECT_EQ(requests_at(*candidate_, expected.size()), expected);
}

TEST_F(Shadow, ACandidateThatStandsStillIsNotFelt) {
  const Recording recording = record({});
  candidate_->process().signal_group(SIGSTOP);
  curl(recording, {"-o", "/dev/null"}, "/charge/[1-200]");
  EXPECT_EQ(requests_at(*upstream_, 200).size(), 200u);
  candidate_->process().signal_group(SIGCONT);
  EXPECT_THAT(end(recording), HasSubstr("       200  shadow: answered\n"));
}

TEST_F(Shadow, IsRefusedWhereItWouldMeetItself) {
  const auto with = [&](const std::string& listen, const std::string& url) {
    return stormproof(
        {"record", "--listen", listen, "--upstream", upstream_->url(), "--out", capture().string(), "--shadow", url});
  };
  const auto upstream = with("127.0.0.1:0", "http://localhost:" + std::to_string(upstream_->port()));
  EXPECT_EQ(upstream.exit_code, 2);
  EXPECT_THAT(upstream.err, HasSubstr("is the upstream itself"));
  const auto listener = with("0.0.0.0:39", "http://127.0.0.1:39");
  EXPECT_EQ(listener.exit_code, 2);
  EXPECT_THAT(listener.err, HasSubstr("is where we listen"));
  EXPECT_FALSE(std::filesystem::exists(capture()));
}

TEST_F(Shadow, MethodsThatWriteAreRefusedWithoutAWord) {
  const auto refused = stormproof({"record", "--listen", "127.0.0.1:0", "--upstream", upstream_->url(), "--out",
                                   capture().string(), "--shadow", candidate_->url(), "--shadow-methods", "POST"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("add --shadow-writes"));
}

}  // namespace
}  // namespace stormproof::e2e
