#include "harness/wire/connect_attempt.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace stormproof::wire {
namespace {

TEST(ConnectAttempt, ClosingEndsTheWaitBeforeThereIsASocket) {
  IoContext io{one_thread};
  ConnectAttempt attempt(io);
  attempt.close();
  EXPECT_TRUE(attempt.closed());
  EXPECT_TRUE(attempt.pause().forever().await_ready()) << "interrupted, now and later";
}

TEST(ConnectAttempt, ClosingClosesTheSocketThatIsOnTheWay) {
  IoContext io{one_thread};
  ConnectAttempt attempt(io);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  Socket socket(io, descriptor);
  attempt.on_the_way(&socket);
  EXPECT_TRUE(socket.is_open());
  attempt.close();
  EXPECT_FALSE(socket.is_open());
}

}  // namespace
}  // namespace stormproof::wire
