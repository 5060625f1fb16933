#include "harness/wire/listener.h"

#include <gtest/gtest.h>

#include <boost/asio/write.hpp>
#include <thread>

#include "harness/base/both.h"
#include "tests/support/ports.h"
#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

base::Task<> accept_one(Listener& listener, std::expected<Socket, ErrorCode>& result) {
  result = co_await listener.accept();
}
base::Task<> close(Listener& listener) {
  listener.close();
  co_return;
}

TEST(Listener, TellsThePortThatTheKernelChoseAndAccepts) {
  IoRun run;
  auto listener = Listener::open(run.io, Endpoint(asio::ip::address_v4::loopback(), 0));
  ASSERT_TRUE(listener);
  ASSERT_NE((*listener)->endpoint().port(), 0);
  auto peer = support::RawConnection::connect((*listener)->endpoint().port());
  ASSERT_TRUE(peer);
  std::expected<Socket, ErrorCode> socket = std::unexpected(asio::error::fault);
  run.run(accept_one(**listener, socket));
  ASSERT_TRUE(socket);
  ErrorCode error;
  const asio::const_buffer bytes = asio::buffer("hi", 2);
  EXPECT_EQ(socket->write_some({&bytes, 1}, error), 2u);
  EXPECT_EQ(peer->read(2).value_or(""), "hi");
}

TEST(Listener, AddressInUseIsNamed) {
  IoRun run;
  const auto first = Listener::open(run.io, Endpoint(asio::ip::address_v4::loopback(), 0));
  ASSERT_TRUE(first);
  const auto second = Listener::open(run.io, (*first)->endpoint());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on " + to_string((*first)->endpoint()) + ": Address already in use");
}

TEST(Listener, ASharedPortIsForThoseThatShareIt) {
  IoContext io(one_thread);
  const Endpoint any(asio::ip::address_v4::loopback(), 0);
  auto first = Listener::open(io, any, true);
  ASSERT_TRUE(first);
  EXPECT_TRUE(Listener::open(io, (*first)->endpoint(), true));
  EXPECT_FALSE(Listener::open(io, (*first)->endpoint()));
}

TEST(Listener, ALookAtAFreeAddressLetsNobodyIn) {
  const auto port = support::free_port();
  const Endpoint address(asio::ip::address_v4::loopback(), port);
  std::jthread looks([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) EXPECT_TRUE(Listener::may_open(address));
  });
  IoContext io(one_thread);
  for (int i = 0; i < 2'000; ++i) {
    asio::ip::tcp::socket peer(io);
    peer.open(address.protocol());
    // From another address: a socket that happens to be given this very port would connect to itself.
    peer.bind(Endpoint(asio::ip::make_address("127.0.0.9"), 0));
    ErrorCode refused;
    peer.connect(address, refused);
    EXPECT_EQ(refused, asio::error::connection_refused);
  }
}

TEST(Listener, ALookAtAnAddressInUseSaysWhyNot) {
  IoContext io(one_thread);
  const Endpoint any(asio::ip::address_v4::loopback(), 0);
  for (const bool shared : {false, true}) {
    const auto taken = Listener::open(io, any, shared);
    ASSERT_TRUE(taken);
    const auto look = Listener::may_open((*taken)->endpoint());
    ASSERT_FALSE(look) << shared;
    EXPECT_EQ(look.error().message, "cannot listen on " + to_string((*taken)->endpoint()) + ": Address already in use");
  }
}

TEST(Listener, AForeignAddressIsNamed) {
  IoRun run;
  const auto listener = Listener::open(run.io, Endpoint(asio::ip::make_address("192.0.2.1"), 80));
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().message, "cannot listen on 192.0.2.1:80: Cannot assign requested address");
}

TEST(Listener, CloseEndsTheWaitAndFreesThePort) {
  IoRun run;
  auto listener = Listener::open(run.io, Endpoint(asio::ip::address_v4::loopback(), 0));
  ASSERT_TRUE(listener);
  std::expected<Socket, ErrorCode> socket = std::unexpected(ErrorCode());
  run.run([](Listener& l, std::expected<Socket, ErrorCode>& result) -> base::Task<> {
    co_await base::both(accept_one(l, result), close(l));
  }(**listener, socket));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error(), asio::error::operation_aborted);
  EXPECT_FALSE(support::is_listening((*listener)->endpoint().port()));
}

}  // namespace
}  // namespace stormproof::wire
