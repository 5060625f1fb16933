#include "harness/run/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "tests/support/fd.h"

namespace stormproof::run {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr base::Time start{seconds(1000)};
constexpr std::string_view rewrite = "\r\x1b[K";

// What was written since the last look.
std::string taken(std::ostringstream& out) {
  std::string text = out.str();
  out.str("");
  return text;
}

TEST(Progress, WithoutATerminalAPhaseIsOneLineAtItsEnd) {
  std::ostringstream out;
  LiveCounts counts;
  Progress progress(out, false);
  progress.begin(start, "ledger down", seconds(20), counts);
  progress.update(start + seconds(1), counts);
  EXPECT_EQ(taken(out), "");
  counts.sent = 40;
  counts.failed = 10;
  counts.calls = 7;
  counts.faults = 3;
  progress.end(start + seconds(20), counts);
  const std::string line = taken(out);
  EXPECT_THAT(line, StartsWith("  ledger down "));
  EXPECT_THAT(line, HasSubstr("20/20 s"));
  EXPECT_THAT(line, HasSubstr("40 requests (2/s), 25% failed"));
  EXPECT_THAT(line, HasSubstr("7 calls to dependencies, 3 faults\n"));
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
}

TEST(Progress, CountsAreOfThePhaseAlone) {
  std::ostringstream out;
  LiveCounts counts;
  counts.sent = 1000;
  counts.failed = 900;
  counts.calls = 500;
  counts.faults = 50;
  Progress progress(out, false);
  progress.begin(start, "recovery", seconds(10), counts);
  counts.sent += 20;
  counts.failed += 1;
  counts.calls += 6;
  counts.faults += 2;
  progress.end(start + seconds(10), counts);
  const std::string line = taken(out);
  EXPECT_THAT(line, HasSubstr(" 20 requests (2/s), 5% failed"));
  EXPECT_THAT(line, HasSubstr(" 6 calls to dependencies, 2 faults"));
}

TEST(Progress, APhaseWithoutARequestHasNoShareOfFailures) {
  std::ostringstream out;
  LiveCounts counts;
  Progress progress(out, false);
  progress.begin(start, "quiet", seconds(0), counts);
  progress.end(start, counts);
  EXPECT_THAT(taken(out), HasSubstr("0 requests (0/s), 0% failed"));
}

TEST(Progress, ATerminalsLineIsRewrittenAsTimeGoesBy) {
  std::ostringstream out;
  LiveCounts counts;
  Progress progress(out, true);
  progress.begin(start, "ledger down", seconds(20), counts);
  EXPECT_THAT(taken(out), StartsWith(std::string(rewrite) + "[" + std::string(20, '.') + "]"));
  progress.update(start + seconds(10), counts);
  const std::string half = taken(out);
  EXPECT_THAT(half, StartsWith(std::string(rewrite) + "[" + std::string(10, '#') + std::string(10, '.') + "]"));
  EXPECT_THAT(half, Not(HasSubstr("\n")));
  progress.update(start + seconds(30), counts);
  const std::string over = taken(out);
  EXPECT_THAT(over, HasSubstr("[" + std::string(20, '#') + "]")) << "never more than whole";
  EXPECT_THAT(over, HasSubstr("20/20 s"));
  progress.end(start + seconds(20), counts);
  const std::string end = taken(out);
  EXPECT_THAT(end, StartsWith(std::string(rewrite) + "  ledger down"));
  EXPECT_THAT(end, testing::EndsWith("\n"));
}

TEST(Progress, ASentenceTakesTheLineOfItsOwn) {
  std::ostringstream out;
  Progress plain(out, false);
  plain.say("starting shop");
  EXPECT_EQ(taken(out), "starting shop\n");
  Progress live(out, true);
  live.say("starting shop");
  EXPECT_EQ(taken(out), std::string(rewrite) + "starting shop\n");
}

// A terminal in the place of one of the standard descriptors.
class Terminal {
 public:
  explicit Terminal(int standard)
      : standard_(standard), kept_(::dup(standard)), master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(::grantpt(master_.number()), 0);
    EXPECT_EQ(::unlockpt(master_.number()), 0);
    const support::Fd slave(::open(::ptsname(master_.number()), O_RDWR | O_NOCTTY));
    EXPECT_EQ(::dup2(slave.number(), standard_), standard_);
  }
  ~Terminal() { ::dup2(kept_.number(), standard_); }

 private:
  int standard_;
  support::Fd kept_;
  support::Fd master_;
};

TEST(Progress, ContinuousIntegrationAndDumbTerminalsGetPlainLines) {
  ASSERT_EQ(::unsetenv("CI"), 0);
  ASSERT_EQ(::setenv("TERM", "xterm", 1), 0);
  const Terminal terminal(STDERR_FILENO);
  EXPECT_TRUE(terminal_is_live());
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(terminal_is_live());
  ::setenv("TERM", "xterm", 1);
  ::setenv("CI", "true", 1);
  EXPECT_FALSE(terminal_is_live());
}

TEST(Progress, NoColorTakesTheColourAway) {
  ASSERT_EQ(::unsetenv("NO_COLOR"), 0);
  bool by_default = false, refused = true, empty = false;
  {
    const Terminal terminal(STDOUT_FILENO);  // no assertion here: its words would be lost
    by_default = terminal_has_colour();
    ::setenv("NO_COLOR", "1", 1);
    refused = terminal_has_colour();
    ::setenv("NO_COLOR", "", 1);
    empty = terminal_has_colour();
  }
  EXPECT_TRUE(by_default);
  EXPECT_FALSE(refused);
  EXPECT_TRUE(empty);
}

}  // namespace
}  // namespace stormproof::run
