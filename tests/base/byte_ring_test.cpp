#include "harness/base/byte_ring.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/seed.h"

namespace stormproof::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

bool push(ByteRing& ring, std::string_view record) { return ring.try_push(std::array{record}); }

std::string take(ByteRing& ring) {
  const std::string record(ring.front());
  ring.pop();
  return record;
}

TEST(ByteRing, RoundsItsCapacityUp) {
  EXPECT_EQ(ByteRing(0).capacity(), 64u);
  EXPECT_EQ(ByteRing(64).capacity(), 64u);
  EXPECT_EQ(ByteRing(65).capacity(), 128u);
  EXPECT_EQ(ByteRing(1'000'000).capacity(), 1'048'576u);
}

TEST(ByteRing, AnEmptyRingHasNoFront) {
  ByteRing ring(64);
  EXPECT_EQ(ring.front().data(), nullptr);
  EXPECT_EQ(ring.used(), 0u);
  ring.pop();
  EXPECT_EQ(ring.used(), 0u) << "pop of an empty ring does nothing";
}

TEST(ByteRing, JoinsThePartsOfARecord) {
  ByteRing ring(256);
  EXPECT_TRUE(ring.try_push(std::array<std::string_view, 3>{"GET ", "", "/cart"}));
  EXPECT_EQ(take(ring), "GET /cart");
  EXPECT_EQ(ring.front().data(), nullptr);
}

TEST(ByteRing, AnEmptyRecordIsARecord) {
  ByteRing ring(64);
  EXPECT_TRUE(ring.try_push({}));
  EXPECT_NE(ring.front().data(), nullptr);
  EXPECT_TRUE(ring.front().empty());
  ring.pop();
  EXPECT_EQ(ring.front().data(), nullptr);
}

TEST(ByteRing, KeepsTheOrder) {
  ByteRing ring(256);
  for (const auto word : {"one", "two", "three"}) ASSERT_TRUE(push(ring, word));
  EXPECT_EQ(take(ring), "one");
  EXPECT_EQ(take(ring), "two");
  EXPECT_EQ(take(ring), "three");
}

TEST(ByteRing, KeepsBytesOfEveryValue) {
  ByteRing ring(1024);
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  ASSERT_TRUE(push(ring, all));
  EXPECT_EQ(take(ring), all);
}

TEST(ByteRing, RefusesWhatDoesNotFitAndKeepsWhatIsThere) {
  ByteRing ring(64);
  ASSERT_TRUE(push(ring, "12345678"));  // 16 bytes with its length
  ASSERT_TRUE(push(ring, "12345678"));
  ASSERT_TRUE(push(ring, "12345678"));
  ASSERT_TRUE(push(ring, "last"));
  EXPECT_EQ(ring.used(), 64u);
  EXPECT_FALSE(push(ring, ""));
  EXPECT_EQ(take(ring), "12345678");
  EXPECT_TRUE(push(ring, "again"));
  EXPECT_EQ(take(ring), "12345678");
  EXPECT_EQ(take(ring), "12345678");
  EXPECT_EQ(take(ring), "last");
  EXPECT_EQ(take(ring), "again");
}

TEST(ByteRing, RefusesARecordAboveItsLimitAndTakesOneAtIt) {
  ByteRing ring(128);
  EXPECT_EQ(ring.record_bytes_max(), 56u);
  EXPECT_FALSE(push(ring, std::string(ring.record_bytes_max() + 1, 'x')));
  EXPECT_EQ(ring.used(), 0u);
  EXPECT_TRUE(push(ring, std::string(ring.record_bytes_max(), 'x')));
  EXPECT_EQ(take(ring), std::string(56, 'x'));
}

// A record that is allowed at all fits an empty ring wherever the ring stands.
TEST(ByteRing, AnEmptyRingTakesTheLargestRecordAtEveryOffset) {
  for (std::size_t lead = 0; lead <= 56; ++lead) {
    ByteRing ring(128);
    for (int round = 0; round < 20; ++round) {
      ASSERT_TRUE(push(ring, std::string(lead, 'a')));
      ring.pop();
      ASSERT_TRUE(push(ring, std::string(ring.record_bytes_max(), 'b'))) << "lead " << lead << " round " << round;
      ASSERT_EQ(take(ring), std::string(ring.record_bytes_max(), 'b'));
    }
  }
}

