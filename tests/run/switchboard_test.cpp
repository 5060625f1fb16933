#include "harness/run/switchboard.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::run {
namespace {

using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;
using Kind = Refusal::Kind;

class SwitchboardTest : public testing::Test {
 protected:
  ProxyWish wish(const std::string& name) const {
    return {.name = name, .listen = "127.0.0.1:0", .upstream = fmt::format("127.0.0.1:{}", upstream.port())};
  }
  static std::uint16_t port_of(const ProxyState& state) {
    return wire::parse_listen_address(state.listen).value().port();
  }
  static std::string said_at(std::uint16_t port) {
    auto client = RawConnection::connect(port);
    if (!client) return client.error().message.contains("reset") ? "reset" : "refused";
    return client->read_to_end().value_or("reset");
  }
  template <typename T>
  static Kind kind(const Switched<T>& switched) {
    EXPECT_FALSE(switched.has_value());
    return switched.error().kind;
  }

  base::SystemClock clock;
  RawServer upstream{[](RawConnection& peer) { EXPECT_TRUE(peer.send("hello")); }};
  Switchboard board{clock, nullptr};
};

TEST_F(SwitchboardTest, MakesAndEndsProxies) {
  const auto made = board.create(wish("a"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->enabled);
  EXPECT_EQ(said_at(port_of(*made)), "hello");
  EXPECT_EQ(kind(board.create(wish("a"))), Kind::proxy_exists);
  ProxyWish taken = wish("b");
  taken.listen = made->listen;
  EXPECT_EQ(kind(board.create(taken)), Kind::could_not);
  EXPECT_EQ(board.states().size(), 1U) << "what could not be started is not there";
  EXPECT_TRUE(board.remove("a"));
  EXPECT_EQ(kind(board.remove("a")), Kind::no_proxy);
  EXPECT_EQ(said_at(port_of(*made)), "refused");
}

TEST_F(SwitchboardTest, DisablingClosesAllAndKeepsPortAndFaults) {
  RawServer holding([](RawConnection& peer) { static_cast<void>(peer.read_to_end(std::chrono::seconds(30))); });
  ProxyWish held = wish("a");
  held.upstream = fmt::format("127.0.0.1:{}", holding.port());
  const auto made = board.create(held);
  ASSERT_TRUE(made);
  ASSERT_TRUE(board.set_fault("a", {.fault = {.name = "noop", .kind = faults::Noop{}}}, false));
  auto client = RawConnection::connect(port_of(*made));
  ASSERT_TRUE(client);
  const auto down = board.change("a", {.enabled = false});
  ASSERT_TRUE(down);
  EXPECT_FALSE(down->enabled);
  EXPECT_EQ(client->read_to_end().value_or("reset"), "");
  EXPECT_EQ(said_at(port_of(*made)), "refused");
  const auto up = board.change("a", {.enabled = true});
  ASSERT_TRUE(up) << up.error().message;
  EXPECT_EQ(up->listen, made->listen);
  EXPECT_EQ(up->faults.size(), 1U);
}

TEST_F(SwitchboardTest, AChangeMovesAProxy) {
  RawServer other([](RawConnection& peer) { EXPECT_TRUE(peer.send("other")); });
  const auto made = board.create(wish("a"));
  ASSERT_TRUE(made);
  const auto moved = board.change("a", {.upstream = fmt::format("127.0.0.1:{}", other.port())});
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->listen, made->listen);
  EXPECT_EQ(said_at(port_of(*moved)), "other");
  const std::uint16_t port = support::free_port();
  const auto elsewhere = board.change("a", {.listen = fmt::format("localhost:{}", port)});
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->listen, fmt::format("127.0.0.1:{}", port));
  EXPECT_EQ(said_at(port), "other");
  EXPECT_EQ(kind(board.change("none", {})), Kind::no_proxy);
}

TEST_F(SwitchboardTest, PopulatingLeavesAloneWhatIsTheSame) {
  const auto made = board.create(wish("a"));
  ASSERT_TRUE(made);
  ASSERT_TRUE(board.set_fault("a", {.fault = {.name = "noop", .kind = faults::Noop{}}}, false));
  ProxyWish same = wish("a");
  same.listen = made->listen;
  const auto kept = board.populate(same);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->faults.size(), 1U);
  same.upstream = "127.0.0.1:1";
  const auto replaced = board.populate(same);
  ASSERT_TRUE(replaced);
  EXPECT_TRUE(replaced->faults.empty());
  EXPECT_EQ(said_at(port_of(*replaced)), "reset") << "its upstream is not there";
}

TEST_F(SwitchboardTest, AnUpstreamThatCannotBeResolvedRefuses) {
  ProxyWish lost = wish("a");
  lost.upstream = "no port";
  const auto made = board.create(lost);
  ASSERT_TRUE(made) << "as toxiproxy: it may come to be";
  EXPECT_EQ(said_at(port_of(*made)), "reset");
}

TEST_F(SwitchboardTest, FaultsAreSetChangedAndWithdrawn) {
  ASSERT_TRUE(board.create(wish("a")));
  const FaultWish fault{.fault = {.name = "line", .kind = faults::Bandwidth{.rate = 5}}};
  EXPECT_EQ(kind(board.set_fault("none", fault, false)), Kind::no_proxy);
  EXPECT_EQ(kind(board.set_fault("a", fault, true)), Kind::no_fault);
  EXPECT_TRUE(board.set_fault("a", fault, false));
  EXPECT_EQ(kind(board.set_fault("a", fault, false)), Kind::fault_exists);
  EXPECT_EQ(kind(board.set_fault("a", {.fault = {.name = "", .kind = faults::Noop{}}}, false)), Kind::invalid);
  EXPECT_TRUE(board.withdraw("a", "line"));
  EXPECT_EQ(kind(board.withdraw("a", "line")), Kind::no_fault);
}

TEST_F(SwitchboardTest, AFaultWhoseLeaseNobodyRenewsGoesByItself) {
  ASSERT_TRUE(board.create(wish("a")));
  FaultWish fault{.fault = {.name = "line", .kind = faults::Bandwidth{}}, .lease = milliseconds(120)};
  const auto set = board.set_fault("a", fault, false);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->lease, milliseconds(120));
  fault.fault.name = "for good";
  fault.lease.reset();
  ASSERT_TRUE(board.set_fault("a", fault, false));
  EXPECT_TRUE(board.renew("a", "line"));
  EXPECT_EQ(kind(board.renew("a", "for good")), Kind::invalid);
  EXPECT_TRUE(support::eventually(milliseconds(3000), [&] { return board.state("a")->faults.size() == 1; }));
  EXPECT_EQ(board.state("a")->faults.front().fault.name, "for good");
  EXPECT_EQ(kind(board.renew("a", "line")), Kind::no_fault);
}

TEST_F(SwitchboardTest, ResetEnablesAllAndWithdrawsAll) {
  ProxyWish off = wish("off");
  off.enabled = false;
  ASSERT_TRUE(board.create(off));
  ASSERT_TRUE(board.create(wish("on")));
  ASSERT_TRUE(board.set_fault("on", {.fault = {.name = "reset", .kind = faults::Reset{}}}, false));
  ASSERT_TRUE(board.reset());
  for (const ProxyState& state : board.states()) {
    EXPECT_TRUE(state.enabled);
    EXPECT_TRUE(state.faults.empty());
    EXPECT_EQ(said_at(port_of(state)), "hello");
  }
}

}  // namespace
}  // namespace stormproof::run
