// The sender and what servers answer, or do not.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>

#include "tests/replay/sending.h"
#include "tests/support/full_listener.h"

namespace stormproof::replay {
namespace {

TEST_F(SenderTest, ConnectionCloseIsHonoured) {
  RawServer server([](RawConnection& connection) {
    if (!read_request(connection).empty())
      EXPECT_TRUE(connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
    read_request(connection);  // a request that came now would be lost
  });
  Shots shots;
  for (int i = 0; i < 4; ++i) shots.add("POST", "/", milliseconds(5 * i), "body");
  send(to(server.port()), shots);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(4, Outcome::answered));
  EXPECT_EQ(server.accepted(), 4u);
}

// The first connection answers once and dies when it is asked again, as a server does whose keep-alive ran out.
RawServer::Play dying_at_the_second(std::atomic<int>& connections, std::string last_words, bool always) {
  return [&connections, last_words, always](RawConnection& connection) {
    const int number = ++connections;
    if (number > 1 && always) {
      read_request(connection);
      return;
    }
    for (int asked = 1; !read_request(connection).empty(); ++asked) {
      if (number == 1 && asked == 2) {
        EXPECT_TRUE(connection.send(last_words));
        return;
      }
      if (!connection.send(ok)) return;
    }
  };
}

TEST_F(SenderTest, AStaleConnectionCostsAGetNothing) {
  for (const std::string method : {"GET", "PUT", "DELETE"}) {
    exchanges().clear();
    std::atomic<int> connections = 0;
    RawServer server(dying_at_the_second(connections, "", false));
    Shots shots = two(method);
    send(to(server.port()), shots);
    ASSERT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::answered})) << method;
    EXPECT_EQ(connections, 2) << method;
    EXPECT_NE(exchanges()[0].connection, exchanges()[1].connection);
    EXPECT_EQ(exchanges()[1].request_bytes, fmt::format("{} /second HTTP/1.1\r\nHost: target\r\n\r\n", method).size())
        << "counted once";
    EXPECT_EQ(exchanges()[1].response_bytes, ok.size());
    EXPECT_EQ(counts_.ended, 2u);
  }
}

TEST_F(SenderTest, AStaleConnectionIsTriedOnceMoreOnly) {
  std::atomic<int> connections = 0;
  RawServer server(dying_at_the_second(connections, "", true));
  Shots shots = two("GET");
  send(to(server.port()), shots);
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::reset}));
  EXPECT_EQ(connections, 2);
}

TEST_F(SenderTest, APostIsNeverSentTwice) {
  std::atomic<int> connections = 0;
  RawServer server(dying_at_the_second(connections, "", false));
  Shots shots = two("POST");
  send(to(server.port()), shots);
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::reset}));
  EXPECT_EQ(connections, 1);
}

TEST_F(SenderTest, ARequestThatWasSeenIsNeverSentTwice) {
  for (const std::string said : {"HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"}) {
    exchanges().clear();
    std::atomic<int> connections = 0;
    RawServer server(dying_at_the_second(connections, said, false));
    Shots shots = two("GET");
    send(to(server.port()), shots);
    EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::reset})) << said;
    EXPECT_EQ(connections, 1) << said;
  }
}

TEST_F(SenderTest, AFreshConnectionThatDiesIsAFailure) {
  RawServer server([](RawConnection& connection) { read_request(connection); });
  Shots shots;
  shots.add("GET", "/");
  send(to(server.port()), shots);
  EXPECT_EQ(outcomes(), std::vector<Outcome>{Outcome::reset});
  EXPECT_EQ(server.accepted(), 1u);
  EXPECT_EQ(exchanges()[0].first_byte, base::Time{});
  EXPECT_EQ(exchanges()[0].status, 0);
}

struct Form {
  const char* name;
  std::string method;
  std::string response;
  int status;
  bool ends_with_connection = false;
};

