// `stormproof record` with real peers: curl in front, nginx behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "replay/capture_reader.h"
#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/raw_connection.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using ::testing::HasSubstr;

std::vector<replay::Exchange> exchanges_of(const std::filesystem::path& file) {
  std::vector<replay::Exchange> all;
  auto reader = replay::CaptureReader::open(file.string());
  if (!reader) {
    ADD_FAILURE() << reader.error().to_string();
    return all;
  }
  for (replay::Exchange exchange; reader->next(exchange).value(); exchange = {}) all.push_back(exchange);
  return all;
}

class Record : public ::testing::Test {
 protected:
  void SetUp() override {
    auto nginx = subjects::Nginx::start({.files = {{"small", 1000}, {"large", 20'000'000}}});
    ASSERT_TRUE(nginx.has_value()) << nginx.error().to_string();
    nginx_.emplace(std::move(*nginx));
  }
  std::filesystem::path capture() const { return folder_.path() / "x.traffic"; }
  void finish(const Recording& recording) {
    recording.process.signal(SIGTERM);
    EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(20)), 0) << recording.process.err();
  }
  support::TempDir folder_;
  std::optional<subjects::Nginx> nginx_;
};

TEST_F(Record, CurlGetsTheSameBytesAndTheCaptureHasThem) {
  const Recording recording = start_recording(nginx_->port(), capture());
  const std::string url = "http://127.0.0.1:" + std::to_string(recording.port);
  const auto got = support::run_to_end({.argv = {"curl", "-sS", "-i", url + "/small", url + "/charge/7"}});
  ASSERT_TRUE(got.has_value());
  finish(recording);
  const auto all = exchanges_of(capture());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(all[0].request.head, ::testing::StartsWith("GET /small HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_EQ(all[0].response.head + all[0].response.body + all[1].response.head + all[1].response.body, got->out);
  EXPECT_EQ(all[0].connection, all[1].connection);
  EXPECT_EQ(all[0].ending, replay::Ending::complete);
  EXPECT_LE(all[0].request_start, all[0].response_start);
  EXPECT_LE(all[0].response_start, all[0].response_end);
}

TEST_F(Record, ALargeResponse) {
  const Recording recording = start_recording(nginx_->port(), capture());
  const std::string url = "http://127.0.0.1:" + std::to_string(recording.port);
  const auto down =
      support::run_to_end({.argv = {"curl", "-sS", "-o", (folder_.path() / "got").string(), url + "/large"}});
  ASSERT_TRUE(down.has_value());
  finish(recording);
  const auto all = exchanges_of(capture());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].response.body.size(), 20'000'000u);
  EXPECT_TRUE(all[0].response.body == support::read_file(folder_.path() / "got").value());
}

TEST_F(Record, ALargeUploadThatWaitsForItsContinue) {
  constexpr std::size_t upload_bytes = 5'000'000;
  support::RawServer server([](support::RawConnection& client) {
    if (!client.read_until("\r\n\r\n") || !client.send("HTTP/1.1 100 Continue\r\n\r\n")) return;
    if (client.read(upload_bytes)) static_cast<void>(client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  });
  const Recording recording = start_recording(server.port(), capture());
  const std::filesystem::path upload = folder_.path() / "upload";
  ASSERT_TRUE(support::write_file(upload, std::string(upload_bytes, 'u')).has_value());
  const auto up = support::run_to_end(
      {.argv = {"curl", "-sS", "-H", "Expect: 100-continue", "--data-binary", "@" + upload.string(), "-w",
                "%{http_code}", "http://127.0.0.1:" + std::to_string(recording.port) + "/upload"}});
  ASSERT_TRUE(up.has_value());
  EXPECT_EQ(up->out, "200");
  finish(recording);
  const auto all = exchanges_of(capture());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].ending, replay::Ending::complete);
  EXPECT_EQ(all[0].request.body.size(), upload_bytes);
  EXPECT_TRUE(all[0].request.body == std::string(upload_bytes, 'u'));
  EXPECT_THAT(all[0].interim, HasSubstr("100 Continue"));
}

TEST_F(Record, AMalformedRequestIsRefusedAndNeverForwarded) {
  const Recording recording = start_recording(nginx_->port(), capture());
  auto client = support::RawConnection::connect(recording.port);
  ASSERT_TRUE(client.has_value());
  ASSERT_TRUE(
      client->send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").has_value());
  const auto answer = client->read_to_end();
  ASSERT_TRUE(answer.has_value()) << answer.error().to_string();
  EXPECT_THAT(*answer, ::testing::StartsWith("HTTP/1.1 400 "));
  finish(recording);
  EXPECT_TRUE(nginx_->arrivals().empty());
  EXPECT_TRUE(exchanges_of(capture()).empty());
}

TEST_F(Record, AKillLosesAtMostTheLastCommit) {
  const Recording recording = start_recording(nginx_->port(), capture());
  ASSERT_TRUE(support::http(recording.port, "/small").has_value());
  // Committed within 200 ms: seen by a reader while the recorder still runs.
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] {
    const auto inspected = stormproof({"inspect", capture().string(), "--json"});
    return inspected.out.find("\"exchanges\":1") != std::string::npos;
  }));
  recording.process.signal(SIGKILL);
  EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(5)), 128 + SIGKILL);
  const auto inspected = stormproof({"inspect", capture().string()});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_THAT(inspected.out + inspected.err, HasSubstr("not closed"));
  EXPECT_EQ(exchanges_of(capture()).size(), 1u);
}

TEST_F(Record, NothingIsOverwrittenAndAPortInUseIsNamed) {
  std::ofstream(capture()) << "precious";
  const std::string upstream = nginx_->url();
  const auto refused =
      stormproof({"record", "--listen", "127.0.0.1:0", "--upstream", upstream, "--out", capture().string()});
  EXPECT_EQ(refused.exit_code, 4) << refused.err;
  EXPECT_EQ(support::read_file(capture()).value(), "precious");

  const std::filesystem::path other = folder_.path() / "other.traffic";
  const std::string address = "127.0.0.1:" + std::to_string(nginx_->port());
  const auto in_use = stormproof({"record", "--listen", address, "--upstream", upstream, "--out", other.string()});
  EXPECT_EQ(in_use.exit_code, 4);
  EXPECT_THAT(in_use.err, HasSubstr(address + ": Address already in use"));
  EXPECT_FALSE(std::filesystem::exists(other));
}

}  // namespace
}  // namespace stormproof::e2e
