#include "replay/alignment.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/seed.h"

namespace stormproof::replay {
namespace {

using Sequence = std::vector<std::uint64_t>;

std::size_t longest_common(const Sequence& a, const Sequence& b) {
  std::vector<std::vector<std::size_t>> length(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      length[i + 1][j + 1] = a[i] == b[j] ? length[i][j] + 1 : std::max(length[i][j + 1], length[i + 1][j]);
    }
  }
  return length[a.size()][b.size()];
}

TEST(Alignment, FindsALongestCommonSubsequence) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Sequence a(base::draw(seed, "a", 0) % 15);
    Sequence b(base::draw(seed, "b", 0) % 15);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = base::draw(seed, "a", i + 1) % 4;
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = base::draw(seed, "b", i + 1) % 4;
    const auto same = aligned(a, b, 100);
    ASSERT_TRUE(same.has_value());
    EXPECT_EQ(same->size(), longest_common(a, b)) << seed;
    for (std::size_t k = 0; k < same->size(); ++k) {
      EXPECT_EQ(a[(*same)[k].first], b[(*same)[k].second]);
      if (k > 0) {
        EXPECT_LT((*same)[k - 1].first, (*same)[k].first);
        EXPECT_LT((*same)[k - 1].second, (*same)[k].second);
      }
    }
  }
}

TEST(Alignment, GivesUpAboveItsBound) {
  const Sequence a = {1, 2, 3};
  const Sequence b = {4, 5, 6};
  EXPECT_FALSE(aligned(a, b, 5).has_value());
  EXPECT_TRUE(aligned(a, b, 6).has_value());
  EXPECT_TRUE(aligned(a, a, 0).has_value());
}

}  // namespace
}  // namespace stormproof::replay
