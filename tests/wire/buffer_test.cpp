#include "harness/wire/buffer.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace stormproof::wire {
namespace {

TEST(Buffer, GoesBackToTheStockAndIsLentAgain) {
  const char* first = nullptr;
  {
    Buffer buffer(4096);
    first = buffer.get();
    EXPECT_EQ(buffer.size(), 4096u);
  }
  const Buffer again(4096);
  EXPECT_EQ(again.get(), first);
}

TEST(Buffer, SizesDoNotMix) {
  const char* small = nullptr;
  {
    const Buffer buffer(4096);
    small = buffer.get();
  }
  const Buffer large(65536);
  EXPECT_NE(large.get(), small);
}

TEST(Buffer, Moves) {
  Buffer a(4096);
  const char* const bytes = a.get();
  Buffer b(std::move(a));
  EXPECT_EQ(b.get(), bytes);
  EXPECT_EQ(a.get(), nullptr);
  EXPECT_EQ(a.size(), 0u);
  Buffer c;
  EXPECT_EQ(c.get(), nullptr);
  c = std::move(b);
  EXPECT_EQ(c.get(), bytes);
  EXPECT_EQ(c.size(), 4096u);
}

TEST(Buffer, TheStockIsBounded) {
  std::set<const char*> lent;
  {
    std::vector<Buffer> many;
    for (std::size_t i = 0; i < Buffer::kept_max + 10; ++i) lent.insert(many.emplace_back(8192).get());
  }
  std::vector<Buffer> again;
  std::size_t reused = 0;
  for (std::size_t i = 0; i < Buffer::kept_max; ++i) reused += lent.contains(again.emplace_back(8192).get()) ? 1 : 0;
  EXPECT_EQ(reused, Buffer::kept_max);
  // More sizes than the stock knows are made and freed.
  for (const std::size_t size : {100u, 200u, 300u, 400u, 500u, 600u}) EXPECT_EQ(Buffer(size).size(), size);
}

}  // namespace
}  // namespace stormproof::wire
