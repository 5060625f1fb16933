// The handshake without a fault, and its verdicts; what clients see of each is in tests/run/connection_faults_test.cpp.
#include "harness/proxy/client_handshake.h"

#include <gtest/gtest.h>

#include <thread>

#include "harness/wire/listener.h"
#include "harness/wire/loop_thread.h"
#include "tests/support/raw_connection.h"

namespace stormproof::proxy {
namespace {

// One verdict for all.
class Verdict final : public wire::StreamInterceptor {
 public:
  explicit Verdict(wire::HandshakeVerdict verdict) : verdict_(std::move(verdict)) {}
  void client_opened(wire::Connection&, std::uint64_t) override {}
  void upstream_opened(wire::Connection&, std::uint64_t, wire::Connection*) override {}
  std::optional<wire::ConnectVerdict> connecting(std::uint64_t) override { return std::nullopt; }
  void connect_held(std::uint64_t, std::chrono::nanoseconds) override {}
  std::optional<wire::HandshakeVerdict> shaking_hands(wire::Connection&, std::uint64_t number) override {
    asked = number;
    return verdict_;
  }
  void shaken(wire::Connection&, std::uint64_t, Shaken how) override { said = how; }

  std::uint64_t asked = 0;
  std::optional<Shaken> said;

 private:
  wire::HandshakeVerdict verdict_;
};

TEST(ClientHandshake, AnAlertIsSevenBytesAndTheEnd) {
  wire::LoopThread loop;
  Verdict verdict({.fault = 9, .alert = true});
  std::optional<events::NameId> spoilt;
  bool done = true;
  auto listener = loop.call([&] {
    return wire::Listener::open(loop.io(), wire::parse_listen_address("127.0.0.1:0").value(), false).value();
  });
  std::string got;
  std::thread client([&] {
    auto peer = support::RawConnection::connect(listener->endpoint().port()).value();
    EXPECT_TRUE(peer.send("hello"));
    got = peer.read_to_end().value_or("a reset");
  });
  const auto serve = [&]() -> base::Task<> {
    auto accepted = co_await listener->accept();
    wire::Connection connection(std::move(accepted.value()));
    done = co_await shake_hands(connection, 7, nullptr, &verdict, spoilt);
    connection.close();
    co_await connection.settled();
  };
  loop.run(serve());
  client.join();
  loop.call([&] {
    listener->close();
    listener.reset();
  });
  EXPECT_EQ(got, std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
  EXPECT_FALSE(done);
  EXPECT_EQ(spoilt, events::NameId{9});
  EXPECT_EQ(verdict.asked, 7U);
  EXPECT_EQ(verdict.said, wire::StreamInterceptor::Shaken::refused);
}

}  // namespace
}  // namespace stormproof::proxy
