#include "replay/answer_call.h"

#include <gtest/gtest.h>

#include "tests/replay/comparing.h"

namespace stormproof::replay {
namespace {

class AnswerCallTest : public testing::Test {
 protected:
  Answer ask(std::uint16_t port, RequestBytes request, std::chrono::nanoseconds timeout = std::chrono::seconds(20),
             int times = 1) {
    wire::Deadlines deadlines(io_);
    wire::UpstreamPool pool(io_, deadlines, {wire::asio::ip::address_v4::loopback(), port});
    Answer answer;
    base::TaskGroup tasks;
    tasks.spawn(drive(deadlines, pool, request, timeout, times, answer));
    io_.restart();
    io_.run();
    return answer;
  }
  base::Task<> drive(wire::Deadlines& deadlines, wire::UpstreamPool& pool, RequestBytes request,
                     std::chrono::nanoseconds timeout, int times, Answer& answer) {
    for (int i = 0; i < times; ++i) {
      AnswerCall call(clock_, deadlines, pool, stop_, timeout);
      answer = co_await call.run(request);
    }
    co_await pool.close();
    io_.stop();
  }
  static constexpr RequestBytes get{"GET", "GET /a HTTP/1.1\r\nHost: x\r\n", {}, {}};
  base::SystemClock clock_;
  wire::IoContext io_{wire::one_thread};
  base::Stop stop_;
};

TEST_F(AnswerCallTest, KeepsTheWholeAnswer) {
  const std::string body(100'000, 'b');
  RawServer server(responding([&](std::string_view request) {
    return request.starts_with("GET /a ") ? "HTTP/1.1 103 Early\r\n\r\n" + with_body(body) : "";
  }));
  const Answer answer = ask(server.port(), get, std::chrono::seconds(20), 2);
  EXPECT_TRUE(answer.answered());
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(answer.body, body);
  EXPECT_GT(answer.latency().count(), 0);
  EXPECT_EQ(server.accepted(), 1U) << "the second over the same connection";
}

TEST_F(AnswerCallTest, AStaleConnectionCostsAnIdempotentRequestNothing) {
  RawServer server([](RawConnection& connection) {
    if (!read_request(connection).empty()) connection.send(with_body("1"));
  });
  EXPECT_TRUE(ask(server.port(), get, std::chrono::seconds(20), 3).answered());
}

TEST_F(AnswerCallTest, FailuresAreByCause) {
  EXPECT_EQ(ask(support::free_port(), get).outcome, Outcome::refused);
  RawServer cut([](RawConnection& connection) {
    read_request(connection);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  });
  EXPECT_EQ(ask(cut.port(), get).outcome, Outcome::reset);
  RawServer silent([](RawConnection& connection) {
    read_request(connection);
    read_request(connection);
  });
  EXPECT_EQ(ask(silent.port(), get, milliseconds(100)).outcome, Outcome::head_timeout);
  RawServer noise(answering("hello\r\n\r\n"));
  EXPECT_EQ(ask(noise.port(), get).outcome, Outcome::bad_response);
}

TEST_F(AnswerCallTest, ALargeBodyIsCutAndCounted) {
  const std::string body(Answer::body_bytes_max + 10, 'x');
  RawServer server(responding([&](std::string_view) { return with_body(body); }));
  const Answer answer = ask(server.port(), get);
  EXPECT_TRUE(answer.cut());
  EXPECT_EQ(answer.body.size(), Answer::body_bytes_max);
  EXPECT_EQ(answer.body_bytes, body.size());
  EXPECT_NE(answer.body_digest, 0U);
  EXPECT_EQ(ask(server.port(), get).body_digest, answer.body_digest);
}

}  // namespace
}  // namespace stormproof::replay
