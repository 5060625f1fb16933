// A connection with a layer, whatever the layer is.
#include "harness/wire/layer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>

#include "harness/base/both.h"
#include "harness/wire/connection.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

// Takes all there is and gives it out by threes; sends by fives, every other time; says its end with "END"; a '.' is the
// other side's end. Before each it waits for the readiness that one would not expect.
class Stutter final : public Layer {
 public:
  struct Calls {
    int reads = 0;
    int writes = 0;
    int ends = 0;
    int all() const { return reads + writes + ends; }
  };

  Stutter(int socket, Calls& calls) : socket_(socket), calls_(calls) {}

  LayerStep read(std::span<char> room) override {
    if (calls_.reads++ == 0) return {.wants = LayerStep::Wants::writable};
    if (held_.empty()) {
      std::array<char, 64> bytes;
      const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got < 0) return {.wants = LayerStep::Wants::readable};
      if (got == 0) return {.error = asio::error::connection_reset};
      held_.assign(bytes.data(), static_cast<std::size_t>(got));
    }
    if (held_.front() == '.') return {.error = asio::error::eof};
    const std::size_t given = held_.copy(room.data(), std::min<std::size_t>({3, room.size(), held_.find('.')}));
    held_.erase(0, given);
    return {.bytes = given};
  }

  LayerStep write(std::span<const asio::const_buffer> parts) override {
    if (calls_.writes++ % 2 == 0) return {.wants = LayerStep::Wants::writable};
    return {.bytes = send(parts.front().data(), std::min<std::size_t>(5, parts.front().size()))};
  }

  LayerStep end_sending() override {
    if (calls_.ends++ == 0) return {.wants = LayerStep::Wants::writable};
    send("END", 3);
    return {};
  }

 private:
  std::size_t send(const void* bytes, std::size_t count) const {
    return static_cast<std::size_t>(::send(socket_, bytes, count, MSG_NOSIGNAL));
  }

  int socket_;
  Calls& calls_;
  std::string held_;
};

class LayerTest : public testing::Test {
 protected:
  LayerTest() : pair(run.connect()), connection(std::move(pair.first)), peer(pair.second) {
    connection.set_layer(std::make_unique<Stutter>(connection.socket().native_handle(), calls));
  }
  ~LayerTest() override {
    connection.close();
    run.run(settle(connection));
  }
  static base::Task<> settle(Connection& connection) { co_await connection.settled(); }
  static base::Task<> take_more(Connection& connection, Arrival& arrival) { arrival = co_await connection.more(); }
  static base::Task<> put(Connection& connection, std::span<const std::string_view> parts, ErrorCode& error) {
    error = co_await connection.write(parts);
  }
  static base::Task<> end(Connection& connection, ErrorCode& error) { error = co_await connection.end_sending(); }
  static base::Task<> both_ways(Connection& connection, Arrival& arrival, std::span<const std::string_view> parts,
                                ErrorCode& error) {
    co_await base::both(take_more(connection, arrival), put(connection, parts, error));
  }
  Arrival more() {
    Arrival arrival;
    run.run(take_more(connection, arrival));
    return arrival;
  }

  IoRun run;
  std::pair<Socket, support::RawConnection> pair;
  Connection connection;
  support::RawConnection& peer;
  Stutter::Calls calls;
};

struct Told final : Connection::Watcher {
  int times = 0;
  void on_arrival(Connection&) override { ++times; }
};

TEST_F(LayerTest, GivesWhatItHoldsThoughTheSocketIsQuiet) {
  ASSERT_TRUE(peer.send("0123456789"));
  EXPECT_TRUE(connection.layered());
  for (const std::size_t bytes : {3u, 3u, 3u, 1u}) EXPECT_EQ(more().bytes, bytes);
  EXPECT_EQ(connection.unread(), "0123456789");
  ASSERT_TRUE(peer.send("later"));
  EXPECT_EQ(more().bytes, 3u);
}

