// The relay as a whole: listening, limits on connections, draining.
#include "harness/proxy/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>

#include <future>
#include <vector>

#include "tests/proxy/relay_run.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void answer_gets(RawConnection& peer) {
  while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) && peer.send(ok)) {
  }
}

// Answers when told to.
class HeldUpstream {
 public:
  HeldUpstream()
      : server_([this](RawConnection& peer) {
          if (!peer.read_until("\r\n\r\n")) return;
          called_.set_value();
          answer_.get_future().wait();
          peer.send(ok);
          peer.read_to_end();
        }) {}
  std::uint16_t port() const { return server_.port(); }
  void wait_until_called() { called_.get_future().wait(); }
  void answer() { answer_.set_value(); }

 private:
  std::promise<void> called_;
  std::promise<void> answer_;
  RawServer server_;
};

TEST(Relay, PortInUseIsAnErrorThatNamesIt) {
  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  RawServer taken([](RawConnection&) {});
  RelayOptions options;
  options.listen = {wire::asio::ip::address_v4::loopback(), taken.port()};
  const auto relay = Relay::open(io, clock, options, {});
  ASSERT_FALSE(relay);
  EXPECT_EQ(relay.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(taken.port()) + ": Address already in use");
}

TEST(Relay, WorksWithoutTaps) {
  RawServer upstream(answer_gets);
  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  RelayOptions options;
  const auto loopback = wire::asio::ip::address_v4::loopback();
  options.listen = {loopback, 0};
  options.upstreams = {{{loopback, upstream.port()}}};
  auto relay = must(Relay::open(io, clock, options, {}));
  const std::uint16_t port = relay->endpoint().port();
  std::thread client([&] {
    RawConnection connection = std::move(*RawConnection::connect(port));
    EXPECT_EQ(ask(connection, get, ok.size()), ok);
    boost::asio::post(io, [&] { io.stop(); });
  });
  io.run();
  client.join();
  EXPECT_EQ(relay->counts().exchanges, 1u);
  base::TaskGroup group;
  io.restart();
  group.spawn([](Relay& r, wire::IoContext& context) -> base::Task<> {
    co_await r.drain();
    context.stop();
  }(*relay, io));
  io.run();
  EXPECT_EQ(relay->sessions(), 0u);
}

TEST(Relay, EventsNumberConnectionsAndRequests) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port(), [](RelayOptions& options) {
    options.party = 7;
    options.side = events::Side::egress;
  });
  RawConnection first = run.connect();
  const std::string traced =
      "GET /t HTTP/1.1\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
  EXPECT_EQ(ask(first, get, ok.size()), ok);
  EXPECT_EQ(ask(first, traced, ok.size()), ok);
  RawConnection second = run.connect();
  EXPECT_EQ(ask(second, get, ok.size()), ok);
  const auto events = run.events.wait_for(3);
  EXPECT_EQ(events[0].connection, 1u);
  EXPECT_EQ(events[1].connection, 1u);
  EXPECT_EQ(events[2].connection, 2u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(events[i].request, i + 1);
    EXPECT_EQ(events[i].party, 7u);
    EXPECT_EQ(events[i].side, events::Side::egress);
    EXPECT_EQ(events[i].intended, events[i].start);
    EXPECT_EQ(events[i].route, i + 1);
  }
  EXPECT_TRUE(events[0].trace.none());
  EXPECT_EQ(events[1].trace.bytes[0], 0x0a);
  EXPECT_EQ(events[1].trace.bytes[15], 0x9c);
  EXPECT_THAT(run.events.routes(), testing::ElementsAre("GET /a", "GET /t", "GET /a"));
  const RelayCounts counts = run.end();
  EXPECT_EQ(counts.connections, 2u);
  EXPECT_EQ(counts.exchanges, 3u);
  EXPECT_EQ(counts.connections_refused, 0u);
}