TEST_F(SenderTest, EveryFormOfAnswerIsReadToItsEnd) {
  const Form forms[] = {
      {"length", "GET", std::string(ok), 200},
      {"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200},
      {"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", 200},
      {"head with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", 200},
      {"head after hints", "HEAD", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n",
       200},
      {"head chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200},
      {"interim", "POST",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: 1\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: "
       "1\r\n\r\nx",
       201},
      {"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 204},
      {"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", 304},
      {"404", "GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", 404},
      {"599", "GET", "HTTP/1.1 599 What\r\nContent-Length: 1\r\n\r\nx", 599},
      {"until the end", "GET", "HTTP/1.1 200 OK\r\n\r\nall there is", 200, true},
      {"1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, true},
      {"1.0 until the end", "GET", "HTTP/1.0 200 OK\r\n\r\nall there is", 200, true},
      {"upgrade", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", 101, true},
  };
  for (const Form& form : forms) {
    exchanges().clear();
    RawServer server([&form](RawConnection& connection) {
      while (!read_request(connection).empty() && connection.send(form.response) && !form.ends_with_connection) {
      }
    });
    Shots shots;
    shots.add(form.method, "/1").add(form.method, "/2", milliseconds(25));
    send(to(server.port()), shots);
    ASSERT_EQ(exchanges().size(), 2u) << form.name;
    for (const auto& exchange : exchanges()) {
      EXPECT_EQ(exchange.outcome, Outcome::answered) << form.name;
      EXPECT_EQ(exchange.status, form.status) << form.name;
      EXPECT_EQ(exchange.response_bytes, form.response.size()) << form.name;
    }
    if (form.ends_with_connection) EXPECT_EQ(server.accepted(), 2u) << form.name;
  }
}

TEST_F(SenderTest, EveryWayOfFailingHasItsCause) {
  struct Case {
    const char* name;
    std::string said;
    bool reset;
    Outcome outcome;
    int status;
  };
  const Case cases[] = {
      {"closes", "", false, Outcome::reset, 0},
      {"resets", "", true, Outcome::reset, 0},
      {"closes in the head", "HTTP/1.1 200 OK\r\nConte", false, Outcome::reset, 0},
      {"closes in the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", false, Outcome::reset, 200},
      {"closes in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", false, Outcome::reset, 200},
      {"closes before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", false,
       Outcome::reset, 200},
      {"is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", false, Outcome::bad_response, 0},
      {"has a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, Outcome::bad_response,
       200},
      {"has a huge head", "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x'), false, Outcome::bad_response, 0},
  };
  for (const Case& each : cases) {
    exchanges().clear();
    RawServer server([&each](RawConnection& connection) {
      read_request(connection);
      static_cast<void>(connection.send(each.said));
      if (each.reset) connection.reset();
    });
    Shots shots;
    shots.add("GET", "/");
    send(to(server.port()), shots);
    ASSERT_EQ(outcomes(), std::vector<Outcome>{each.outcome}) << each.name;
    EXPECT_EQ(exchanges()[0].status, each.status) << each.name;
    EXPECT_GE(exchanges()[0].end, exchanges()[0].start) << each.name;
  }
}

TEST_F(SenderTest, ARefusedConnectionIsRefused) {
  Shots shots;
  shots.add("GET", "/").add("POST", "/", Nanoseconds(0), "x");
  send(to(support::free_port()), shots);
  ASSERT_EQ(outcomes(), (std::vector<Outcome>{Outcome::refused, Outcome::refused}));
  EXPECT_EQ(exchanges()[0].status, 0);
  EXPECT_GE(exchanges()[0].start, exchanges()[0].intended);
}

// No descriptor can be opened until it is lifted.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const support::Fd next(::dup(0));
    const rlimit none = {static_cast<rlim_t>(next.number()), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { lift(); }
  void lift() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

// A harness that has no descriptor left must not blame the target.
TEST_F(SenderTest, WhatThisMachineCannotSendIsShed) {
  RawServer server(answering(std::string(ok)));
  const wire::Timer opens_the_loop(io_);
  Shots shots;
  shots.add("GET", "/now").add("GET", "/later", milliseconds(30));
  NoDescriptors limit;
  send(to(server.port()), shots, milliseconds(15), [&](Sender&) { limit.lift(); });
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::shed, Outcome::answered}));
  EXPECT_EQ(counts_.shed, 1u);
}

TEST_F(SenderTest, AHangingServerMeetsTheTimeLimit) {
  RawServer server([](RawConnection& connection) {
    const std::string request = read_request(connection);
    if (request.starts_with("GET /body "))
      static_cast<void>(connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
    read_request(connection);  // until the other side ends
  });
  Shots shots;
  shots.add("GET", "/head").add("GET", "/body");
  SenderOptions options = to(server.port());
  options.timeout = milliseconds(100);
  send(options, shots);
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::head_timeout, Outcome::total_timeout}));
  for (const auto& exchange : exchanges()) {
    EXPECT_GE(exchange.end - exchange.start, Nanoseconds(milliseconds(100))) << "never early";
    EXPECT_LT(exchange.end - exchange.start, Nanoseconds(std::chrono::seconds(3)));
  }
  EXPECT_EQ(exchanges()[1].status, 200);
}

TEST_F(SenderTest, AConnectionThatDoesNotComeMeetsTheTimeLimit) {
  const support::FullListener full;
  Shots shots;
  shots.add("GET", "/");
  SenderOptions options = to(full.port());
  options.timeout = milliseconds(100);
  send(options, shots);
  EXPECT_EQ(outcomes(), std::vector<Outcome>{Outcome::connect_timeout});
  EXPECT_LT(exchanges()[0].start - exchanges()[0].intended, Nanoseconds(milliseconds(50)))
      << "the schedule was kept: the target did not take the connection";
}

TEST_F(SenderTest, LargeBodiesGoBothWays) {
  const std::string large(3 << 20, 'x');
  const std::string response = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", large.size(), large);
  std::atomic<std::size_t> received = 0;
  RawServer server([&](RawConnection& connection) {
    for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
      received += request.size();
      if (!connection.send(response, std::chrono::seconds(20))) return;
    }
  });
  Shots shots;
  shots.add("POST", "/", Nanoseconds(0), large).add("POST", "/", Nanoseconds(0), large);
  send(to(server.port()), shots);
  ASSERT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::answered}));
  EXPECT_EQ(exchanges()[0].response_bytes, response.size());
  EXPECT_EQ(received, exchanges()[0].request_bytes + exchanges()[1].request_bytes);
}

