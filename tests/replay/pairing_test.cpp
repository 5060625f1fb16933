#include "replay/pairing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "tests/replay/comparing.h"

namespace stormproof::replay {
namespace {

TEST_F(PairingTest, EveryTargetGetsEveryRequestAndAnswersArePaired) {
  const auto echo = [](std::string name) {
    return responding([name](std::string_view request) {
      return with_body(fmt::format("\"{} {}\"", name, request.substr(4, request.find(" HTTP") - 4)));
    });
  };
  RawServer a(echo("a"));
  RawServer b(echo("b"));
  RawServer c(echo("c"));
  const Script script = script_of({{"/1", 0}, {"/2", 0}, {"/3", 0}});
  std::map<std::uint64_t, std::string> seen;
  with({a.port(), b.port(), c.port()}, {.seed = 1, .at_once = 2, .loops = 2, .pacing = {}}, script,
       [&](Pairing& pairing) {
         return pairing.run([&](std::uint64_t number, std::size_t place, std::span<const Answer> answers) {
           for (const Answer& answer : answers) seen[number] += fmt::format("{}:{};", place, answer.body);
         });
       });
  ASSERT_EQ(seen.size(), 6U);
  EXPECT_EQ(seen[1], "1:\"a /2\";1:\"b /2\";1:\"c /2\";");
  EXPECT_EQ(seen[5], "2:\"a /3\";2:\"b /3\";2:\"c /3\";");
}

TEST_F(PairingTest, ASessionsRequestsFollowEachOther) {
  std::mutex mutex;
  std::vector<std::string> arrived;
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  RawServer server(responding([&](std::string_view request) {
    most = std::max(most.load(), ++under_way);
    {
      const std::scoped_lock lock(mutex);
      arrived.emplace_back(request.substr(4, request.find(" HTTP") - 4));
    }
    --under_way;
    return with_body("1");
  }));
  std::vector<std::pair<std::string, std::uint64_t>> requests;
  for (int i = 0; i < 20; ++i) requests.emplace_back(fmt::format("/{}", i), 7);
  const Script script = script_of(requests);
  with({server.port()}, {.seed = 1, .at_once = 8, .loops = 1, .pacing = {}}, script,
       [&](Pairing& pairing) { return pairing.run([](std::uint64_t, std::size_t, std::span<const Answer>) {}); });
  ASSERT_EQ(arrived.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(arrived[i], fmt::format("/{}", i));
  EXPECT_EQ(most, 1);
}

TEST_F(PairingTest, EveryOrderOfTheTargetsIsAsLikely) {
  constexpr std::uint64_t requests = 6000;
  std::map<std::array<std::size_t, Pairing::targets_max>, int> orders;
  for (std::uint64_t number = 0; number < requests; ++number) ++orders[Pairing::order_of(3, number, 3)];
  ASSERT_EQ(orders.size(), 6U);
  for (const auto& [order, times] : orders) EXPECT_NEAR(times, 1000, 150) << order[0] << order[1] << order[2];
  EXPECT_EQ(Pairing::order_of(3, 7, 3), Pairing::order_of(3, 7, 3));
  int others = 0;
  for (std::uint64_t number = 0; number < 100; ++number)
    others += Pairing::order_of(3, number, 2) == Pairing::order_of(4, number, 2) ? 0 : 1;
  EXPECT_GT(others, 20) << "another seed, other orders";
}

TEST_F(PairingTest, StopEndsItSoonWithWhatIsUnderWayCut) {
  RawServer silent([](RawConnection& connection) {
    read_request(connection);
    read_request(connection);
  });
  const Script script = script_of({{"/1", 0}, {"/2", 0}});
  int witnessed = 0;
  wire::Timer timer(io_);
  with({silent.port()}, {.seed = 1, .at_once = 1, .loops = 1, .pacing = {}}, script, [&](Pairing& pairing) {
    timer.expires_after(milliseconds(20));
    timer.async_wait([&](const wire::ErrorCode&) { pairing.stop(); });
    return pairing.run([&](std::uint64_t, std::size_t, std::span<const Answer>) { ++witnessed; });
  });
  EXPECT_EQ(witnessed, 0);
}

}  // namespace
}  // namespace stormproof::replay
