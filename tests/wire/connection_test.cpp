#include "harness/wire/connection.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>

#include "harness/base/both.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() : pair(run.connect()), connection(std::move(pair.first)), peer(pair.second) {}
  ~ConnectionTest() override {
    connection.close();
    run.run(settle(connection));
  }
  static base::Task<> settle(Connection& connection) { co_await connection.settled(); }
  static base::Task<> take_more(Connection& connection, Arrival& arrival) { arrival = co_await connection.more(); }
  static base::Task<> put(Connection& connection, std::string_view bytes, ErrorCode& error) {
    error = co_await connection.write(bytes);
  }

  IoRun run;
  std::pair<Socket, support::RawConnection> pair;
  Connection connection;
  support::RawConnection& peer;
};

struct Told final : Connection::Watcher {
  int times = 0;
  void on_arrival(Connection&) override { ++times; }
};

TEST_F(ConnectionTest, MoreWaitsForBytesAndThenForTheEnd) {
  Arrival arrival;
  ASSERT_TRUE(peer.send("hello"));
  run.run(take_more(connection, arrival));
  EXPECT_EQ(arrival.bytes, 5u);
  EXPECT_FALSE(arrival.ended());
  EXPECT_EQ(connection.unread(), "hello");
  connection.consume(2);
  EXPECT_EQ(connection.unread(), "llo");
  peer.end_sending();
  for (int i = 0; i < 2; ++i) {
    run.run(take_more(connection, arrival));
    EXPECT_TRUE(arrival.eof) << "an end stays";
    EXPECT_FALSE(arrival.error);
  }
  EXPECT_TRUE(connection.ended());
  EXPECT_EQ(connection.unread(), "llo");
}

TEST_F(ConnectionTest, ResetIsAnError) {
  Arrival arrival;
  peer.reset();
  run.run(take_more(connection, arrival));
  EXPECT_FALSE(arrival.eof);
  EXPECT_EQ(arrival.error, asio::error::connection_reset);
}

TEST_F(ConnectionTest, ArmTellsTheWatcherAndKeepsTheBytes) {
  Told told;
  connection.watch(&told);
  connection.arm();
  EXPECT_TRUE(connection.reading());
  ASSERT_TRUE(peer.send("ahead"));
  ASSERT_TRUE(run.run_until([&] { return told.times == 1; }));
  EXPECT_EQ(connection.arrived().bytes, 5u);
  connection.watch(nullptr);
  Arrival arrival;
  run.run(take_more(connection, arrival));
  EXPECT_EQ(arrival.bytes, 5u) << "what came ahead is what more() gives first";
  EXPECT_EQ(connection.unread(), "ahead");
}

TEST_F(ConnectionTest, ArmMovesNothing) {
  ASSERT_TRUE(peer.send(std::string(Connection::small_buffer, 'a')));
  while (connection.unread().size() < Connection::small_buffer) {
    Arrival arrival;
    run.run(take_more(connection, arrival));
  }
  EXPECT_TRUE(connection.full());
  connection.consume(100);
  const std::string_view view = connection.unread();
  connection.arm();
  EXPECT_FALSE(connection.reading()) << "there is no room behind what is unread";
  EXPECT_EQ(connection.unread().data(), view.data());
}

TEST_F(ConnectionTest, MoreMakesRoomUpToTheLargeBuffer) {
  const std::string bytes(Connection::large_buffer + 1, 'b');
  std::thread sender([&] { EXPECT_TRUE(peer.send(bytes)); });
  while (connection.unread().size() < Connection::large_buffer) {
    Arrival arrival;
    run.run(take_more(connection, arrival));
    ASSERT_GT(arrival.bytes, 0u);
  }
  Arrival arrival;
  run.run(take_more(connection, arrival));
  EXPECT_EQ(arrival.error, asio::error::no_buffer_space);
  connection.consume(1);
  run.run(take_more(connection, arrival));
  EXPECT_EQ(arrival.bytes, 1u) << "being full is no end";
  sender.join();
}

