#include "harness/wire/upstream_pool.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <future>

#include "harness/base/both.h"
#include "tests/support/certificates.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/raw_tls.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;

class PoolTest : public testing::Test {
 protected:
  static Endpoint local(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

  static base::Task<> connect_to(UpstreamPool& pool, ConnectResult& result) {
    ConnectAttempt* cancel = nullptr;
    result = co_await pool.connect(&cancel);
    EXPECT_EQ(cancel, nullptr);
  }
  std::unique_ptr<Connection> connect(UpstreamPool& pool) {
    ConnectResult result;
    run.run(connect_to(pool, result));
    return result ? std::move(*result) : nullptr;
  }
  static base::Task<> give(UpstreamPool& pool, std::unique_ptr<Connection> connection) {
    co_await pool.give_back(std::move(connection));
  }
  void give_back(UpstreamPool& pool, std::unique_ptr<Connection> connection) {
    run.run(give(pool, std::move(connection)));
  }
  static base::Task<> close_pool(UpstreamPool& pool) { co_await pool.close(); }
  static base::Task<> retire_it(std::unique_ptr<Connection> connection) { co_await retire(std::move(connection)); }

  IoRun run;
  Deadlines deadlines{run.io};
};

void hold(RawConnection& peer) { peer.read_to_end(std::chrono::seconds(30)); }

TEST_F(PoolTest, LendsTheYoungestFirst) {
  RawServer server(hold);
  UpstreamPool pool(run.io, deadlines, local(server.port()));
  EXPECT_EQ(pool.take_idle(), nullptr);
  auto first = connect(pool);
  auto second = connect(pool);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->number(), 1u);
  EXPECT_EQ(second->number(), 2u);
  give_back(pool, std::move(first));
  give_back(pool, std::move(second));
  EXPECT_EQ(pool.idle(), 2u);
  auto again = pool.take_idle();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number(), 2u);
  EXPECT_EQ(pool.idle(), 1u);
  run.run(retire_it(std::move(again)));
  run.run(close_pool(pool));
  EXPECT_EQ(pool.idle(), 0u);
}

// A service that counts by address sees another client.
TEST_F(PoolTest, ConnectionsComeFromTheAddressThatIsAskedFor) {
  RawServer server(hold);
  const Endpoint from(asio::ip::make_address_v4("127.0.0.9"), 0);
  UpstreamPool pool(run.io, deadlines, local(server.port()), {.from = from});
  auto connection = connect(pool);
  ASSERT_TRUE(connection);
  sockaddr_in mine{};
  socklen_t size = sizeof mine;
  ASSERT_EQ(::getsockname(connection->socket().native_handle(), reinterpret_cast<sockaddr*>(&mine), &size), 0);
  EXPECT_EQ(ntohl(mine.sin_addr.s_addr), 0x7F000009U);
  EXPECT_NE(mine.sin_port, 0);
  run.run(retire_it(std::move(connection)));
  run.run(close_pool(pool));
}

TEST_F(PoolTest, AnAddressThatIsNotOursIsRefused) {
  RawServer server(hold);
  UpstreamPool pool(run.io, deadlines, local(server.port()),
                    {.from = Endpoint(asio::ip::make_address_v4("192.0.2.1"), 0)});
  EXPECT_EQ(connect(pool), nullptr);
  run.run(close_pool(pool));
}

TEST_F(PoolTest, OneThatTheUpstreamClosesOrSpeaksOnLeavesAtOnce) {
  std::promise<void> idle;
  auto gone = std::make_shared<std::atomic<int>>(0);
  RawServer server([&, ready = idle.get_future().share()](RawConnection& peer) {
    ready.wait();
    if (gone->fetch_add(1) == 0) EXPECT_TRUE(peer.send("HTTP/1.1 408 Timeout\r\n\r\n"));
    else return;  // closes
    hold(peer);
  });
  UpstreamPool pool(run.io, deadlines, local(server.port()));
  auto first = connect(pool);
  auto second = connect(pool);
  give_back(pool, std::move(first));
  give_back(pool, std::move(second));
  EXPECT_EQ(pool.idle(), 2u);
  idle.set_value();
  EXPECT_TRUE(run.run_until([&] { return pool.idle() == 0; }));
  EXPECT_EQ(pool.take_idle(), nullptr);
  run.run(close_pool(pool));
}