TEST(ByteRing, AgreesWithAQueueOverManyRandomSteps) {
  ByteRing ring(512);
  std::deque<std::string> model;
  std::size_t pushed = 0;
  std::size_t refused = 0;
  for (std::uint64_t step = 0; step < 200'000; ++step) {
    const std::uint64_t chance = draw(7, "step", step);
    if (chance % 2 == 0) {
      const std::string record(chance / 2 % 100, static_cast<char>('a' + chance / 256 % 26));
      if (push(ring, record)) {
        model.push_back(record);
        ++pushed;
      } else {
        ++refused;
        ASSERT_FALSE(model.empty()) << "an empty ring refuses nothing of this size";
      }
    } else if (!model.empty()) {
      ASSERT_EQ(ring.front(), model.front());
      ring.pop();
      model.pop_front();
    } else {
      ASSERT_EQ(ring.front().data(), nullptr);
    }
    ASSERT_LE(ring.used(), ring.capacity());
  }
  EXPECT_GT(pushed, 50'000u);
  EXPECT_GT(refused, 100u);
}

// Two threads: every record arrives whole and in order, or was refused and counted.
TEST(ByteRing, CarriesRecordsBetweenThreads) {
  constexpr std::uint64_t records = 200'000;
  ByteRing ring(4096);
  std::atomic<bool> done = false;
  std::uint64_t refused = 0;
  std::thread producer([&] {
    std::string filler;
    for (std::uint64_t i = 0; i < records; ++i) {
      filler.assign(draw(3, "size", i) % 200, static_cast<char>('a' + i % 26));
      const std::string_view number(reinterpret_cast<const char*>(&i), sizeof i);
      if (!ring.try_push(std::array<std::string_view, 2>{number, filler})) ++refused;
    }
    done.store(true);
    ring.wake();
  });

  std::uint64_t received = 0;
  std::uint64_t wrong = 0;
  std::uint64_t next_at_least = 0;
  while (true) {
    const bool was_done = done.load();
    const std::string_view record = ring.front();
    if (record.data() == nullptr) {
      if (was_done) break;
      ring.wait(milliseconds(20));
      continue;
    }
    std::uint64_t number = 0;
    std::memcpy(&number, record.data(), sizeof number);
    const std::string_view filler = record.substr(sizeof number);
    const bool whole = filler.size() == draw(3, "size", number) % 200 &&
                       filler.find_first_not_of(static_cast<char>('a' + number % 26)) == std::string_view::npos;
    if (!whole || number < next_at_least) ++wrong;
    next_at_least = number + 1;
    ++received;
    ring.pop();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(received + refused, records);
  EXPECT_GT(received, 0u);
}

// With a wait of an hour a lost wake-up would hang this test until its time limit.
TEST(ByteRing, APushWakesTheOneWhoWaits) {
  constexpr int rounds = 20'000;
  ByteRing there(256);
  ByteRing back(256);
  std::thread echo([&] {
    for (int i = 0; i < rounds; ++i) {
      while (there.front().data() == nullptr) there.wait(hours(1));
      const std::string record(there.front());
      there.pop();
      ASSERT_TRUE(push(back, record));
    }
  });
  for (int i = 0; i < rounds; ++i) {
    ASSERT_TRUE(push(there, std::to_string(i)));
    while (back.front().data() == nullptr) back.wait(hours(1));
    ASSERT_EQ(take(back), std::to_string(i));
  }
  echo.join();
}

// One consumer of several rings sleeps once for all of them.
TEST(ByteRing, APushIntoAnyRingOfABellWakesTheOneWhoWaits) {
  constexpr int rounds = 3'000;
  Bell bell;
  ByteRing first(4096, bell);
  ByteRing second(4096, bell);
  ByteRing answers(4096);
  std::thread echo([&] {
    for (int taken = 0; taken < 2 * rounds;) {
      bell.wait(hours(1), [&] { return !first.empty() || !second.empty(); });
      for (ByteRing* ring : {&first, &second}) {
        for (; ring->front().data() != nullptr; ++taken) {
          const std::string record = take(*ring);
          ASSERT_TRUE(push(answers, record));
        }
      }
    }
  });
  for (int i = 0; i < rounds; ++i) {
    std::thread other([&] { ASSERT_TRUE(push(second, "there")); });
    ASSERT_TRUE(push(first, "here"));
    other.join();
    for (int answer = 0; answer < 2; ++answer) {
      while (answers.front().data() == nullptr) answers.wait(hours(1));
      answers.pop();
    }
  }
  echo.join();
}

// While its consumer naps, a push wakes it once a quarter is filled, and none before.
TEST(ByteRing, ANapEndsOnceAQuarterIsFilled) {
  constexpr int records = 30'000;
  constexpr int records_a_quarter = 14;  // of 64 bytes and their length
  Bell bell;
  ByteRing ring(4096, bell);
  std::atomic<bool> done = false;
  int naps = 0;
  std::thread consumer([&] {
    for (int taken = 0; taken < records; ++naps) {
      bell.nap(hours(1), [&] { return ring.filling() || done.load(std::memory_order_seq_cst); });
      for (; ring.front().data() != nullptr; ring.pop()) ++taken;
    }
  });
  const std::string record(64, 'x');
  for (int i = 0; i < records; ++i) {
    while (!push(ring, record)) std::this_thread::yield();  // with a lost ring, until the time limit
  }
  done.store(true, std::memory_order_seq_cst);
  bell.ring();
  consumer.join();
  EXPECT_LE(naps, 2 * records / records_a_quarter + 10) << "one may end early for a ring that came too late";
}

TEST(ByteRing, WaitReturnsAtOnceWhenThereIsARecord) {
  ByteRing ring(64);
  ASSERT_TRUE(push(ring, "here"));
  ring.wait(hours(1));
  EXPECT_EQ(take(ring), "here");
}

TEST(ByteRing, WaitEndsAfterItsTime) {
  ByteRing ring(64);
  const auto start = std::chrono::steady_clock::now();
  ring.wait(milliseconds(5));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(5));
  EXPECT_EQ(ring.front().data(), nullptr);
}

TEST(ByteRing, WakeEndsAWaitWithoutARecord) {
  ByteRing ring(64);
  std::atomic<bool> woken = false;
  std::thread waiter([&] {
    ring.wait(hours(1));
    woken.store(true);
  });
  while (!woken.load()) {  // a wake() before the wait has begun is not kept, so it is said until it is heard
    ring.wake();
    std::this_thread::yield();
  }
  waiter.join();
  EXPECT_EQ(ring.used(), 0u);
}

}  // namespace
}  // namespace stormproof::base