TEST_F(LayerTest, AnArmedReadIsNeverToldWithinTheCall) {
  ASSERT_TRUE(peer.send("012345"));
  EXPECT_EQ(more().bytes, 3u);
  Told told;
  connection.watch(&told);
  connection.arm();
  EXPECT_TRUE(connection.reading());
  EXPECT_EQ(told.times, 0);
  run.poll();
  EXPECT_EQ(told.times, 1);
  EXPECT_EQ(connection.unread(), "012345");
  connection.watch(nullptr);
}

TEST_F(LayerTest, ItsEndIsTheEndAndStays) {
  ASSERT_TRUE(peer.send("ab."));
  EXPECT_EQ(more().bytes, 2u);
  for (int i = 0; i < 2; ++i) {
    const Arrival arrival = more();
    EXPECT_TRUE(arrival.eof);
    EXPECT_FALSE(arrival.error);
  }
}

TEST_F(LayerTest, ItsErrorIsTheReadersError) {
  peer.end_sending();
  const Arrival arrival = more();
  EXPECT_FALSE(arrival.eof);
  EXPECT_EQ(arrival.error, asio::error::connection_reset);
}

TEST_F(LayerTest, WritesInOrderAndThenItsEnd) {
  const std::array<std::string_view, 4> parts = {"The quick ", "", "brown fox ", "jumps"};
  ErrorCode error = asio::error::fault;
  run.run(put(connection, parts, error));
  EXPECT_FALSE(error);
  EXPECT_EQ(peer.read(25).value_or(""), "The quick brown fox jumps");
  error = asio::error::fault;
  run.run(end(connection, error));
  EXPECT_FALSE(error);
  EXPECT_EQ(peer.read_to_end().value_or(""), "END") << "its word, and the socket's end";
  ASSERT_TRUE(peer.send("abc"));
  EXPECT_EQ(more().bytes, 3u) << "reading goes on";
}

TEST_F(LayerTest, IsNotCalledOnceTheSocketIsClosed) {
  const std::array<std::string_view, 1> parts = {"x"};
  Arrival arrival;
  ErrorCode error;
  ASSERT_TRUE(peer.send("abc"));
  run.run(both_ways(connection, arrival, parts, error));
  EXPECT_EQ(arrival.bytes, 3u);
  EXPECT_FALSE(error);
  run.run([](Connection& c, Stutter::Calls& count, Arrival& a, std::span<const std::string_view> p,
             ErrorCode& e) -> base::Task<> {
    co_await base::both(both_ways(c, a, p, e), [](Connection& closing, Stutter::Calls& counted) -> base::Task<> {
      EXPECT_TRUE(closing.reading() && closing.writing());
      closing.close();
      counted = {};
      co_return;
    }(c, count));
  }(connection, calls, arrival, parts, error));
  EXPECT_TRUE(arrival.error);
  EXPECT_TRUE(error);
  error = {};
  run.run(put(connection, parts, error));
  EXPECT_TRUE(error);
  error = {};
  run.run(end(connection, error));
  EXPECT_TRUE(error);
  connection.close_in_order();
  EXPECT_TRUE(more().error);
  EXPECT_EQ(calls.all(), 0);
}

TEST_F(LayerTest, CloseSaysNothingAndCloseInOrderDoes) {
  calls.ends = 1;
  connection.close_in_order();
  EXPECT_EQ(peer.read_to_end().value_or(""), "END");
  EXPECT_EQ(calls.ends, 2);

  auto [socket, other] = run.connect();
  Connection silent(std::move(socket));
  silent.set_layer(std::make_unique<Stutter>(silent.socket().native_handle(), calls));
  silent.close();
  EXPECT_EQ(other.read_to_end().value_or("?"), "");
  EXPECT_EQ(calls.ends, 2);
}

TEST(NoLayer, EndsInOrderAsASocketDoes) {
  IoRun run;
  auto [socket, peer] = run.connect();
  Connection connection(std::move(socket));
  EXPECT_FALSE(connection.layered());
  ErrorCode error = asio::error::fault;
  run.run([](Connection& c, ErrorCode& e) -> base::Task<> { e = co_await c.end_sending(); }(connection, error));
  EXPECT_FALSE(error);
  EXPECT_EQ(peer.read_to_end().value_or("?"), "");
  connection.close_in_order();
  EXPECT_FALSE(connection.open());
}

}  // namespace
}  // namespace stormproof::wire