TEST_F(PoolTest, WhatIsNotCleanIsNotKept) {
  RawServer server([](RawConnection& peer) {
    peer.send("stray");  // the second one is closed before it can
    hold(peer);
  });
  UpstreamPool pool(run.io, deadlines, local(server.port()));
  auto connection = connect(pool);
  run.run([](Connection& c) -> base::Task<> { co_await c.more(); }(*connection));
  ASSERT_FALSE(connection->unread().empty());
  give_back(pool, std::move(connection));
  EXPECT_EQ(pool.idle(), 0u);
  auto closed = connect(pool);
  closed->close();
  give_back(pool, std::move(closed));
  EXPECT_EQ(pool.idle(), 0u);
  run.run(close_pool(pool));
}

TEST_F(PoolTest, IdleConnectionsAreBounded) {
  RawServer server(hold);
  UpstreamPool pool(run.io, deadlines, local(server.port()), {.idle_max = 1});
  auto first = connect(pool);
  auto second = connect(pool);
  give_back(pool, std::move(first));
  give_back(pool, std::move(second));
  EXPECT_EQ(pool.idle(), 1u);
  run.run(close_pool(pool));
  auto late = connect(pool);
  give_back(pool, std::move(late));
  EXPECT_EQ(pool.idle(), 0u) << "a pool that is closed keeps nothing";
}

TEST_F(PoolTest, IdleOnesAreGivenUpAfterTheirTimeAndNeverLentHalfClosed) {
  std::atomic<int> ended = 0;
  RawServer server([&](RawConnection& peer) {
    hold(peer);
    ++ended;
  });
  UpstreamPool pool(run.io, deadlines, local(server.port()), {.idle_for = milliseconds(1)});
  auto connection = connect(pool);
  give_back(pool, std::move(connection));
  EXPECT_TRUE(run.run_until([&] { return pool.idle() == 0; }));
  EXPECT_EQ(pool.take_idle(), nullptr);
  EXPECT_TRUE(run.run_until([&] { return ended == 1; }));
  run.run(close_pool(pool));
}

