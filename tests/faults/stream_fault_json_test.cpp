#include "faults/stream_fault_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::string mistake(std::string_view json) {
  const auto fault = parse_stream_fault(json, {"lease"});
  return fault ? "" : fault.error().message;
}

TEST(StreamFaultJson, ReadsWhatItWritesOfEveryType) {
  for (const std::string_view type : stream_fault_types()) {
    const std::string fields = type == "slicer" ? R"(,"average-size":10)" : type == "tls" ? R"(,"expired":true)" : "";
    const auto fault = parse_stream_fault(
        "{\"type\":\"" + std::string(type) + "\",\"direction\":\"upstream\",\"share\":\"25%\"" + fields + "}", {});
    ASSERT_TRUE(fault) << type << ": " << fault.error().message;
    EXPECT_EQ(fault->type(), type);
    EXPECT_EQ(fault->name, std::string(type) + "-upstream");
    EXPECT_EQ(fault->share, 0.25);
    const auto again = parse_stream_fault("{" + stream_fault_fields(*fault) + "}", {});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *fault);
  }
}

TEST(StreamFaultJson, ReadsUnitsAndDistributions) {
  const auto fault = parse_stream_fault(
      R"({"type":"latency","name":"slow","delay":{"distribution":"lognormal","base":"20ms","p99":"0.2s"},"lease":"5s"})",
      {"lease"});
  ASSERT_TRUE(fault);
  EXPECT_EQ(std::get<StreamLatency>(fault->kind).distribution,
            (Distribution{.kind = Distribution::Kind::lognormal, .base = milliseconds(20), .p99 = milliseconds(200)}));
  EXPECT_EQ(
      std::get<StreamLatency>(parse_stream_fault(R"({"type":"latency","delay":"7ms"})", {})->kind).distribution.base,
      milliseconds(7));
  EXPECT_EQ(std::get<Bandwidth>(parse_stream_fault(R"({"type":"bandwidth","rate":"64KiB"})", {})->kind).rate, 65536U);
}

TEST(StreamFaultJson, SaysWhatIsWrong) {
  EXPECT_THAT(mistake("[]"), HasSubstr("an object"));
  EXPECT_THAT(mistake("{"), HasSubstr("no JSON"));
  EXPECT_THAT(mistake(R"({"type":"latencyy"})"), HasSubstr("there are: noop, latency, bandwidth"));
  EXPECT_THAT(mistake(R"({"type":"bandwidth","rat":5})"), HasSubstr("there is no 'rat'"));
  EXPECT_THAT(mistake(R"({"type":"bandwidth","rate":"5"})"), HasSubstr("rate"));
  EXPECT_THAT(mistake(R"({"type":"latency","delay":"5"})"), HasSubstr("delay"));
  EXPECT_THAT(mistake(R"({"type":"latency","delay":{"distribution":"poisson"}})"), HasSubstr("poisson"));
  EXPECT_THAT(mistake(R"({"type":"latency","delay":{"jiter":"5ms"}})"), HasSubstr("jiter"));
  EXPECT_THAT(mistake(R"({"type":"reset","share":2})"), HasSubstr("share"));
  EXPECT_THAT(mistake(R"({"type":"reset","direction":"sideways"})"), HasSubstr("sideways"));
}

TEST(StreamFaultJson, WhatIsNotSaidStays) {
  const auto fault =
      parse_stream_fault(R"({"type":"slicer","average-size":100,"size-variation":10,"delay":"1ms"})", {});
  ASSERT_TRUE(fault);
  const auto changed = parse_stream_fault(R"({"delay":"2ms"})", {}, &*fault);
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(std::get<Slicer>(changed->kind), (Slicer{100, 10, milliseconds(2)}));
}

}  // namespace
}  // namespace stormproof::faults
