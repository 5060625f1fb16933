#include "reports/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/golden.h"
#include "tests/reports/sample_run.h"

namespace stormproof::reports {
namespace {

TEST(Html, Samples) {
  keep_for_looking("holds.html", render_html(sample_run(Sample::holds)));
  keep_for_looking("violated.html", render_html(sample_run(Sample::violated)));
  keep_for_looking("starved.html", render_html(sample_run(Sample::starved)));
  keep_for_looking("hostile.html", render_html(hostile_run()));
  EXPECT_THAT(render_html(sample_run(Sample::holds)), ::testing::HasSubstr("HOLDS"));
}

}  // namespace
}  // namespace stormproof::reports
