#include "harness/app/replay_flags.h"

#include <gtest/gtest.h>

namespace stormproof::app {
namespace {

class ReplayFlagsTest : public testing::Test {
 protected:
  ReplayFlagsTest() { flags.add_to(command); }
  // Whether the command line is one.
  bool parse(const std::string& line) {
    try {
      command.parse("a.traffic --target http://127.0.0.1:1 " + line);
      return true;
    } catch (const CLI::ParseError&) {
      return false;
    }
  }
  std::string pacing() const {
    const auto found = flags.pacing();
    return found ? replay::to_string(*found) : "error: " + found.error().message;
  }

  CLI::App command;
  ReplayFlags flags;
};

TEST_F(ReplayFlagsTest, WithoutFlagsItIsTheRecordedTimingOnce) {
  ASSERT_TRUE(parse(""));
  EXPECT_EQ(pacing(), "1x");
  EXPECT_EQ(flags.shots()->loops, 1u);
  EXPECT_TRUE(flags.shots()->key_seed) << "recorded idempotency keys are never sent unasked";
  EXPECT_EQ(flags.sender()->connections_max, 512u);
  EXPECT_FALSE(flags.script()->allow_writes);
}

TEST_F(ReplayFlagsTest, EveryShapeIsAPacing) {
  ASSERT_TRUE(parse("--steps '5/s for 2s, 9/s'"));
  EXPECT_EQ(pacing(), "5/s for 2s, 9/s");
  flags = {};
  flags.ramp = "1/s to 2/s over 3s";
  EXPECT_EQ(pacing(), "1/s to 2/s over 3s");
  flags = {};
  flags.poisson = "40/s";
  EXPECT_EQ(pacing(), "poisson 40/s");
  flags = {};
  flags.rate = "0/s";
  EXPECT_TRUE(pacing().starts_with("error: ")) << pacing();
}

TEST_F(ReplayFlagsTest, ShapesExcludeEachOther) {
  EXPECT_FALSE(parse("--rate 5/s --speed 2x"));
  EXPECT_FALSE(parse("--closed --poisson 5/s"));
  EXPECT_FALSE(parse("--arrivals f --rate 5/s"));
  EXPECT_FALSE(parse("--arrivals-column a"));
  EXPECT_FALSE(parse("--loop 2 --for 3s"));
  EXPECT_FALSE(parse("--at-limit wait"));
  EXPECT_TRUE(parse("--arrivals f --speed 60x"));
}

TEST_F(ReplayFlagsTest, ConnectionsAreANumberOrAWay) {
  flags.connections = "recorded";
  EXPECT_EQ(flags.shots()->affinity, replay::Affinity::recorded);
  EXPECT_TRUE(flags.sender());
  flags.connections = "session";
  EXPECT_EQ(flags.shots()->affinity, replay::Affinity::session);
  flags.connections = "64";
  EXPECT_EQ(flags.sender()->connections_max, 64u);
  for (const std::string wrong : {"0", "60001", "many", "6 4", ""}) {
    flags.connections = wrong;
    EXPECT_FALSE(flags.sender()) << wrong;
  }
}

TEST_F(ReplayFlagsTest, RulesFiltersAndCeilingsArrive) {
  ASSERT_TRUE(
      parse("--host a:1 --header 'X: y' --rewrite-path '/a/*=/b/*' --query k=v --remove-query q --remove-header Z "
            "--method GET --path '/x*' --not-path '/xy*' --sessions 10% --from 1s --until 2s --allow-writes "
            "--max-requests 7 --max-rate 9/s --for 3s --keep-idempotency-keys --at-limit drop --precise"));
  const auto script = flags.script();
  ASSERT_TRUE(script) << script.error().message;
  EXPECT_EQ(script->rewrites.host, "a:1");
  EXPECT_EQ(script->rewrites.headers.front().second, "y");
  EXPECT_EQ(script->rewrites.paths.front().second, "/b/*");
  EXPECT_EQ(script->rewrites.query_removed.front(), "q");
  EXPECT_EQ(script->filter.paths_left_out.front(), "/xy*");
  EXPECT_DOUBLE_EQ(script->filter.sessions, 0.1);
  EXPECT_EQ(script->filter.until, std::chrono::seconds(2));
  EXPECT_TRUE(script->allow_writes);
  const auto shots = flags.shots();
  ASSERT_TRUE(shots);
  EXPECT_EQ(shots->requests_max, 7u);
  EXPECT_EQ(shots->per_second_max, 9);
  EXPECT_EQ(shots->lasting, std::chrono::seconds(3));
  EXPECT_FALSE(shots->key_seed);
  EXPECT_EQ(flags.sender()->at_limit, replay::AtLimit::drop);
  EXPECT_TRUE(flags.sender()->precise);
  flags.headers = {"Content-Length: 3"};
  EXPECT_FALSE(flags.script());
  flags.closed = true;
  EXPECT_FALSE(flags.shots()) << "a closed loop has no schedule to hold";
}

}  // namespace
}  // namespace stormproof::app
