#include "harness/proxy/gateway.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <set>

#include "tests/proxy/relay_run.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using support::RawConnection;
using support::RawServer;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const auto loopback = wire::asio::ip::address_v4::loopback();

class GatewayTest : public ::testing::Test {
 protected:
  GatewayOptions options(std::size_t workers) {
    GatewayOptions options;
    options.workers = workers;
    options.relay.listen = {loopback, 0};
    options.relay.upstreams = {{{loopback, upstream_.port()}, 1, "origin"}};
    options.taps = [this](std::size_t, wire::IoContext&) { return RelayTaps{&events_, nullptr, nullptr}; };
    return options;
  }
  RawConnection connect(const Gateway& gateway) {
    return std::move(*RawConnection::connect(gateway.endpoint().port()));
  }

  base::SystemClock clock_;
  EventLog events_;
  RawServer upstream_{[](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) && peer.send(ok)) {
    }
  }};
};

TEST_F(GatewayTest, EveryWorkerServesAndTheNumbersAreUnique) {
  const auto gateway = must(Gateway::open(clock_, options(3)));
  EXPECT_EQ(gateway->workers(), 3U);
  constexpr std::size_t clients = 60;
  for (std::size_t i = 0; i < clients; ++i) {
    RawConnection client = connect(*gateway);
    EXPECT_EQ(ask(client, get, ok.size()), ok);
  }
  std::set<std::uint64_t> connections, requests, workers;
  for (const auto& event : events_.wait_for(clients)) {
    connections.insert(event.connection);
    requests.insert(event.request);
    workers.insert(event.connection % 3);
  }
  EXPECT_EQ(connections.size(), clients);
  EXPECT_EQ(requests.size(), clients);
  EXPECT_GT(workers.size(), 1U) << "one of three has served all of sixty connections";
  const auto state = gateway->state(std::chrono::seconds(30));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->counts.connections, clients);
  EXPECT_EQ(state->counts.exchanges, clients);
  ASSERT_EQ(state->upstreams.size(), 1U);
  EXPECT_EQ(state->upstreams[0].exchanges, clients);
  EXPECT_EQ(state->upstreams[0].name, "origin");
}

TEST_F(GatewayTest, APortInUseIsAnErrorAlsoForSharedOnes) {
  const auto first = must(Gateway::open(clock_, options(2)));
  GatewayOptions second = options(2);
  second.relay.listen = first->endpoint();
  const auto refused = Gateway::open(clock_, second);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("Address already in use"), std::string::npos);
}

TEST_F(GatewayTest, AReloadReachesEveryWorker) {
  RawServer green([](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) &&
           peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ngo")) {
    }
  });
  const auto gateway = must(Gateway::open(clock_, options(2)));
  std::vector<RawConnection> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(connect(*gateway));
    EXPECT_TRUE(ask(clients.back(), get, ok.size()).ends_with("ok"));
  }
  GatewayOptions next = options(2);
  next.relay.upstreams = {{{loopback, green.port()}}};
  ASSERT_TRUE(gateway->apply(next));
  for (RawConnection& client : clients) EXPECT_TRUE(ask(client, get, ok.size()).ends_with("go"));
  next.relay.upstreams.clear();
  EXPECT_FALSE(gateway->apply(next));
  for (RawConnection& client : clients) EXPECT_TRUE(ask(client, get, ok.size()).ends_with("go"));
}

TEST_F(GatewayTest, DrainingLetsWhatIsUnderWayEnd) {
  std::promise<void> called, answer;
  RawServer slow([&](RawConnection& peer) {
    read_head(peer);
    called.set_value();
    answer.get_future().wait();
    must(peer.send(ok));
    EXPECT_TRUE(ends(peer));
  });
  GatewayOptions with_slow = options(2);
  with_slow.relay.upstreams = {{{loopback, slow.port()}}};
  const auto gateway = must(Gateway::open(clock_, with_slow));
  RawConnection client = connect(*gateway);
  must(client.send(get));
  called.get_future().wait();
  auto drained = std::async(std::launch::async, [&] { gateway->drain(); });
  answer.set_value();
  EXPECT_EQ(must(client.read_to_end()), ok);
  drained.get();
  EXPECT_EQ(gateway->state(std::chrono::seconds(1)), std::nullopt);
  EXPECT_FALSE(RawConnection::connect(gateway->endpoint().port())) << "it still listens";
}

TEST_F(GatewayTest, TheNumberOfWorkersHasLimits) {
  EXPECT_FALSE(Gateway::open(clock_, options(0)));
  EXPECT_FALSE(Gateway::open(clock_, options(Gateway::workers_max + 1)));
}

}  // namespace
}  // namespace stormproof::proxy