// A server that answers and closes its side before it has read the whole request is heard.
TEST_F(SenderTest, AnAnswerBeforeTheBodyWasReadCounts) {
  const std::string too_large = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  RawServer server([&](RawConnection& connection) {
    static_cast<void>(connection.read_until("\r\n\r\n"));
    static_cast<void>(connection.send(too_large));
    connection.end_sending();
    static_cast<void>(connection.read_to_end(std::chrono::seconds(20)));
  });
  Shots shots;
  shots.add("POST", "/", Nanoseconds(0), std::string(4 << 20, 'x'));
  send(to(server.port()), shots);
  ASSERT_EQ(outcomes(), std::vector<Outcome>{Outcome::answered});
  EXPECT_EQ(exchanges()[0].status, 413);
}

TEST_F(SenderTest, AnHttpsTarget) {
  support::Certificates certificates;
  const auto identity = support::RawTls::server(certificates.issue({"shop"}));
  RawServer server([&](RawConnection& connection) {
    auto tls = support::RawTls::accept(connection, identity);
    while (tls && tls->read_until("\r\n\r\n") && tls->send(ok)) {
    }
  });
  SenderOptions options = to(server.port());
  options.tls = {wire::TlsContext::client({.ca_file = certificates.authority()}).value(), "shop"};
  Shots shots = two("GET");
  send(options, shots);
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::answered}));
  options.tls.name = "other";
  exchanges().clear();
  Shots more = two("GET");
  send(options, more);
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::tls_failed, Outcome::tls_failed}));
}

}  // namespace
}  // namespace stormproof::replay
