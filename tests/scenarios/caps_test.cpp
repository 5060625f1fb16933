#include "scenarios/caps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

using ::testing::HasSubstr;

// Two replicas of payments; `faults` are those of a phase that has an expectation of its own.
std::string text_of(const std::string& faults, const std::string& top = "") {
  return R"(version: 1
name: replicas
topology:
  service: {name: shop, candidate: {url: "http://127.0.0.1:8082"}}
  dependencies:
    payments-a: {proxy: "127.0.0.1:19001", upstream: "http://127.0.0.1:9001", replica-of: payments}
    payments-b: {proxy: "127.0.0.1:19002", upstream: "http://127.0.0.1:9002", replica-of: payments}
traffic: {capture: c.traffic, rate: 10/s}
steady-state: {for: 10s, expect: [{errors: {at-most: 1%}}]}
phases:
  - name: outage
    for: 10s
    faults: [)" +
         faults +
         R"(]
    expect: [{errors: {at-most: 1%}}]
)" + top;
}

constexpr const char* down_a = "{on: payments-a, abort: {status: 503}}";
constexpr const char* both_down = "{on: payments-a, abort: {status: 503}}, {on: payments-b, connection: {reset: {}}}";

TEST(Caps, OneOfTwoInstancesMayBeHurt) { EXPECT_EQ(golden::messages(text_of(down_a)), ""); }

TEST(Caps, TheLastHealthyInstanceIsHurtOnlyWhereThatIsAskedFor) {
  const std::string said = golden::messages(text_of(both_down));
  EXPECT_THAT(said, HasSubstr("s.yaml:13:5: error: this phase hurts every instance of 'payments' (payments-a, "
                              "payments-b): none is left to take over"));
  EXPECT_THAT(said, HasSubstr("add even-the-last: true to one of these faults"));
  EXPECT_EQ(golden::messages(text_of(
                "{on: payments-a, abort: {status: 503}, even-the-last: true}, {on: payments-b, abort: {status: 503}}")),
            "");
}

TEST(Caps, AShareOfTheInstancesIsNotExceededWhateverAFaultSays) {
  EXPECT_EQ(golden::messages(text_of(down_a, "caps: {instances: 50%}\n")), "");
  EXPECT_THAT(golden::messages(text_of("{on: payments-a, abort: {status: 503}, even-the-last: true}, {on: payments-b, "
                                       "abort: {status: 503}}",
                                       "caps: {instances: 50%}\n")),
              HasSubstr("error: this phase hurts 2 of 2 instances of 'payments', and caps.instances is 50%"));
}

TEST(Caps, SayingNothingIsNoCap) {
  EXPECT_THAT(golden::messages(text_of(down_a, "caps: {}\n")), HasSubstr("faults-at-once"));
  EXPECT_THAT(golden::messages(text_of(down_a, "caps: {faults-at-once: 0}\n")), HasSubstr("no fault would ever fire"));
}

}  // namespace
}  // namespace stormproof::scenarios