TEST_F(PoolTest, RefusedIsToldWithTheSystemsWord) {
  UpstreamPool pool(run.io, deadlines, local(support::free_port()));
  ConnectResult result;
  run.run(connect_to(pool, result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::refused);
  EXPECT_EQ(result.error().error, asio::error::connection_refused);
}

// A listener whose queue is full: the kernel drops what would connect.
class FullListener {
 public:
  explicit FullListener(IoContext& io) : acceptor_(io, Endpoint(asio::ip::address_v4::loopback(), 0), true) {
    acceptor_.listen(0);
    while (true) {
      auto filler = RawConnection::connect(acceptor_.local_endpoint().port(), milliseconds(100));
      if (!filler) break;
      fillers_.push_back(std::move(*filler));
    }
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  Acceptor acceptor_;
  std::vector<RawConnection> fillers_;
};

TEST_F(PoolTest, ConnectTimeout) {
  const FullListener full(run.io);
  UpstreamPool pool(run.io, deadlines, local(full.port()), {.connect = milliseconds(60)});
  const auto begin = std::chrono::steady_clock::now();
  ConnectResult result;
  run.run(connect_to(pool, result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::connect_timeout);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(60));
}

TEST_F(PoolTest, ConnectCanBeCancelled) {
  const FullListener full(run.io);
  UpstreamPool pool(run.io, deadlines, local(full.port()));
  ConnectResult result;
  run.run([](UpstreamPool& p, ConnectResult& r) -> base::Task<> {
    ConnectAttempt* cancel = nullptr;
    co_await base::both([](UpstreamPool& pp, ConnectResult& rr,
                           ConnectAttempt** c) -> base::Task<> { rr = co_await pp.connect(c); }(p, r, &cancel),
                        [](ConnectAttempt** c) -> base::Task<> {
                          (*c)->close();
                          co_return;
                        }(&cancel));
  }(pool, result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::cancelled);
}

class TlsPoolTest : public PoolTest {
 protected:
  TlsPeer tls(const std::string& name = "shop.test") {
    return {TlsContext::client({.ca_file = certificates.authority()}).value(), name};
  }
  support::Certificates certificates;
  support::RawTls::Server raw_server = support::RawTls::server(certificates.issue({"shop.test"}));
};

TEST_F(TlsPoolTest, AreOfTlsAndResumeTheSessionOfTheOneBefore) {
  std::atomic<int> resumed = 0;
  RawServer server([&](RawConnection& peer) {
    auto spoken = support::RawTls::accept(peer, raw_server);
    ASSERT_TRUE(spoken.has_value()) << spoken.error().message;
    EXPECT_EQ(spoken->server_name(), "shop.test");
    if (spoken->resumed()) ++resumed;
    EXPECT_TRUE(spoken->send(spoken->read(1).value_or("?")));
    EXPECT_EQ(spoken->read_to_end().value_or("cut"), "");
  });
  UpstreamPool pool(run.io, deadlines, local(server.port()), {}, tls());
  const auto echo = [](Connection& c) -> base::Task<> {
    EXPECT_FALSE(co_await c.write("x"));
    EXPECT_EQ((co_await c.more()).bytes, 1u);
    EXPECT_EQ(c.unread(), "x");
    c.consume(1);
  };
  auto first = connect(pool);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->layered());
  run.run(echo(*first));
  auto second = connect(pool);
  ASSERT_TRUE(second);
  run.run(echo(*second));
  EXPECT_EQ(resumed, 1);
  give_back(pool, std::move(first));
  give_back(pool, std::move(second));
  EXPECT_EQ(pool.idle(), 2u);
  run.run(close_pool(pool));
}

TEST_F(TlsPoolTest, LateTicketsAreNoWordOutOfTurn) {
  std::promise<void> sent;
  std::promise<void> seen;
  RawServer server([&, wait = seen.get_future().share()](RawConnection& peer) {
    auto spoken = support::RawTls::accept(peer, raw_server);
    ASSERT_TRUE(spoken.has_value()) << spoken.error().message;
    sent.set_value();  // the tickets left with the end of the handshake
    wait.wait();
    EXPECT_TRUE(spoken->send("out of turn"));
    hold(peer);
  });
  UpstreamPool pool(run.io, deadlines, local(server.port()), {}, tls());
  give_back(pool, connect(pool));
  sent.get_future().wait();
  run.poll();
  EXPECT_EQ(pool.idle(), 1u);
  seen.set_value();
  EXPECT_TRUE(run.run_until([&] { return pool.idle() == 0; }));
  run.run(close_pool(pool));
}

TEST_F(TlsPoolTest, AFailedHandshakeIsToldApartFromARefusedConnection) {
  RawServer server([&](RawConnection& peer) { EXPECT_FALSE(support::RawTls::accept(peer, raw_server)); });
  UpstreamPool pool(run.io, deadlines, local(server.port()), {}, tls("other.test"));
  ConnectResult result;
  run.run(connect_to(pool, result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::tls_failed);
  EXPECT_EQ(result.error().error.message(), "its certificate is not accepted: hostname mismatch");

  RawServer closing([](RawConnection&) {});
  UpstreamPool other(run.io, deadlines, local(closing.port()), {}, tls());
  run.run(connect_to(other, result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::tls_failed);

  UpstreamPool nobody(run.io, deadlines, local(support::free_port()), {}, tls());
  run.run(connect_to(nobody, result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::refused);
}

TEST_F(TlsPoolTest, TheTimeToConnectIsThatOfTheHandshakeToo) {
  RawServer server(hold);
  UpstreamPool pool(run.io, deadlines, local(server.port()), {.connect = milliseconds(60)}, tls());
  const auto begin = std::chrono::steady_clock::now();
  ConnectResult result;
  run.run(connect_to(pool, result));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::connect_timeout);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(60));
}

TEST_F(TlsPoolTest, AHandshakeCanBeCancelled) {
  std::promise<void> hello;
  RawServer server([&](RawConnection& peer) {
    if (peer.read(1)) hello.set_value();
    hold(peer);
  });
  UpstreamPool pool(run.io, deadlines, local(server.port()), {}, tls());
  ConnectResult result;
  ConnectAttempt* cancel = nullptr;
  base::TaskGroup tasks;
  tasks.spawn([](UpstreamPool& p, ConnectResult& r, ConnectAttempt** c) -> base::Task<> { r = co_await p.connect(c); }(
                                                                            pool, result, &cancel));
  const auto said = hello.get_future();
  ASSERT_TRUE(run.run_until([&] { return said.wait_for(milliseconds(0)) == std::future_status::ready; }));
  ASSERT_NE(cancel, nullptr);
  cancel->close();
  ASSERT_TRUE(run.run_until([&] { return tasks.size() == 0; }));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Outcome::cancelled);
  EXPECT_EQ(cancel, nullptr);
}

}  // namespace
}  // namespace stormproof::wire
