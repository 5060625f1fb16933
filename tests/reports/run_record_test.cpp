#include "reports/run_record.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace stormproof::reports {
namespace {

TEST(RunRecord, IsAValueThatMoves) {
  static_assert(std::is_nothrow_destructible_v<RunRecord>);
  RunRecord record;
  record.id = "one";
  record.log.mark({}, events::MarkKind::note, "kept");
  const RunRecord moved = std::move(record);
  EXPECT_EQ(moved.id, "one");
  EXPECT_EQ(moved.log.names.name_of(moved.log.marks.at(0).name), "kept");
}

TEST(RunRecord, PlannedFaultsCompareByEveryField) {
  const PlannedFault rule{"a#1", "a", "payments", "abort with 503", 1};
  PlannedFault other = rule;
  EXPECT_EQ(rule, other);
  other.share = 0.5;
  EXPECT_NE(rule, other);
}

}  // namespace
}  // namespace stormproof::reports
