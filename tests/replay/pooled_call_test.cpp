// Requests over the pool: the limit, the closed loop, and the clock that spins.
#include "replay/pooled_call.h"

#include <future>

#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

TEST_F(SenderTest, AtTheLimitRequestsAreDroppedWhereThatIsAsked) {
  std::promise<void> opened;
  RawServer server([released = opened.get_future().share()](RawConnection& connection) {
    while (!read_request(connection).empty()) {
      released.wait();
      if (!connection.send(ok)) return;
    }
  });
  Shots shots;
  for (int i = 0; i < 3; ++i) shots.add("GET", "/");
  SenderOptions options = to(server.port());
  options.connections_max = 1;
  options.at_limit = AtLimit::drop;
  send(options, shots, milliseconds(20), [&](Sender& sender) {
    EXPECT_EQ(sender.counts().queued, 0u);
    opened.set_value();
  });
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::held_off, Outcome::held_off}));
}

TEST_F(SenderTest, TheClosedLoopSendsTheNextWhenAConnectionIsFree) {
  RawServer server(answering(std::string(ok)));
  Shots shots;
  for (int i = 0; i < 200; ++i) shots.add("GET", "/", std::chrono::hours(i));
  SenderOptions options = to(server.port());
  options.connections_max = 3;
  options.closed_loop = true;
  send(options, shots);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(200, Outcome::answered));
  EXPECT_EQ(counts_.connections, 3u);
  for (const auto& exchange : exchanges()) EXPECT_LT(exchange.intended, begin_ + std::chrono::hours(1));
}

TEST_F(SenderTest, ThePreciseOneIsNeverEarlyAndAnswersHaveTheirTurn) {
  RawServer server(answering(std::string(ok)));
  Shots shots;
  for (int i = 0; i < 100; ++i) shots.add("GET", "/", Nanoseconds(i * 300'000LL));
  SenderOptions options = to(server.port());
  options.precise = true;
  send(options, shots);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(100, Outcome::answered));
  for (const auto& exchange : exchanges()) EXPECT_GE(exchange.start, exchange.intended);
}

}  // namespace
}  // namespace stormproof::replay