TEST_F(ConnectionTest, ReserveAndShrinkKeepWhatIsUnread) {
  ASSERT_TRUE(peer.send("0123456789"));
  Arrival arrival;
  run.run(take_more(connection, arrival));
  connection.consume(4);
  connection.reserve(Connection::large_buffer);
  EXPECT_EQ(connection.unread(), "456789");
  connection.shrink();  // does nothing while something is unread
  EXPECT_EQ(connection.unread(), "456789");
  connection.consume(6);
  connection.shrink();
  EXPECT_EQ(connection.unread(), "");
  ASSERT_TRUE(peer.send("x"));
  run.run(take_more(connection, arrival));
  EXPECT_EQ(connection.unread(), "x");
}

TEST_F(ConnectionTest, CloseEndsAMoreThatWaits) {
  Arrival arrival;
  run.run([](Connection& c, Arrival& got) -> base::Task<> {
    co_await base::both(take_more(c, got), [](Connection& closing) -> base::Task<> {
      closing.close();
      co_return;
    }(c));
  }(connection, arrival));
  EXPECT_EQ(arrival.error, asio::error::operation_aborted);
  EXPECT_FALSE(connection.open());
  run.run(take_more(connection, arrival));
  EXPECT_EQ(arrival.error, asio::error::operation_aborted);
}

TEST_F(ConnectionTest, StopWaitingEndsTheWaitAndNotTheRead) {
  Arrival arrival;
  run.run([](Connection& c, Arrival& got) -> base::Task<> {
    co_await base::both(take_more(c, got), [](Connection& stopping) -> base::Task<> {
      stopping.stop_waiting();
      co_return;
    }(c));
  }(connection, arrival));
  EXPECT_EQ(arrival.error, asio::error::operation_aborted);
  EXPECT_TRUE(connection.reading());
  EXPECT_FALSE(connection.ended());
  ASSERT_TRUE(peer.send("later"));
  run.run(take_more(connection, arrival));
  EXPECT_EQ(arrival.bytes, 5u);
  connection.stop_waiting();  // nobody waits: nothing happens
  ASSERT_TRUE(peer.send("more"));
  run.run(take_more(connection, arrival));
  EXPECT_EQ(connection.unread(), "latermore");
}

TEST_F(ConnectionTest, WritesPartsInOrder) {
  ErrorCode error = asio::error::fault;
  run.run([](Connection& c, ErrorCode& result) -> base::Task<> {
    const std::array<std::string_view, 4> parts = {"a", "", "bc", "def"};
    result = co_await c.write(parts);
  }(connection, error));
  EXPECT_FALSE(error);
  EXPECT_EQ(peer.read(6).value_or(""), "abcdef");
  run.run(put(connection, "", error));
  EXPECT_FALSE(error);
}

TEST_F(ConnectionTest, WriteWaitsForAPeerThatReadsSlowly) {
  std::string bytes(32 << 20, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 9);
  std::string got;
  std::thread reader([&] { got = peer.read(bytes.size()).value_or(""); });
  ErrorCode error = asio::error::fault;
  run.run(put(connection, bytes, error));
  EXPECT_FALSE(error);
  reader.join();
  EXPECT_TRUE(got == bytes);
  EXPECT_FALSE(connection.writing());
}

TEST_F(ConnectionTest, CloseEndsAWriteThatWaits) {
  const std::string bytes(64 << 20, 'x');
  ErrorCode error;
  run.run([](Connection& c, std::string_view all, ErrorCode& result) -> base::Task<> {
    co_await base::both(put(c, all, result), [](Connection& closing) -> base::Task<> {
      EXPECT_TRUE(closing.writing());
      closing.close();
      co_return;
    }(c));
  }(connection, bytes, error));
  EXPECT_TRUE(error);
  EXPECT_FALSE(connection.writing());
}

TEST_F(ConnectionTest, WriteToAPeerThatHasGoneIsAnError) {
  peer.reset();
  const std::string bytes(1 << 20, 'x');
  ErrorCode error;
  run.run(put(connection, bytes, error));
  EXPECT_TRUE(error);
}

TEST_F(ConnectionTest, ResetIsSeenByThePeer) {
  connection.reset();
  const auto rest = peer.read_to_end();
  ASSERT_FALSE(rest);
  EXPECT_NE(rest.error().message.find("reset"), std::string::npos);
  connection.close();  // twice does no harm
}

}  // namespace
}  // namespace stormproof::wire
