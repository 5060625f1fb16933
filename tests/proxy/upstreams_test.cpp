// Several upstreams behind one relay, and their exchange for others while requests are under way.
#include "harness/proxy/upstreams.h"

#include <gtest/gtest.h>

#include <future>
#include <map>

#include "tests/proxy/relay_run.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using support::RawConnection;
using support::RawServer;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const auto loopback = wire::asio::ip::address_v4::loopback();

std::string saying(char name) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n") + name; }

// Answers every request with its own letter.
class Named {
 public:
  explicit Named(char name)
      : server_([name](RawConnection& peer) {
          while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) && peer.send(saying(name))) {
          }
        }) {}
  Upstream with_weight(std::uint32_t weight) const { return {{loopback, server_.port()}, weight, {}}; }
  std::uint16_t port() const { return server_.port(); }

 private:
  RawServer server_;
};

char asked(RawConnection& client, std::string_view request = get) {
  const std::string answer = ask(client, request, saying('a').size());
  return answer.empty() ? '?' : answer.back();
}

// On the relay's thread, and done when this returns.
base::Result<void> apply(RelayRun& run, const std::vector<Upstream>& upstreams) {
  std::promise<base::Result<void>> applied;
  run.post([&](Relay& relay) {
    RelayOptions options;
    options.upstreams = upstreams;
    applied.set_value(relay.apply(options, {&run.events, nullptr, nullptr}));
  });
  return applied.get_future().get();
}

TEST(Upstreams, RequestsOfOneConnectionAreSplitByWeight) {
  Named a('a'), b('b');
  RelayRun run(a.port(), [&](RelayOptions& options) { options.upstreams = {a.with_weight(9), b.with_weight(1)}; });
  RawConnection client = run.connect();
  std::map<char, int> counts;
  for (int i = 0; i < 50; ++i) ++counts[asked(client)];
  EXPECT_EQ(counts, (std::map<char, int>{{'a', 45}, {'b', 5}}));
}

TEST(Upstreams, AStickyClientStays) {
  Named a('a'), b('b');
  RelayRun run(a.port(), [&](RelayOptions& options) {
    options.upstreams = {a.with_weight(1), b.with_weight(1)};
    options.stickiness.header = "X-User";
  });
  RawConnection client = run.connect();
  std::map<char, int> users;
  for (int user = 0; user < 20; ++user) {
    const std::string request = "GET / HTTP/1.1\r\nX-User: " + std::to_string(user) + "\r\n\r\n";
    const char first = asked(client, request);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(asked(client, request), first);
    ++users[first];
  }
  EXPECT_EQ(users.size(), 2U);
}

TEST(Upstreams, AReloadMovesTheNextRequestOfAnOpenConnection) {
  Named blue('b'), green('g');
  RelayRun run(blue.port());
  RawConnection client = run.connect();
  EXPECT_EQ(asked(client), 'b');
  ASSERT_TRUE(apply(run, {green.with_weight(1)}));
  EXPECT_EQ(asked(client), 'g');
}

TEST(Upstreams, AReloadLosesNoRequestThatIsUnderWay) {
  std::promise<void> called, answer;
  RawServer blue([&](RawConnection& peer) {
    read_head(peer);
    called.set_value();
    answer.get_future().wait();
    must(peer.send(saying('b')));
    EXPECT_TRUE(ends(peer)) << "a replaced upstream's connections are closed";
  });
  Named green('g');
  RelayRun run(blue.port());
  RawConnection client = run.connect();
  must(client.send(get));
  called.get_future().wait();
  ASSERT_TRUE(apply(run, {green.with_weight(1)}));
  answer.set_value();
  EXPECT_EQ(must(client.read(saying('b').size())), saying('b'));
  EXPECT_EQ(asked(client), 'g');
  for (const auto& event : run.events.wait_for(2)) EXPECT_EQ(event.outcome, Outcome::answered);
}

TEST(Upstreams, AReloadThatCannotBeChangesNothing) {
  Named a('a');
  RelayRun run(a.port());
  RawConnection client = run.connect();
  EXPECT_EQ(asked(client), 'a');
  EXPECT_FALSE(apply(run, {}));
  EXPECT_EQ(asked(client), 'a');
}

TEST(Upstreams, FailuresAreCountedWhereTheyHappened) {
  Named a('a');
  RawServer broken([](RawConnection& peer) { read_head(peer); });
  RelayRun run(a.port(), [&](RelayOptions& options) {
    options.upstreams = {a.with_weight(1), {{loopback, broken.port()}, 1, "canary"}};
  });
  RawConnection client = run.connect();
  EXPECT_EQ(asked(client), 'a');
  last_words(run, get);
  std::promise<std::string> told;
  run.post([&](Relay& relay) {
    std::string text;
    for (const auto& member : relay.upstreams().members())
      text += std::to_string(member->exchanges) + "/" + std::to_string(member->failed) + " ";
    told.set_value(text + relay.upstreams().members()[1]->name);
  });
  EXPECT_EQ(told.get_future().get(), "1/0 1/1 canary");
}

}  // namespace
}  // namespace stormproof::proxy
