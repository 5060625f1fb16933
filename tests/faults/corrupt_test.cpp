#include "faults/corrupt.h"

#include <gtest/gtest.h>

#include <bit>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

std::string through(const Corrupt& corrupt, const std::vector<std::size_t>& reads, std::size_t bytes) {
  FlowRun run;
  run.set("corrupt", corrupt);
  std::size_t sent = 0;
  for (std::size_t i = 0; sent < bytes; ++i) {
    const std::size_t now = std::min(reads[i % reads.size()], bytes - sent);
    run.put(std::string(now, 'a'));
    sent += now;
    run.forward(milliseconds(1));
  }
  return run.bytes();
}

TEST(Corrupt, OneBitOfOneByteInEveryStretch) {
  const std::string got = through({.one_in = 100}, {10'000}, 10'000);
  ASSERT_EQ(got.size(), 10'000U);
  for (std::size_t stretch = 0; stretch < 100; ++stretch) {
    int bits = 0;
    for (std::size_t i = 0; i < 100; ++i)
      bits += std::popcount(static_cast<unsigned>(static_cast<unsigned char>(got[stretch * 100 + i] ^ 'a')));
    EXPECT_EQ(bits, 1) << stretch;
  }
}

TEST(Corrupt, HowItWasReadDoesNotMatter) {
  EXPECT_EQ(through({.one_in = 50}, {1, 7, 100}, 5000), through({.one_in = 50}, {5000}, 5000));
}

TEST(Corrupt, SoManyBytesPassUnchanged) {
  const std::string got = through({.one_in = 1, .after_bytes = 30}, {20}, 60);
  EXPECT_EQ(got.substr(0, 30), std::string(30, 'a'));
  EXPECT_EQ(got.substr(30).find('a'), std::string::npos);
  EXPECT_FALSE((Corrupt{.one_in = 0}.check()));
}

}  // namespace
}  // namespace stormproof::faults
