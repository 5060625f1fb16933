#include "harness/base/frame_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "harness/base/seed.h"

namespace stormproof::base {
namespace {

TEST(FramePool, GivesAFrameOfTheSameClassAgain) {
  if (!FramePool::pools) GTEST_SKIP() << "under the address sanitizer nothing is taken again";
  void* const first = FramePool::take(100);
  FramePool::give(first, 100);
  void* const again = FramePool::take(128);  // 65 to 128 bytes are one class
  EXPECT_EQ(again, first);
  void* const other = FramePool::take(129);
  EXPECT_NE(other, first);
  FramePool::give(again, 128);
  FramePool::give(other, 129);
}

TEST(FramePool, TakesFramesOfEverySize) {
  std::vector<std::pair<void*, std::size_t>> frames;
  for (std::size_t bytes = 1; bytes <= FramePool::frame_bytes_max + 200; ++bytes) {
    void* const frame = FramePool::take(bytes);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(frame) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0u);
    std::memset(frame, 0xAB, bytes);  // the sanitizers and the allocator see a frame that is too small
    frames.emplace_back(frame, bytes);
  }
  for (const auto& [frame, bytes] : frames) FramePool::give(frame, bytes);
  EXPECT_EQ(frames.size(), FramePool::frame_bytes_max + 200);
}

TEST(FramePool, FramesInUseNeverOverlap) {
  struct Used {
    unsigned char* frame;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Used> used;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    const std::uint64_t chance = draw(11, "step", i);
    if (used.empty() || chance % 100 < 55) {
      const std::size_t bytes = chance / 100 % 5000 + 1;
      auto* const frame = static_cast<unsigned char*>(FramePool::take(bytes));
      const auto mark = static_cast<unsigned char>(chance >> 56);
      frame[0] = frame[bytes - 1] = mark;
      used.push_back({frame, bytes, mark});
    } else {
      std::swap(used[chance / 100 % used.size()], used.back());
      const Used last = used.back();
      ASSERT_EQ(last.frame[0], last.mark);
      ASSERT_EQ(last.frame[last.bytes - 1], last.mark);
      FramePool::give(last.frame, last.bytes);
      used.pop_back();
    }
  }
  EXPECT_GT(used.size(), 1'000u);
  for (const Used& each : used) FramePool::give(each.frame, each.bytes);
}

TEST(FramePool, AFrameMayBeGivenOnAnotherThread) {
  std::vector<void*> frames;
  for (std::size_t i = 0; i < 2 * FramePool::kept_max; ++i)
    frames.push_back(FramePool::take(64));  // more than a list keeps
  std::thread other([&] {
    for (void* const frame : frames) FramePool::give(frame, 64);
    void* const again = FramePool::take(64);
    if (FramePool::pools) EXPECT_EQ(again, frames[FramePool::kept_max - 1]) << "the last that the list had room for";
    FramePool::give(again, 64);
  });
  other.join();
}

}  // namespace
}  // namespace stormproof::base
