#include "harness/wire/socket.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

class Told final : public Reactor::Watcher {
 public:
  void on_readable(bool) override { ++readable; }
  void on_writable() override { ++writable; }
  void on_turn() override { ++turns; }
  int readable = 0;
  int writable = 0;
  int turns = 0;
};

class SocketTest : public testing::Test {
 protected:
  SocketTest() : pair(run.connect()) {}
  Socket& socket() { return pair.first; }
  support::RawConnection& peer() { return pair.second; }
  std::string read(std::size_t at_most = 64) {
    std::string room(at_most, '\0');
    room.resize(socket().read_some(room, error));
    return room;
  }

  IoRun run;
  std::pair<Socket, support::RawConnection> pair;
  Told told;
  ErrorCode error;
};

TEST_F(SocketTest, ReadsWhatIsThereThenWouldBlockThenTheEnd) {
  EXPECT_EQ(read(), "");
  EXPECT_EQ(error, asio::error::would_block);
  ASSERT_TRUE(peer().send("abc"));
  EXPECT_EQ(read(2), "ab");
  EXPECT_EQ(read(), "c");
  EXPECT_FALSE(error);
  peer().end_sending();
  ASSERT_FALSE(socket().watch(told, error));
  ASSERT_TRUE(run.run_until([&] { return told.readable > 0; }));
  EXPECT_EQ(read(), "");
  EXPECT_EQ(error, asio::error::eof);
}

TEST_F(SocketTest, GathersParts) {
  const std::string_view one = "one ";
  const std::string_view two = "two";
  const std::array parts = {asio::const_buffer(one.data(), one.size()), asio::const_buffer(two.data(), two.size())};
  EXPECT_EQ(socket().write_some(parts, error), 7u);
  EXPECT_EQ(peer().read(7).value_or(""), "one two");
}

TEST_F(SocketTest, AFullSocketWouldBlockAndTellsWhenThereIsRoom) {
  ASSERT_FALSE(socket().watch(told, error));
  const std::string much(1 << 20, 'x');
  const asio::const_buffer part(much.data(), much.size());
  std::size_t written = 0;
  while (!error) written += socket().write_some({&part, 1}, error);
  EXPECT_EQ(error, asio::error::would_block);
  run.poll();
  const int before = told.writable;
  ASSERT_EQ(peer().read(written).value_or("").size(), written);
  EXPECT_TRUE(run.run_until([&] { return told.writable > before; }));
}

TEST_F(SocketTest, AResetIsSeenAsOne) {
  socket().reset();
  EXPECT_FALSE(socket().is_open());
  const auto end = peer().read_to_end();
  ASSERT_FALSE(end);
  EXPECT_NE(end.error().message.find("reset"), std::string::npos) << end.error().message;
}

TEST_F(SocketTest, ClosingGivesTheWatcherATurnLater) {
  ASSERT_FALSE(socket().watch(told, error));
  run.poll();
  socket().close();
  socket().close();
  EXPECT_EQ(told.turns, 0);
  run.poll();
  EXPECT_EQ(told.turns, 1);
}

TEST_F(SocketTest, WhoDoesNotWatchAnyMoreHearsNothing) {
  ASSERT_FALSE(socket().watch(told, error));
  run.poll();
  told.readable = told.writable = 0;
  socket().unwatch();
  ASSERT_TRUE(peer().send("x"));
  run.poll();
  socket().close();
  run.poll();
  EXPECT_EQ(told.readable + told.writable + told.turns, 0);
}

TEST_F(SocketTest, MovingTakesTheRegistrationAlong) {
  ASSERT_FALSE(socket().watch(told, error));
  Socket moved = std::move(socket());
  EXPECT_FALSE(socket().is_open());
  ASSERT_TRUE(peer().send("x"));
  EXPECT_TRUE(run.run_until([&] { return told.readable > 0; }));
  Told other;
  EXPECT_TRUE(moved.watch(other, error)) << "it was watched before";
  moved = Socket(run.io);
  run.poll();
  EXPECT_EQ(other.turns, 1) << "it is closed, and its watcher hears of it";
}

TEST_F(SocketTest, ConnectsOrSaysWhyNot) {
  Acceptor acceptor(run.io, Endpoint(asio::ip::address_v4::loopback(), 0));
  const auto outcome = [&](const Endpoint& endpoint) {
    Socket connecting(run.io);
    told.writable = 0;
    error = connecting.connect(endpoint, told);
    if (error == asio::error::in_progress) {
      EXPECT_TRUE(run.run_until([&] { return told.writable > 0; }));
      error = connecting.connected();
    }
    ErrorCode gone;
    const Endpoint remote = connecting.remote_endpoint(gone);
    EXPECT_EQ(!gone, !error);
    EXPECT_EQ(remote, error ? Endpoint() : endpoint);
    connecting.unwatch();
    return error;
  };
  EXPECT_FALSE(outcome(acceptor.local_endpoint()));
  const Endpoint nobody = acceptor.local_endpoint();
  acceptor.close();
  EXPECT_EQ(outcome(nobody), asio::error::connection_refused);
}

}  // namespace
}  // namespace stormproof::wire
