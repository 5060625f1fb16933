#include "harness/wire/tls_layer.h"

#include <gtest/gtest.h>

#include <array>

#include "harness/wire/tls_errors.h"
#include "tests/wire/tls_pair.h"

namespace stormproof::wire {
namespace {

class TlsLayerTest : public testing::Test {
 protected:
  TlsLayerTest() {
    EXPECT_TRUE(pair.shake_hands(client_of(certificates), server_of(certificates.issue({"shop.test"})), "shop.test"));
  }

  static std::string pattern(std::size_t bytes, unsigned seed) {
    std::string text(bytes, ' ');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>((i + seed) * 2654435761u >> 9);
    return text;
  }
  static base::Task<> read_all(Connection& connection, std::size_t bytes, std::string& got) {
    while (got.size() < bytes) {
      if ((co_await connection.more()).ended()) co_return;
      got += connection.unread();
      connection.consume(connection.unread().size());
      connection.reserve(Connection::large_buffer);
    }
  }
  static base::Task<> exchange(Connection& connection, std::string_view out, std::string& in) {
    ErrorCode error;
    co_await base::both(put(connection, out, error), read_all(connection, out.size(), in));
    EXPECT_FALSE(error);
  }

  IoRun run;
  support::Certificates certificates;
  TlsPair pair{run};
};

TEST_F(TlsLayerTest, LargeAmountsBothWaysAtOnce) {
  const std::string up = pattern(12 << 20, 1);
  const std::string down = pattern(12 << 20, 2);
  std::string at_server;
  std::string at_client;
  run.run([](TlsPair& p, std::string_view u, std::string_view d, std::string& s, std::string& c) -> base::Task<> {
    co_await base::both(exchange(p.client, u, c), exchange(p.server, d, s));
  }(pair, up, down, at_server, at_client));
  EXPECT_TRUE(at_server == up);
  EXPECT_TRUE(at_client == down);
}

TEST_F(TlsLayerTest, AReaderThatDoesNotReadHoldsTheWriterBack) {
  const std::string bytes = pattern(32 << 20, 3);
  ErrorCode error = asio::error::fault;
  std::string got;
  run.run([](TlsPair& p, std::string_view all, ErrorCode& e, std::string& g) -> base::Task<> {
    co_await base::both(put(p.client, all, e), [](TlsPair& pp, std::size_t size, std::string& gg) -> base::Task<> {
      EXPECT_TRUE(pp.client.writing()) << "more than the sockets hold";
      co_await read_all(pp.server, size, gg);
    }(p, all.size(), g));
  }(pair, bytes, error, got));
  EXPECT_FALSE(error);
  EXPECT_TRUE(got == bytes);
}

TEST_F(TlsLayerTest, RecordsThatArriveTogetherAreAllGiven) {
  const std::string bytes = pattern(40'000, 4);  // three records, into a buffer of 4 KiB
  EXPECT_FALSE(pair.write(pair.server, bytes));
  std::string got;
  while (got.size() < bytes.size()) {
    ASSERT_GT(pair.more(pair.client).bytes, 0u);
    got += pair.client.unread();
    pair.client.consume(pair.client.unread().size());
  }
  EXPECT_TRUE(got == bytes);
}

TEST_F(TlsLayerTest, PartsArriveInOrder) {
  const std::string large = pattern(100'000, 5);
  const std::array<std::string_view, 4> parts = {"GET / HTTP/1.1\r\n", "Host: x\r\n", "\r\n", large};
  ErrorCode error = asio::error::fault;
  std::string got;
  run.run([](TlsPair& p, std::span<const std::string_view> all, std::size_t size, ErrorCode& e,
             std::string& g) -> base::Task<> {
    co_await base::both([](TlsPair& pp, std::span<const std::string_view> w,
                           ErrorCode& ee) -> base::Task<> { ee = co_await pp.client.write(w); }(p, all, e),
                        read_all(p.server, size, g));
  }(pair, parts, 27 + large.size(), error, got));
  EXPECT_FALSE(error);
  EXPECT_TRUE(got == "GET / HTTP/1.1\r\nHost: x\r\n\r\n" + large);
}

TEST_F(TlsLayerTest, AnOrderlyEndOfOneSideLeavesTheOtherGoing) {
  pair.pass(pair.client, pair.server, "last words");
  ErrorCode error = asio::error::fault;
  run.run(end(pair.client, error));
  EXPECT_FALSE(error);
  for (int i = 0; i < 2; ++i) {
    const Arrival arrival = pair.more(pair.server);
    EXPECT_TRUE(arrival.eof);
    EXPECT_FALSE(arrival.error);
  }
  pair.pass(pair.server, pair.client, "an answer all the same");
  run.run(end(pair.client, error));
  EXPECT_TRUE(!error || error == asio::error::not_connected) << "twice is no more: " << error.message();
  run.run(end(pair.server, error));
  EXPECT_FALSE(error);
  EXPECT_TRUE(pair.more(pair.client).eof);
}

TEST_F(TlsLayerTest, AnEndThatTlsDidNotSayIsNone) {
  EXPECT_FALSE(pair.write(pair.server, "HTTP/1.0 200 OK\r\n\r\npart of"));
  pair.server.close();
  EXPECT_EQ(pair.more(pair.client).bytes, 26u) << "what came before is given";
  for (int i = 0; i < 2; ++i) {
    const Arrival arrival = pair.more(pair.client);
    EXPECT_FALSE(arrival.eof);
    EXPECT_EQ(arrival.error, asio::error::connection_reset);
  }
  EXPECT_TRUE(pair.write(pair.client, "x"));
}

TEST_F(TlsLayerTest, WhatWasSaidBeforeAResetIsHeardThoughNothingCanBeWritten) {
  EXPECT_FALSE(pair.write(pair.client, "never read"));
  EXPECT_FALSE(pair.write(pair.server, "answer"));
  pair.server.close();  // with bytes unread: a reset
  const std::string bytes(1 << 20, 'x');
  EXPECT_TRUE(pair.write(pair.client, bytes));
  EXPECT_TRUE(pair.write(pair.client, bytes));
  EXPECT_EQ(pair.more(pair.client).bytes, 6u);
  EXPECT_TRUE(pair.more(pair.client).error);
}

TEST_F(TlsLayerTest, CloseInOrderSaysIt) {
  EXPECT_FALSE(pair.write(pair.server, "whole"));
  pair.server.close_in_order();
  EXPECT_EQ(pair.more(pair.client).bytes, 5u);
  EXPECT_TRUE(pair.more(pair.client).eof);
}

TEST_F(TlsLayerTest, BytesThatAreNoTlsAreAnError) {
  ErrorCode error;
  const asio::const_buffer bytes = asio::buffer("no record of TLS", 16);
  EXPECT_EQ(pair.server.socket().write_some({&bytes, 1}, error), 16u);
  const Arrival arrival = pair.more(pair.client);
  EXPECT_EQ(arrival.error.category(), tls_category());
  EXPECT_FALSE(arrival.eof);
  EXPECT_EQ(pair.more(pair.client).error, arrival.error);
}

TEST_F(TlsLayerTest, CloseEndsWhatWaits) {
  const std::string bytes(32 << 20, 'x');
  Arrival arrival;
  ErrorCode error;
  run.run([](TlsPair& p, std::string_view all, Arrival& a, ErrorCode& e) -> base::Task<> {
    co_await base::both(
        [](TlsPair& pp, std::string_view w, Arrival& aa, ErrorCode& ee) -> base::Task<> {
          co_await base::both(put(pp.client, w, ee), take_more(pp.client, aa));
        }(p, all, a, e),
        [](TlsPair& pp) -> base::Task<> {
          EXPECT_TRUE(pp.client.writing());
          pp.client.close();
          co_return;
        }(p));
  }(pair, bytes, arrival, error));
  EXPECT_TRUE(error);
  EXPECT_TRUE(arrival.error);
}

TEST_F(TlsLayerTest, WritingToOneThatHasGoneIsAnErrorAndNoSignal) {
  pair.server.reset();
  const std::string bytes(1 << 20, 'x');
  EXPECT_TRUE(pair.write(pair.client, bytes));
}

}  // namespace
}  // namespace stormproof::wire
