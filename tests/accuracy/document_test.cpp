#include "tests/accuracy/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::accuracy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using verify::Verdict;

Halves right_halves() {
  Halves halves{.simulated_runs = 1, .real_runs = 1};
  halves.simulated.count({"breaker", "clean"}, Due::holds, Verdict::holds);
  halves.real.matrix.count({"HAProxy", "clean"}, Due::violated, Verdict::violated);
  halves.real.sentences = {"The breaker is dead because of the retries."};
  return halves;
}

TEST(Document, HasBothHalvesAndTheSentence) {
  EXPECT_TRUE(good(right_halves()));
  EXPECT_THAT(document_of(right_halves()), AllOf(HasSubstr("| breaker | 1 H |"), HasSubstr("| HAProxy | 1 V |"),
                                                 HasSubstr("> The breaker is dead because of the retries."),
                                                 Not(HasSubstr("could not take place"))));
}

TEST(Document, AHalfThatIsWrongOrDidNotTakePlaceIsNotGood) {
  Halves halves = right_halves();
  halves.real.failures = {"nginx, clean: a port was taken"};
  EXPECT_FALSE(good(halves));
  EXPECT_THAT(document_of(halves), HasSubstr("- nginx, clean: a port was taken"));
  halves = right_halves();
  halves.simulated.count({"leaks", "clean"}, Due::violated, Verdict::holds);
  EXPECT_FALSE(good(halves));
  halves = right_halves();
  halves.real.matrix.count({"breaker", "noisy"}, Due::holds, Verdict::violated);
  EXPECT_FALSE(good(halves));
}

TEST(Document, AHalfThatWasNotAskedForIsNotThere) {
  Halves halves = right_halves();
  halves.real_runs = 0;
  EXPECT_TRUE(good(halves));
  EXPECT_THAT(document_of(halves), Not(HasSubstr("HAProxy")));
}

// One half anew, the other as it was.
TEST(Document, TheRealHalfOfAnEarlierOneStands) {
  Halves halves = right_halves();
  halves.day = "2001-02-03";
  const std::string earlier = document_of(halves);
  EXPECT_THAT(earlier, HasSubstr("Run on 2001-02-03. 0 wrong HOLDS"));
  halves.day = "2002-03-04";
  halves.real_runs = 0;
  halves.earlier_real = real_half_of(earlier);
  const std::string document = document_of(halves);
  EXPECT_THAT(document, AllOf(HasSubstr("Run on 2002-03-04. 0 wrong HOLDS"),
                              HasSubstr("Run on 2001-02-03. 0 wrong HOLDS"), HasSubstr("| HAProxy | 1 V |")));
  EXPECT_EQ(real_half_of(document), real_half_of(earlier));
  EXPECT_EQ(real_half_of("nothing"), "");
}

}  // namespace
}  // namespace stormproof::accuracy
