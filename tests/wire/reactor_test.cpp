#include "harness/wire/reactor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/wire/io_run.h"

namespace stormproof::wire {
namespace {

class Listening final : public Reactor::Watcher {
 public:
  void on_readable(bool ended) override {
    ++readable;
    last = last || ended;
    if (then) then();
  }
  void on_writable() override { ++writable; }
  void on_turn() override {
    ++turns;
    if (at_turn) at_turn();
  }

  int readable = 0;
  int writable = 0;
  int turns = 0;
  bool last = false;
  std::function<void()> then;
  std::function<void()> at_turn;
};

class ReactorTest : public testing::Test {
 protected:
  // A registered socket and its peer; what registering tells is forgotten.
  struct Watched {
    std::pair<Socket, support::RawConnection> ends;
    Listening listening;
    int number() const { return ends.first.native_handle(); }
  };
  std::unique_ptr<Watched> watched() {
    auto made = std::make_unique<Watched>(run.connect());
    EXPECT_FALSE(reactor.add(made->number(), made->listening));
    run.poll();
    made->listening.readable = made->listening.writable = 0;
    return made;
  }
  static std::string take(const Watched& from) {
    std::array<char, 64> bytes;
    const ssize_t got = ::recv(from.number(), bytes.data(), bytes.size(), 0);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
  }

