// What a pool asks and tells whoever stands at the stream seam, and a layer that waits for nothing but itself.
#include "harness/wire/stream_seam.h"

#include <gtest/gtest.h>

#include <vector>

#include "harness/base/task_group.h"
#include "harness/wire/upstream_pool.h"
#include "tests/support/raw_server.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;

class Recorder final : public StreamInterceptor {
 public:
  void client_opened(Connection&, std::uint64_t) override {}
  void upstream_opened(Connection& connection, std::uint64_t number, Connection* peer) override {
    opened.push_back(&connection);
    EXPECT_EQ(number, opened.size());
    EXPECT_EQ(peer, nullptr);
  }
  std::optional<ConnectVerdict> connecting(std::uint64_t nth) override {
    asked = nth;
    ++looks;
    return verdict;
  }
  void connect_held(std::uint64_t, std::chrono::nanoseconds by) override { held = by; }

  void change(std::optional<ConnectVerdict> to) {
    verdict = to;
    verdicts_changed();
  }

  std::optional<ConnectVerdict> verdict;
  std::uint64_t asked = 0;
  int looks = 0;
  std::chrono::nanoseconds held{0};
  std::vector<Connection*> opened;
};

base::Task<> connect_to(UpstreamPool& pool, ConnectResult& result) {
  ConnectAttempt* cancel = nullptr;
  result = co_await pool.connect(&cancel);
}
base::Task<> close_pool(UpstreamPool& pool) { co_await pool.close(); }
base::Task<> end(std::unique_ptr<Connection> connection) { co_await retire(std::move(connection)); }

class StreamSeam : public testing::Test {
 protected:
  ConnectResult connect(milliseconds within = milliseconds(5000)) {
    UpstreamPool pool(run.io, deadlines, {asio::ip::address_v4::loopback(), upstream.port()}, {.connect = within}, {},
                      &recorder);
    ConnectResult result;
    run.run(connect_to(pool, result));
    run.run(close_pool(pool));
    return result;
  }
  IoRun run;
  Deadlines deadlines{run.io};
  RawServer upstream{[](RawConnection& peer) { static_cast<void>(peer.read_to_end(std::chrono::seconds(30))); }};
  Recorder recorder;
};

TEST_F(StreamSeam, EachConnectionIsTold) {
  auto connection = connect();
  ASSERT_TRUE(connection);
  EXPECT_EQ(recorder.opened, (std::vector<Connection*>{connection->get()}));
  EXPECT_EQ(recorder.asked, 1U);
  run.run(end(std::move(*connection)));
}

TEST_F(StreamSeam, AnAttemptIsDelayedRefusedOrHangsUntilItsLimit) {
  recorder.verdict = {.delay = milliseconds(30)};
  auto delayed = connect();
  ASSERT_TRUE(delayed);
  EXPECT_GE(recorder.held, milliseconds(30));
  run.run(end(std::move(*delayed)));
  recorder.verdict = {.refuse = true};
  const auto refused = connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, events::Outcome::refused);
  recorder.verdict = {.hang = true};
  const auto hung = connect(milliseconds(40));
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().cause, events::Outcome::connect_timeout);
}

TEST_F(StreamSeam, AVerdictThatChangesIsFollowedAtOnce) {
  recorder.verdict = {.hang = true};
  UpstreamPool pool(run.io, deadlines, {asio::ip::address_v4::loopback(), upstream.port()}, {}, {}, &recorder);
  ConnectResult result;
  base::TaskGroup tasks;
  tasks.spawn(connect_to(pool, result));
  ASSERT_TRUE(run.run_until([&] { return recorder.looks == 1; }));
  recorder.change({{.delay = std::chrono::hours(1)}});
  ASSERT_TRUE(run.run_until([&] { return recorder.looks == 2; }));
  recorder.change(std::nullopt);
  ASSERT_TRUE(run.run_until([&] { return tasks.size() == 0; }));
  ASSERT_TRUE(result);
  EXPECT_EQ(recorder.looks, 3) << "asked when told, and never between";
  run.run(end(std::move(*result)));
  run.run(close_pool(pool));
}

TEST_F(StreamSeam, AnAttemptThatHangsCanBeEnded) {
  recorder.verdict = {.hang = true};
  UpstreamPool pool(run.io, deadlines, {asio::ip::address_v4::loopback(), upstream.port()}, {}, {}, &recorder);
  ConnectResult result;
  ConnectAttempt* attempt = nullptr;
  base::TaskGroup tasks;
  tasks.spawn([](UpstreamPool& in, ConnectResult& into, ConnectAttempt** told) -> base::Task<> {
    into = co_await in.connect(told);
  }(pool, result, &attempt));
  ASSERT_TRUE(run.run_until([&] { return recorder.looks == 1; }));
  attempt->close();
  ASSERT_TRUE(run.run_until([&] { return tasks.size() == 0; }));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, events::Outcome::cancelled);
  recorder.change(std::nullopt);
  run.run(close_pool(pool));
}

}  // namespace
}  // namespace stormproof::wire
