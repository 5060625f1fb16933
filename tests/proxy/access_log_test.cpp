#include "harness/proxy/access_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <map>

#include "tests/proxy/tapping.h"
#include "tests/support/fd.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::proxy {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
namespace json = boost::json;

constexpr std::chrono::seconds within{5};

std::string bytes_of(const std::filesystem::path& path) { return support::read_file(path).value_or(""); }

struct Lines {
  std::map<std::uint64_t, std::vector<std::uint64_t>> requests;  // by connection, in their order
  std::uint64_t count = 0;
  std::uint64_t dropped = 0;  // by lines that say so
  std::uint64_t notices = 0;
};

// Each line of the text is JSON; the last one ends.
void parse_lines(std::string_view text, Lines& lines) {
  ASSERT_TRUE(text.empty() || text.ends_with('\n'));
  for (; !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
    boost::system::error_code code;
    const json::value value = json::parse(std::string(text.substr(0, text.find('\n'))), code);
    ASSERT_FALSE(code) << text.substr(0, text.find('\n'));
    const json::object& line = value.as_object();
    if (line.contains("dropped")) {
      ASSERT_EQ(line.size(), 1u);
      lines.dropped += line.at("dropped").to_number<std::uint64_t>();
      ++lines.notices;
      continue;
    }
    ++lines.count;
    lines.requests[line.at("connection").to_number<std::uint64_t>()].push_back(
        line.at("request").to_number<std::uint64_t>());
  }
}

class AccessLogTest : public testing::Test {
 protected:
  std::unique_ptr<AccessLog> open(AccessLogOptions options = {}) {
    if (options.path.empty()) options.path = path;
    auto log = AccessLog::open(std::move(options));
    if (!log) {
      ADD_FAILURE() << log.error().message;
      std::abort();
    }
    return std::move(*log);
  }

  support::TempDir folder;
  std::string path = folder.path() / "access.jsonl";
};

TEST_F(AccessLogTest, WritesALineAnExchange) {
  auto log = open();
  AccessLane& lane = log->lane(nullptr);
  tell(lane, {.method = "POST", .target = "/a\"\xff", .exchange = {.status = 200, .connection = 1, .request = 2}});
  EXPECT_TRUE(support::eventually(within, [&] { return log->counts().written == 1; }));
  EXPECT_THAT(bytes_of(path), testing::AllOf(HasSubstr("\"connection\":1,\"request\":2,\"method\":\"POST\","
                                                       "\"target\":\"/a\\\"\\ufffd\",\"status\":200,"),
                                             testing::EndsWith("}\n")));
}

TEST_F(AccessLogTest, ItsEndWritesWhatIsLeft) {
  auto log = open();
  AccessLane& lane = log->lane(nullptr);
  for (std::uint64_t i = 1; i <= 500; ++i) tell(lane, {.exchange = {.connection = 1, .request = i}});
  log.reset();
  Lines lines;
  parse_lines(bytes_of(path), lines);
  EXPECT_EQ(lines.count, 500u);
}

TEST_F(AccessLogTest, AFileThatCannotBeOpenedIsAnError) {
  const auto log = AccessLog::open({.path = folder.path() / "no" / "log"});
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().message, HasSubstr("cannot open"));
}

TEST_F(AccessLogTest, OptionsReachTheLanes) {
  auto log = open({.lane = {.target_bytes_max = 20, .query = false}});
  tell(log->lane(nullptr), {.target = "/short?secret"});
  tell(log->lane(nullptr), {.target = std::string(30, 'x')});
  log.reset();
  EXPECT_THAT(bytes_of(path),
              testing::AllOf(HasSubstr("\"target\":\"/short\""), testing::Not(HasSubstr("secret")),
                             HasSubstr("\"" + std::string(20, 'x') + "\""), HasSubstr("\"target_cut\":true")));
}