  IoRun run;
  Reactor& reactor = Reactor::of(run.io);
};

TEST_F(ReactorTest, AnEdgeIsToldOnce) {
  const auto one = watched();
  ASSERT_TRUE(one->ends.second.send("abc"));
  ASSERT_TRUE(run.run_until([&] { return one->listening.readable > 0; }));
  run.poll();
  EXPECT_EQ(one->listening.readable, 1) << "though nothing was read";
  EXPECT_FALSE(one->listening.last);
  ASSERT_TRUE(one->ends.second.send("d"));
  ASSERT_TRUE(run.run_until([&] { return one->listening.readable > 1; }));
  EXPECT_EQ(take(*one), "abcd");
  reactor.remove(one->number());
}

// What Asio's own epoll would not tell: without it the end that comes with the last bytes would never be read.
TEST_F(ReactorTest, TheEndIsToldWithTheLastBytes) {
  const auto one = watched();
  ASSERT_TRUE(one->ends.second.send("abc"));
  one->ends.second.end_sending();
  ASSERT_TRUE(run.run_until([&] { return one->listening.last; }));
  EXPECT_EQ(take(*one), "abc");
  reactor.remove(one->number());
}

TEST_F(ReactorTest, WhatIsThereIsToldAtRegistrationAndWhenAskedAgain) {
  auto ends = run.connect();
  ASSERT_TRUE(ends.second.send("x"));
  Listening listening;
  ASSERT_FALSE(reactor.add(ends.first.native_handle(), listening));
  ASSERT_TRUE(run.run_until([&] { return listening.readable > 0 && listening.writable > 0; }));
  const int before = listening.readable;
  reactor.ask_again(ends.first.native_handle());
  EXPECT_TRUE(run.run_until([&] { return listening.readable > before; }));
  reactor.remove(ends.first.native_handle());
}

TEST_F(ReactorTest, NothingIsToldOfASocketThatIsRemoved) {
  const auto one = watched();
  const auto other = watched();
  ASSERT_TRUE(one->ends.second.send("x"));
  ASSERT_TRUE(other->ends.second.send("x"));
  one->listening.then = [&] { reactor.remove(other->number()); };
  other->listening.then = [&] { reactor.remove(one->number()); };
  ASSERT_TRUE(run.run_until([&] { return one->listening.readable + other->listening.readable > 0; }));
  run.poll();
  EXPECT_EQ(one->listening.readable + other->listening.readable, 1) << "both edges were taken at once";
  reactor.remove((one->listening.readable > 0 ? one : other)->number());
}

// The kernel gives the lowest free number, so the next socket has that of the one that was closed.
TEST_F(ReactorTest, AnEdgeOfAnEarlierSocketOfThatNumberIsStale) {
  const auto one = watched();
  auto other = watched();
  auto next = run.connect();
  Listening late;
  int reused = -1;
  const auto replace = [&](Watched& gone) {
    const int number = gone.number();
    reactor.remove(number);
    ASSERT_EQ(::dup2(next.first.native_handle(), number), number);
    ASSERT_FALSE(reactor.add(number, late));
    reused = number;
  };
  one->listening.then = [&] { replace(*other); };
  other->listening.then = [&] { replace(*one); };
  ASSERT_TRUE(one->ends.second.send("x"));
  ASSERT_TRUE(other->ends.second.send("x"));
  ASSERT_TRUE(run.run_until([&] { return late.writable > 0; })) << "it is writable, and that is all";
  EXPECT_EQ(late.readable, 0);
  reactor.remove(reused);
  reactor.remove(reused == one->number() ? other->number() : one->number());
}

TEST_F(ReactorTest, HandedOverEdgesGoToTheOther) {
  const auto one = watched();
  Listening other;
  reactor.hand_over(one->number(), &other);
  ASSERT_TRUE(one->ends.second.send("x"));
  ASSERT_TRUE(run.run_until([&] { return other.readable > 0; }));
  EXPECT_EQ(one->listening.readable, 0);
  reactor.hand_over(one->number(), nullptr);
  ASSERT_TRUE(one->ends.second.send("x"));
  run.poll();
  EXPECT_EQ(other.readable, 1);
  reactor.remove(one->number());
}

TEST_F(ReactorTest, MoreThanOneRoundTakesAreAllTold) {
  std::vector<std::unique_ptr<Watched>> many;
  for (std::size_t i = 0; i < Reactor::edges_max + 10; ++i) many.push_back(watched());
  for (const auto& each : many) ASSERT_TRUE(each->ends.second.send("x"));
  EXPECT_TRUE(run.run_until(
      [&] { return std::ranges::all_of(many, [](const auto& each) { return each->listening.readable == 1; }); }));
  for (const auto& each : many) reactor.remove(each->number());
}

TEST_F(ReactorTest, ATurnComesOnceAndLater) {
  Listening listening;
  reactor.turn(listening);
  reactor.turn(listening);
  EXPECT_EQ(listening.turns, 0);
  run.poll();
  EXPECT_EQ(listening.turns, 1);
}

TEST_F(ReactorTest, WhoAsksForTurnAfterTurnDoesNotKeepOthersWaiting) {
  const auto one = watched();
  Listening greedy;
  greedy.at_turn = [&] {
    if (one->listening.readable == 0) reactor.turn(greedy);
  };
  reactor.turn(greedy);
  ASSERT_TRUE(one->ends.second.send("x"));
  ASSERT_TRUE(run.run_until([&] { return one->listening.readable > 0; }));
  run.poll();
  EXPECT_GE(greedy.turns, 1);
  reactor.remove(one->number());
}

// So the end of a connection that has just become idle is seen before the request that comes next.
TEST_F(ReactorTest, ATurnAskedForInAnEdgeComesBeforeTheNextEdges) {
  const auto one = watched();
  const auto other = watched();
  Listening late;
  int other_before = -1;
  one->listening.then = [&] {
    EXPECT_TRUE(other->ends.second.send("x"));
    reactor.turn(late);
  };
  late.at_turn = [&] { other_before = other->listening.readable; };
  ASSERT_TRUE(one->ends.second.send("x"));
  ASSERT_TRUE(run.run_until([&] { return late.turns > 0 && other->listening.readable > 0; }));
  EXPECT_EQ(other_before, 0);
  reactor.remove(one->number());
  reactor.remove(other->number());
}

TEST_F(ReactorTest, WhoIsDestroyedGetsNoTurn) {
  auto gone = std::make_unique<Listening>();
  Listening first;
  first.at_turn = [&] { gone.reset(); };
  int turns = 0;
  gone->at_turn = [&] { ++turns; };
  reactor.turn(first);
  reactor.turn(*gone);
  run.poll();
  EXPECT_EQ(first.turns, 1);
  EXPECT_EQ(turns, 0);
}

TEST_F(ReactorTest, TheLoopEndsWhenNoSocketIsRegistered) {
  const auto one = watched();
  EXPECT_FALSE(run.io.stopped()) << "a socket is work";
  reactor.remove(one->number());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  run.io.restart();
  run.io.run_until(until);
  EXPECT_LT(std::chrono::steady_clock::now(), until);
  const auto next = watched();
  ASSERT_TRUE(next->ends.second.send("x"));
  EXPECT_TRUE(run.run_until([&] { return next->listening.readable > 0; })) << "and goes on with the next";
  reactor.remove(next->number());
}

}  // namespace
}  // namespace stormproof::wire