TEST(Relay, ConnectionsAboveTheLimitAreClosedAndCounted) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port(), [](RelayOptions& options) { options.limits.connections_max = 2; });
  RawConnection first = run.connect();
  RawConnection second = run.connect();
  EXPECT_EQ(ask(first, get, ok.size()), ok);
  EXPECT_EQ(ask(second, get, ok.size()), ok);
  RawConnection third = run.connect();
  EXPECT_EQ(must(third.read_to_end()), "");
  EXPECT_EQ(ask(first, get, ok.size()), ok);
  second.close();
  // There is room again once the relay has seen the second leave.
  EXPECT_TRUE(support::eventually(std::chrono::seconds(5), [&] {
    RawConnection again = run.connect();
    return again.send(get) && again.read(ok.size()).has_value();
  }));
  EXPECT_GE(run.end().connections_refused, 1u);
}

TEST(Relay, RunsOutOfDescriptorsAndRecovers) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port());
  RawConnection first = run.connect();
  EXPECT_EQ(ask(first, get, ok.size()), ok);
  support::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::vector<support::Fd> hoard;
  while (true) {
    support::Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd.open()) break;
    hoard.push_back(std::move(fd));
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(run.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  RawConnection waiting(std::move(socket));
  must(waiting.send(get));
  EXPECT_EQ(ask(first, get, ok.size()), ok) << "what is under way goes on";
  EXPECT_FALSE(waiting.read(1, milliseconds(150))) << "there is no descriptor for it, and the relay tries again";
  hoard.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(must(waiting.read(ok.size())), ok);
}

// Draining.

TEST(Relay, DrainClosesIdleConnectionsAtOnceAndAcceptsNoMore) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port(), [](RelayOptions& options) { options.limits.drain = std::chrono::seconds(30); });
  RawConnection used = run.connect();
  EXPECT_EQ(ask(used, get, ok.size()), ok);
  RawConnection fresh = run.connect();
  EXPECT_EQ(ask(fresh, get, ok.size()), ok);
  run.begin_drain();
  EXPECT_EQ(must(used.read_to_end()), "");
  EXPECT_EQ(must(fresh.read_to_end()), "");
  run.end();
  EXPECT_FALSE(support::is_listening(run.port()));
}

TEST(Relay, DrainLetsABusyExchangeEnd) {
  HeldUpstream upstream;
  RelayRun run(upstream.port(), [](RelayOptions& options) { options.limits.drain = std::chrono::seconds(30); });
  RawConnection client = run.connect();
  must(client.send(get));
  upstream.wait_until_called();
  run.begin_drain();
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return !support::is_listening(run.port()); }));
  upstream.answer();
  EXPECT_EQ(must(client.read_to_end()), ok);
  client.close();
  run.end();
  EXPECT_EQ(run.events.now().at(0).outcome, Outcome::answered);
}

TEST(Relay, DrainServesARequestWhoseHeadHadBegun) {
  RawServer upstream(answer_gets);
  RelayRun run(upstream.port(), [](RelayOptions& options) { options.limits.drain = std::chrono::seconds(30); });
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, std::string(get) + std::string(get.substr(0, 9)), ok.size()), ok);
  run.events.wait_for(1);
  run.begin_drain();
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return !support::is_listening(run.port()); }));
  EXPECT_EQ(ask(client, get.substr(9), ok.size()), ok);
  EXPECT_EQ(must(client.read_to_end()), "");
}

TEST(Relay, DrainCutsWhatIsBusyAtItsLimit) {
  HeldUpstream upstream;
  RelayRun run(upstream.port(), [](RelayOptions& options) { options.limits.drain = milliseconds(60); });
  RawConnection client = run.connect();
  must(client.send(get));
  upstream.wait_until_called();
  run.begin_drain();
  EXPECT_FALSE(must(client.read_to_end()).starts_with("HTTP/1.1 200"));
  run.end();
  EXPECT_EQ(run.events.now().at(0).outcome, Outcome::reset);
  upstream.answer();
}

TEST(Relay, DrainOfZeroCutsAtOnce) {
  HeldUpstream upstream;
  RelayRun run(upstream.port(), [](RelayOptions& options) { options.limits.drain = milliseconds(0); });
  RawConnection client = run.connect();
  must(client.send(get));
  upstream.wait_until_called();
  const auto begin = std::chrono::steady_clock::now();
  run.end();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  upstream.answer();
}

}  // namespace
}  // namespace stormproof::proxy
