#include "replay/side_by_side.h"

#include <map>
#include <mutex>

#include "harness/events/trace_side.h"
#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

class SideBySideTest : public SenderTest {
 protected:
  base::Task<> drive(SideBySide& both, ShotSource& shots) {
    co_await both.send(shots, begin_);
    io_.stop();
  }
};

TEST_F(SideBySideTest, EveryOrderOfTheTargetsIsAsLikely) {
  constexpr std::uint64_t requests = 6000;
  std::map<std::array<std::size_t, sides_max>, int> orders;
  for (std::uint64_t number = 0; number < requests; ++number) ++orders[order_of(3, number, 3)];
  ASSERT_EQ(orders.size(), 6U);
  for (const auto& [order, times] : orders) EXPECT_NEAR(times, 1000, 150) << order[0] << order[1] << order[2];
  EXPECT_EQ(order_of(3, 7, 3), order_of(3, 7, 3));
  int others = 0;
  for (std::uint64_t number = 0; number < 100; ++number)
    others += order_of(3, number, 2) == order_of(4, number, 2) ? 0 : 1;
  EXPECT_GT(others, 20) << "another seed, other orders";
}

TEST_F(SideBySideTest, BothGetEveryRequestAtItsInstantWithTracesOfOneRequest) {
  RawServer one(answering(std::string(ok)));
  RawServer two(answering(std::string(ok)));
  Shots shots;
  for (int i = 0; i < 40; ++i) {
    shots.add("GET", "/", milliseconds(i));
    shots.last().trace.bytes.fill(static_cast<std::uint8_t>(i + 1));
  }
  SenderOptions to_one = to(one.port());
  SenderOptions to_two = to(two.port());
  to_one.party = sink_.name("one");
  to_two.party = sink_.name("two");
  {
    Sender first(io_, clock_, sink_, to_one);
    Sender second(io_, clock_, sink_, to_two);
    SideBySide both(io_, clock_, {&first, &second}, 7, false);
    begin_ = clock_.now();
    tasks_.spawn(drive(both, shots));
    io_.run();
  }
  io_.restart();
  io_.poll();
  ASSERT_EQ(exchanges().size(), 80u);
  std::map<std::uint64_t, std::vector<events::Exchange>> by_request;
  for (const auto& exchange : exchanges()) by_request[exchange.request].push_back(exchange);
  int second_first = 0;
  for (auto& [request, pair] : by_request) {
    ASSERT_EQ(pair.size(), 2u);
    std::ranges::sort(pair, {}, &events::Exchange::party);
    EXPECT_EQ(pair[0].intended, pair[1].intended);
    EXPECT_EQ(pair[0].outcome, Outcome::answered);
    EXPECT_NE(pair[0].trace, pair[1].trace);
    EXPECT_EQ(events::without_side(pair[0].trace), events::without_side(pair[1].trace));
    second_first += pair[1].start < pair[0].start ? 1 : 0;
  }
  EXPECT_GT(second_first, 5) << "neither is always first";
  EXPECT_LT(second_first, 35);
}

// The one that answers nothing does not hold the other back.
TEST_F(SideBySideTest, ASlowTargetDelaysNoOther) {
  RawServer silent([](RawConnection& connection) {
    while (!read_request(connection).empty()) {
    }
  });
  RawServer quick(answering(std::string(ok)));
  Shots shots;
  for (int i = 0; i < 10; ++i) shots.add("GET", "/", milliseconds(i));
  SenderOptions to_silent = to(silent.port());
  SenderOptions to_quick = to(quick.port());
  to_silent.timeout = milliseconds(100);
  to_silent.party = sink_.name("silent");
  to_quick.party = sink_.name("quick");
  {
    Sender first(io_, clock_, sink_, to_silent);
    Sender second(io_, clock_, sink_, to_quick);
    SideBySide both(io_, clock_, {&first, &second}, 7, false);
    begin_ = clock_.now();
    tasks_.spawn(drive(both, shots));
    io_.run();
  }
  io_.restart();
  io_.poll();
  std::map<events::NameId, std::vector<Outcome>> by_party;
  for (const auto& exchange : exchanges()) by_party[exchange.party].push_back(exchange.outcome);
  EXPECT_EQ(by_party[to_silent.party], std::vector<Outcome>(10, Outcome::head_timeout));
  EXPECT_EQ(by_party[to_quick.party], std::vector<Outcome>(10, Outcome::answered));
}

}  // namespace
}  // namespace stormproof::replay
