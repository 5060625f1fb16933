#include "tests/subjects/truth.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {
namespace {

base::Result<std::vector<StateChange>> read(std::string_view text) {
  const support::TempDir dir;
  EXPECT_TRUE(support::write_file(dir.path() / "truth", text).has_value());
  return read_truth(dir.path() / "truth");
}

TEST(Truth, ReadsEachChange) {
  const auto changes = read(
      "{\"at_ms\":1795429618782,\"state\":\"started\"}\n"
      "{\"at_ms\":1795429619766.25,\"state\":\"open\"}\n"
      "{\"at_ms\":1795429621766.5,\"state\":\"open\"}\n");
  ASSERT_TRUE(changes.has_value());
  ASSERT_EQ(changes->size(), 3u);
  EXPECT_EQ(changes->front().state, "started");
  EXPECT_EQ(changes->front().at, base::Time(std::chrono::milliseconds(1795429618782)));
  const auto opened = times_of(*changes, "open");
  ASSERT_EQ(opened.size(), 2u);
  EXPECT_EQ(opened[1] - opened[0], std::chrono::microseconds(2'000'250));
  EXPECT_TRUE(times_of(*changes, "close").empty());
}

TEST(Truth, LeavesOutALineThatIsBeingWritten) {
  EXPECT_EQ(read("{\"at_ms\":1,\"state\":\"open\"}\n{\"at_ms\":2").value().size(), 1u);
  EXPECT_TRUE(read("").value().empty());
}

TEST(Truth, RefusesWhatIsNoChange) {
  for (const auto line : {"open\n", "[]\n", "{\"at_ms\":\"1\",\"state\":\"open\"}\n", "{\"at_ms\":1}\n", "\n"}) {
    EXPECT_FALSE(read(line).has_value()) << line;
  }
  EXPECT_FALSE(read_truth("/no/such/file").has_value());
}

}  // namespace
}  // namespace stormproof::subjects
