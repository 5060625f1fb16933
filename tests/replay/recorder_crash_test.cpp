// What is left of a recording whose process is killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "tests/replay/tapping.h"

namespace stormproof::replay {
namespace {

// What a process that records and its murderer both see.
struct Diary {
  static constexpr std::size_t entries_max = 100'000;
  std::atomic<std::uint64_t> ended;
  std::array<std::atomic<std::int64_t>, entries_max> at;  // steady clock
};

std::int64_t steady_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

TEST_F(RecorderTest, AKillLosesAFewHundredMillisecondsAtMost) {
  void* const shared = ::mmap(nullptr, sizeof(Diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* const diary = static_cast<Diary*>(shared);
  const pid_t child = ::fork();
  if (child == 0) {
    start();
    wire::IoContext io(wire::one_thread);
    wire::Timer tick(io);
    for (std::uint64_t i = 0; i < Diary::entries_max; ++i) {
      exchange(std::to_string(i));
      diary->at[i] = steady_now();
      diary->ended = i + 1;
      tick.expires_after(std::chrono::microseconds(200));
      tick.wait();
    }
    _exit(1);
  }
  EXPECT_TRUE(support::eventually(std::chrono::seconds(20),
                                  [&] { return diary->ended > 0 && steady_now() - diary->at[0] > 500'000'000; }));
  ::kill(child, SIGKILL);
  const std::int64_t killed = steady_now();
  ::waitpid(child, nullptr, 0);
  const std::uint64_t ended = diary->ended;

  const auto exchanges = read();
  EXPECT_TRUE(torn_);
  ASSERT_FALSE(exchanges.empty());
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    ASSERT_EQ(exchanges[i].id, i + 1) << "in order and without gaps";
    ASSERT_EQ(exchanges[i].response.body, std::to_string(i));
  }
  ASSERT_LE(exchanges.size(), ended + 1);
  if (exchanges.size() < ended) {
    // 200 ms are promised; a machine under load may take longer to let the writer run.
    EXPECT_LT(killed - diary->at[exchanges.size()], 600'000'000) << exchanges.size() << " of " << ended;
  }
  ::munmap(shared, sizeof(Diary));
}

}  // namespace
}  // namespace stormproof::replay
