#include "faults/opening.h"

#include <gtest/gtest.h>

#include "tests/faults/flow_run.h"
#include "tests/faults/hurt_relay.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using support::RawConnection;

TEST(Opening, RefusesWhatMeansNothing) {
  EXPECT_FALSE((Opening{.refuse = true, .hang = true}.check()));
  EXPECT_FALSE((Opening{.delay = {.base = milliseconds(-1)}}.check()));
  EXPECT_TRUE((Opening{.delay = {.base = milliseconds(1)}, .refuse = true}.check()));
  EXPECT_FALSE((StreamFault{.name = "a", .place = Place::upstream, .kind = Opening{.hang = true}}.check()));
}

TEST(Opening, ADelayHoldsTheFirstWordsAndNothingAfterIt) {
  FlowRun run;
  const Opening opening{.delay = {.base = milliseconds(30)}};
  run.flow.set("o", opening.obstacle({1, "o", 1}, true));
  run.put("a");
  run.until(milliseconds(29));
  EXPECT_EQ(run.bytes(), "");
  run.until(milliseconds(40));
  EXPECT_EQ(run.bytes(), "a");
  run.put("b");
  run.until(milliseconds(40));
  EXPECT_EQ(run.bytes(), "ab");
  EXPECT_EQ(run.flow.toll("o").delayed, milliseconds(30));
  EXPECT_EQ(run.flow.toll("o").passed, 2U);
  EXPECT_EQ(opening.obstacle({1, "o", 1}, false), nullptr) << "a connection that lives is open already";
}

TEST(Opening, ARefusedClientIsResetNewOrOld) {
  HurtRelay relay;
  RawConnection old = relay.connect();
  EXPECT_TRUE(old.send("a"));
  EXPECT_EQ(old.read(1).value_or(""), "a");
  relay.set("down", Opening{.refuse = true});
  EXPECT_FALSE(old.read_to_end()) << "reset";
  auto fresh = RawConnection::connect(relay.port());
  EXPECT_FALSE(fresh && fresh->read_to_end());
  relay.withdraw("down");
  RawConnection back = relay.connect();
  EXPECT_TRUE(back.send("a"));
  EXPECT_EQ(back.read(1).value_or(""), "a");
}

TEST(Opening, OneThatHangsGoesOnWhenTheFaultGoes) {
  HurtRelay relay;
  relay.set("hang", Opening{.hang = true});
  RawConnection client = relay.connect();
  EXPECT_TRUE(client.send("a"));
  EXPECT_FALSE(client.read(1, milliseconds(50)));
  relay.withdraw("hang");
  EXPECT_EQ(client.read(1).value_or(""), "a");
}

}  // namespace
}  // namespace stormproof::faults
