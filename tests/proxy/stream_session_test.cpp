// TCP mode: bytes of any protocol, one exchange a connection.
#include "harness/proxy/stream_session.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/proxy/relay_run.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;

RelayRun::Tweak tcp(const std::function<void(RelayOptions&)>& more = {}) {
  return [more](RelayOptions& options) {
    options.tcp = true;
    if (more) more(options);
  };
}

TEST(StreamSession, BytesThatAreNoHttpPassBothWaysAndHalfClose) {
  const std::string large(2'000'000, '\x07');
  RawServer upstream([&](RawConnection& peer) {
    must(peer.send(std::string_view("+hello\r\n\0", 9)));
    EXPECT_EQ(must(peer.read_to_end()), large);
    must(peer.send("bye"));
  });
  RelayRun run(upstream.port(), tcp());
  RawConnection client = run.connect();
  EXPECT_EQ(must(client.read(9)), std::string_view("+hello\r\n\0", 9)) << "the server may speak first";
  must(client.send(large));
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), "bye");
  const events::Exchange event = only_event(run);
  EXPECT_EQ(event.outcome, Outcome::answered);
  EXPECT_EQ(event.request_bytes, large.size());
  EXPECT_EQ(event.response_bytes, 12U);
  EXPECT_GE(event.first_byte, event.start);
  EXPECT_GE(event.end, event.first_byte);
}

TEST(StreamSession, AnUpstreamThatIsNotThereResetsTheClient) {
  RelayRun run(support::free_port(), tcp());
  auto client = RawConnection::connect(run.port());
  // The reset may be there before connect() has looked.
  const auto rest = client ? client->read_to_end() : base::Result<std::string>(std::unexpected(client.error()));
  ASSERT_FALSE(rest);
  EXPECT_TRUE(rest.error().message.contains("reset")) << rest.error().message;
  EXPECT_EQ(only_event(run).outcome, Outcome::refused);
}

TEST(StreamSession, EachBreakIsItsOwnCause) {
  {
    RawServer upstream([](RawConnection& peer) {
      EXPECT_TRUE(peer.read(1));
      peer.reset();
    });
    RelayRun run(upstream.port(), tcp());
    RawConnection client = run.connect();
    must(client.send("x"));
    EXPECT_TRUE(ends(client));
    EXPECT_EQ(only_event(run).outcome, Outcome::reset);
  }
  RawServer upstream([](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port(), tcp());
  RawConnection client = run.connect();
  must(client.send("x"));
  client.reset();
  EXPECT_EQ(only_event(run).outcome, Outcome::cancelled);
}

TEST(StreamSession, SilenceHasALimit) {
  RawServer upstream([](RawConnection& peer) { EXPECT_TRUE(ends(peer)); });
  RelayRun run(upstream.port(), tcp([](RelayOptions& options) { options.limits.tunnel_idle = milliseconds(60); }));
  RawConnection client = run.connect();
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(only_event(run).outcome, Outcome::idle_timeout);
}

TEST(StreamSession, DrainingWaitsForConnectionsAndThenCutsThem) {
  RawServer upstream([](RawConnection& peer) {
    must(peer.send("a"));
    EXPECT_TRUE(ends(peer));
  });
  RelayRun run(upstream.port(), tcp([](RelayOptions& options) { options.limits.drain = milliseconds(60); }));
  RawConnection client = run.connect();
  EXPECT_EQ(must(client.read(1)), "a");
  run.end();
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(only_event(run).outcome, Outcome::reset);
}

TEST(StreamSession, ConnectionsTakeTurnsAmongUpstreams) {
  const auto saying = [](std::string_view what) { return [what](RawConnection& peer) { must(peer.send(what)); }; };
  RawServer a(saying("a")), b(saying("b"));
  const auto loopback = wire::asio::ip::address_v4::loopback();
  RelayRun run(a.port(), tcp([&](RelayOptions& options) {
                 options.upstreams = {{{loopback, a.port()}, 3}, {{loopback, b.port()}, 1}};
               }));
  std::map<std::string, int> counts;
  for (int i = 0; i < 8; ++i) {
    RawConnection client = run.connect();
    client.end_sending();
    ++counts[must(client.read_to_end())];
  }
  EXPECT_EQ(counts, (std::map<std::string, int>{{"a", 6}, {"b", 2}}));
}

}  // namespace
}  // namespace stormproof::proxy
