#include "faults/slicer.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"

namespace stormproof::faults {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Slicer, PiecesHaveTheirSizeAndTheirPause) {
  FlowRun run;
  run.set("slicer", Slicer{.average_size = 90, .size_variation = 10, .delay = microseconds(10)});
  std::string sent;
  for (int i = 0; i < 10'000; ++i) sent += static_cast<char>('a' + i % 26);
  run.put(sent);
  run.end();
  run.until(milliseconds(100));
  EXPECT_EQ(run.bytes(), sent);
  for (std::size_t i = 0; i < run.out().size(); ++i) {
    EXPECT_LE(run.out()[i].bytes.size(), 100U);
    EXPECT_GE(run.out()[i].bytes.size(), 30U) << "half of what was just too large, moved by the variation";
    EXPECT_EQ(run.out()[i].at, microseconds(10) * i);
  }
  EXPECT_EQ(run.ended_at, microseconds(10) * run.out().size()) << "a pause after the last one, too";
}

TEST(Slicer, OneByteATime) {
  FlowRun run;
  run.set("slicer", Slicer{.average_size = 1});
  run.put("abc");
  run.until(milliseconds(0));
  EXPECT_EQ(run.out().size(), 3U);
}

TEST(Slicer, SaysWhatMeansNothing) {
  EXPECT_FALSE((Slicer{.average_size = 0}.check()));
  EXPECT_FALSE((Slicer{.average_size = 5, .size_variation = 5}.check()));
  EXPECT_TRUE((Slicer{.average_size = 5, .size_variation = 4}.check()));
}

}  // namespace
}  // namespace stormproof::faults
