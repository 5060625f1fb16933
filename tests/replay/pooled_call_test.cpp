// Requests over the pool: the limit, the closed loop, and the clock that spins.
#include "replay/pooled_call.h"

#include <future>
#include <map>

#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

class PooledCallTest : public SenderTest, private AnswerTaker {
 protected:
  // The last answer to `times` requests, one after the other.
  Answer ask(std::uint16_t port, Nanoseconds timeout = std::chrono::seconds(20), int times = 1) {
    answers_.clear();
    Shots shots;
    for (int i = 0; i < times; ++i) shots.add("GET", "/a");
    SenderOptions options = to(port);
    options.timeout = timeout;
    options.connections_max = 1;
    options.answers = this;
    send(options, shots);
    EXPECT_EQ(answers_.size(), static_cast<std::size_t>(times));
    return answers_[static_cast<std::uint64_t>(times)];
  }

 private:
  void take(const Shot& shot, const events::Exchange& event, Answer answer) override {
    EXPECT_EQ(event.request, shot.request);
    EXPECT_TRUE(answers_.emplace(shot.request, std::move(answer)).second) << "once each";
  }
  std::map<std::uint64_t, Answer> answers_;
};

constexpr std::string_view http_head = "HTTP/1.1 200 OK\r\nContent-Length: ";

TEST_F(PooledCallTest, WholeAnswersAreHandedOver) {
  const std::string body(100'000, 'b');
  RawServer server(answering(fmt::format("HTTP/1.1 103 Early\r\n\r\n{}{}\r\n\r\n{}", http_head, body.size(), body)));
  const Answer answer = ask(server.port(), std::chrono::seconds(20), 2);
  EXPECT_TRUE(answer.answered());
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(answer.body, body);
  EXPECT_GT(answer.latency().count(), 0);
  EXPECT_EQ(server.accepted(), 1U) << "the second over the same connection";
}

TEST_F(PooledCallTest, AStaleConnectionCostsAnIdempotentRequestNothing) {
  RawServer server([](RawConnection& connection) {
    if (!read_request(connection).empty()) connection.send(ok);
  });
  const Answer answer = ask(server.port(), std::chrono::seconds(20), 3);
  EXPECT_TRUE(answer.answered());
  EXPECT_EQ(answer.body, "ok") << "of the second attempt alone";
}

TEST_F(PooledCallTest, FailuresAreByCause) {
  EXPECT_EQ(ask(support::free_port()).outcome, Outcome::refused);
  RawServer cut([](RawConnection& connection) {
    read_request(connection);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  });
  EXPECT_EQ(ask(cut.port()).outcome, Outcome::reset);
  RawServer silent([](RawConnection& connection) {
    read_request(connection);
    read_request(connection);
  });
  EXPECT_EQ(ask(silent.port(), milliseconds(100)).outcome, Outcome::head_timeout);
  RawServer noise(answering("hello\r\n\r\n"));
  EXPECT_EQ(ask(noise.port()).outcome, Outcome::bad_response);
}

TEST_F(PooledCallTest, ALargeBodyIsCutAndCounted) {
  const std::string body(Answer::body_bytes_max + 10, 'x');
  RawServer server(answering(fmt::format("{}{}\r\n\r\n{}", http_head, body.size(), body)));
  const Answer answer = ask(server.port());
  EXPECT_TRUE(answer.cut());
  EXPECT_EQ(answer.body.size(), Answer::body_bytes_max);
  EXPECT_EQ(answer.body_bytes, body.size());
  EXPECT_NE(answer.body_digest, 0U);
  EXPECT_EQ(ask(server.port()).body_digest, answer.body_digest);
}

TEST_F(SenderTest, AtTheLimitRequestsAreDroppedWhereThatIsAsked) {
  std::promise<void> opened;
  RawServer server(answering_after(opened));
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