// Exchanges of four workers while the file is moved away again and again: every one is in some file, or dropped.
TEST_F(AccessLogTest, NothingIsLostAcrossWorkersAndRotations) {
  constexpr std::uint64_t workers = 4;
  constexpr std::uint64_t each = 20'000;
  constexpr int rotations = 5;
  auto log = open({.lane = {.ring_bytes = 2 << 20}});
  std::vector<std::thread> threads;
  for (std::uint64_t worker = 1; worker <= workers; ++worker) {
    threads.emplace_back([&lane = log->lane(nullptr), worker] {
      for (std::uint64_t i = 1; i <= each; ++i)
        tell(lane, {.target = "/some/path", .exchange = {.connection = worker, .request = i}});
    });
  }
  std::vector<std::string> files = {path};
  for (int i = 0; i < rotations; ++i) {
    const std::uint64_t before = log->counts().written;
    files.push_back(path + "." + std::to_string(i));
    std::filesystem::rename(path, files.back());
    log->reopen();
    ASSERT_TRUE(support::eventually(within, [&] { return std::filesystem::exists(path); }));
    EXPECT_GE(log->counts().written, before);
  }
  for (std::thread& thread : threads) thread.join();
  const std::uint64_t dropped = log->counts().dropped;
  log.reset();
  Lines lines;
  // The oldest first: the first that was moved, then the others, then the one that is there now.
  for (std::size_t i = 1; i < files.size(); ++i) parse_lines(bytes_of(files[i]), lines);
  parse_lines(bytes_of(path), lines);
  EXPECT_EQ(lines.count + dropped, workers * each);
  EXPECT_EQ(lines.dropped, dropped) << "the log itself says how many";
  for (const auto& [worker, requests] : lines.requests) EXPECT_TRUE(std::ranges::is_sorted(requests)) << worker;
}

TEST_F(AccessLogTest, AFullDiskIsToldOnceAndItGoesOn) {
  std::vector<std::string> told;
  auto log = open({.path = "/dev/full", .on_trouble = [&](const std::string& sentence) { told.push_back(sentence); }});
  AccessLane& lane = log->lane(nullptr);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    tell(lane, {});
    ASSERT_TRUE(support::eventually(within, [&] { return log->counts().lost == i; }));
  }
  EXPECT_EQ(log->counts().written, 0u);
  log.reset();  // the writer's thread is gone: `told` is ours
  EXPECT_THAT(told, ElementsAre("access log: cannot write to /dev/full: No space left on device"));
}

TEST_F(AccessLogTest, AFailedReopeningIsTold) {
  std::vector<std::string> told;
  auto log = open({.on_trouble = [&](const std::string& sentence) { told.push_back(sentence); }});
  const auto moved = folder.path() / "moved";
  std::filesystem::rename(path, moved);
  std::filesystem::create_directory(path);
  log->reopen();
  tell(log->lane(nullptr), {});
  log.reset();
  EXPECT_THAT(told, ElementsAre(testing::StartsWith("access log: cannot open " + path + " again: ")));
  EXPECT_THAT(bytes_of(moved), testing::EndsWith("}\n"));
}

// A reader that stalls: the ring fills, lines are dropped, the relay's side never waits; then the log says how many.
TEST_F(AccessLogTest, WhatIsDroppedIsSaidOnceThereIsRoom) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const support::Fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.open());
  auto log = open({.lane = {.ring_bytes = 16 << 10}});
  AccessLane& lane = log->lane(nullptr);
  std::uint64_t told = 0;
  while (lane.dropped() < 10) {
    tell(lane, {.exchange = {.connection = 1, .request = ++told}});
    ASSERT_LT(told, 10'000'000u);
  }
  std::string text;
  std::string some(64 << 10, '\0');
  const auto read_some = [&] {
    const ssize_t count = ::read(reader.number(), some.data(), some.size());
    if (count > 0) text.append(some, 0, static_cast<std::size_t>(count));
  };
  // All that was not dropped, with what says how many were.
  Lines lines;
  EXPECT_TRUE(support::eventually(within,
                                  [&] {
                                    read_some();
                                    lines = {};
                                    parse_lines(text.substr(0, text.rfind('\n') + 1), lines);
                                    return lines.count + lines.dropped == told;
                                  }))
      << lines.count << " lines and " << lines.dropped << " dropped of " << told;
  EXPECT_GT(lines.notices, 0u);
  EXPECT_EQ(lines.dropped, log->counts().dropped);
  EXPECT_EQ(lines.count + lines.notices, log->counts().written);
}

TEST_F(AccessLogTest, AReaderThatStallsDoesNotHoldTheEndUp) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const support::Fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.open());
  auto log = open({.give_up_after = milliseconds(1)});
  AccessLane& lane = log->lane(nullptr);
  for (int i = 0; i < 5000; ++i) tell(lane, {.target = std::string(200, 'x')});  // above what a pipe holds
  const auto start = std::chrono::steady_clock::now();
  log.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace stormproof::proxy
