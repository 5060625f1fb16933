#include "tests/subjects/suspect/caller.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>

#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;

// A dependency that answers 503, or hangs until the test is over.
class Dependency {
 public:
  explicit Dependency(bool hangs)
      : server_(
            [this, hangs](support::RawConnection& peer) {
              while (const auto request = receive(peer, std::chrono::seconds(20))) {
                ++calls_;
                if (request->header("traceparent")) ++traced_;
                if (hangs) continue;  // no answer: the next thing that comes is the end
                if (!peer.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")) break;
              }
              ++ended_;
            },
            0) {}
  std::uint16_t port() const { return server_.port(); }
  int calls() const { return calls_; }
  int traced() const { return traced_; }
  int ended() const { return ended_; }

 private:
  std::atomic<int> calls_ = 0;
  std::atomic<int> traced_ = 0;
  std::atomic<int> ended_ = 0;
  support::RawServer server_;
};

TEST(Caller, CallsAgainAsOftenAsItSays) {
  const Dependency failing(false);
  Caller caller({.port = failing.port(), .attempts = 3, .backoff = milliseconds(2)}, 1);
  EXPECT_FALSE(caller.call("/charge/1", "00-1-2-01"));
  EXPECT_EQ(failing.calls(), 3);
  EXPECT_EQ(failing.traced(), 3);
  Caller endless({.port = failing.port(), .attempts = 3, .backoff = milliseconds(2), .defect = Defect::endless_retries},
                 1);
  EXPECT_FALSE(endless.call("/charge/1", std::nullopt));
  EXPECT_EQ(failing.calls(), 3 + Caller::endless);
  EXPECT_EQ(failing.traced(), 3);
}

TEST(Caller, EndsACallThatHangsUnlessItLeaks) {
  const Dependency hanging(true);
  Caller caller({.port = hanging.port(), .timeout = milliseconds(30)}, 1);
  EXPECT_FALSE(caller.call("/charge/1", std::nullopt));
  EXPECT_TRUE(support::eventually(std::chrono::seconds(10), [&] { return hanging.ended() == 1; }));
  Caller leaking({.port = hanging.port(), .timeout = milliseconds(30), .defect = Defect::call_leaks}, 1);
  EXPECT_FALSE(leaking.call("/charge/1", std::nullopt));
  EXPECT_EQ(hanging.ended(), 1) << "its call goes on";
}

TEST(Caller, DropsSomeTraces) {
  const Dependency failing(false);
  Caller caller({.port = failing.port(), .defect = Defect::drops_trace}, 1);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(caller.call("/charge/1", "00-1-2-01"));
  EXPECT_LT(failing.traced(), 98);
  EXPECT_GT(failing.traced(), 60);
}

}  // namespace
}  // namespace stormproof::subjects
