// `stormproof record` is killed in the midst of its work, again and again: the capture opens, and holds what was answered
// before its last commit.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <thread>
#include <vector>

#include "harness/base/bell.h"
#include "replay/capture_reader.h"
#include "tests/e2e/program.h"
#include "tests/support/raw_connection.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr int rounds = 20;
constexpr int clients = 2;
// The promise. It leaves out the commit under way, which takes some milliseconds where the disk and the processors are
// not busy with other tests: so half of the rounds are held to the promise, and each to a commit of `commit_max`.
constexpr milliseconds loss_max(200);
constexpr milliseconds commit_max(800);

std::string request_of(const std::string& target) { return fmt::format("GET {} HTTP/1.1\r\nHost: t\r\n\r\n", target); }

std::string response_body_of(const std::string& target) {
  std::string body;
  while (body.size() < 1024) body += target + " ";
  return body;
}

std::string response_head_of(const std::string& target) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", response_body_of(target).size());
}

void answer_all(support::RawConnection& connection) {
  for (auto head = connection.read_until("\r\n\r\n"); head; head = connection.read_until("\r\n\r\n")) {
    const std::string target = head->substr(4, head->find(' ', 4) - 4);
    if (!connection.send(response_head_of(target) + response_body_of(target))) return;
  }
}

// What a client was answered, and when.
struct Answered {
  std::string target;
  Instant at;
};

// Asks every millisecond until the connection ends.
void ask(std::uint16_t port, int client, std::vector<Answered>& diary, std::atomic<int>& answers) {
  auto connection = support::RawConnection::connect(port);
  ASSERT_TRUE(connection) << connection.error().message;
  Instant next = std::chrono::steady_clock::now();
  base::Bell pace;
  for (int i = 0;; ++i) {
    const std::string target = fmt::format("/{}/{}", client, i);
    if (!connection->send(request_of(target))) return;
    const std::string wanted = response_head_of(target) + response_body_of(target);
    const auto answer = connection->read(wanted.size());
    if (!answer) return;
    ASSERT_EQ(*answer, wanted);
    diary.push_back({target, std::chrono::steady_clock::now()});
    ++answers;
    next += milliseconds(1);
    pace.wait(next - std::chrono::steady_clock::now(), [] { return false; });
  }
}

std::map<std::string, replay::Exchange> recorded_in(const std::string& file) {
  std::map<std::string, replay::Exchange> all;
  auto reader = replay::CaptureReader::open(file);
  EXPECT_TRUE(reader) << reader.error().message;
  if (!reader) return all;
  EXPECT_TRUE(reader->torn());
  replay::Exchange exchange;
  for (auto more = reader->next(exchange);; more = reader->next(exchange)) {
    EXPECT_TRUE(more) << more.error().message;
    if (!more || !*more) return all;
    const std::string target(replay::target_of(exchange.request.head));
    EXPECT_TRUE(all.emplace(target, exchange).second) << target << " twice";
  }
}

// How long before the kill the first one was answered that is not in the capture.
milliseconds record_and_kill(std::uint16_t server, int after_answers) {
  const support::TempDir folder;
  const std::string file = (folder.path() / "x.traffic").string();
  const Recording recording = start_recording(server, file);
  std::vector<std::vector<Answered>> diaries(clients);
  std::atomic<int> answers = 0;
  std::vector<std::thread> asking;
  for (int client = 0; client < clients; ++client) {
    asking.emplace_back(
        [&, client] { ask(recording.port, client, diaries[static_cast<std::size_t>(client)], answers); });
  }
  EXPECT_TRUE(support::eventually(std::chrono::seconds(10), [&] { return answers >= after_answers; }));
  const Instant killed = std::chrono::steady_clock::now();
  recording.process.signal(SIGKILL);
  for (std::thread& client : asking) client.join();
  EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(5)), 128 + SIGKILL);

  const auto recorded = recorded_in(file);
  EXPECT_FALSE(recorded.empty());
  for (const auto& [target, exchange] : recorded) {
    EXPECT_EQ(exchange.request.head, request_of(target));
    EXPECT_EQ(exchange.response.head, response_head_of(target));
    EXPECT_EQ(exchange.response.body, response_body_of(target));
    EXPECT_EQ(exchange.ending, replay::Ending::complete);
  }
  Instant first_lost = killed;
  for (const auto& diary : diaries) {
    EXPECT_FALSE(diary.empty());
    for (const Answered& answered : diary) {
      if (!recorded.contains(answered.target)) first_lost = std::min(first_lost, answered.at);
    }
  }
  return std::chrono::duration_cast<milliseconds>(killed - first_lost);
}

TEST(RecordKilled, LosesNoMoreThanTheLastCommitWhateverTheMoment) {
  support::RawServer server(answer_all);
  std::vector<milliseconds> losses;
  for (int round = 0; round < rounds; ++round) {
    losses.push_back(record_and_kill(server.port(), 500 + round * 31));
    EXPECT_LE(losses.back(), loss_max + commit_max) << "round " << round;
  }
  std::ranges::sort(losses);
  EXPECT_LE(losses[rounds / 2], loss_max);
  std::cout << fmt::format("lost before the kill, in {} rounds: median {} ms, worst {} ms\n", rounds,
                           losses[rounds / 2].count(), losses.back().count());
}

}  // namespace
}  // namespace stormproof::e2e
