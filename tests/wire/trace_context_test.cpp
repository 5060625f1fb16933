#include "harness/wire/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::wire {
namespace {

constexpr std::string_view trace = "0af7651916cd43dd8448eb211c80319c";
constexpr std::string_view half = "8448eb211c80319c";
constexpr std::string_view span = "b7ad6b7169203331";

TraceContext read(std::initializer_list<std::pair<std::string, std::string>> fields) {
  TraceReader reader;
  for (const auto& [name, value] : fields) reader.take(name, value);
  return reader.finish();
}

std::string w3c() { return "00-" + std::string(trace) + "-" + std::string(span) + "-01"; }
std::string single() { return std::string(trace) + "-" + std::string(span) + "-1"; }

TEST(TraceContext, ReadsEachHeader) {
  for (const auto& one : {read({{"traceparent", w3c()}}), read({{"B3", single()}}),
                          read({{"b3", std::string(trace) + "-" + std::string(span)}}),
                          read({{"X-B3-TraceId", std::string(trace)}, {"X-B3-SpanId", std::string(span)}})}) {
    EXPECT_EQ(one.trace.bytes[0], 0x0a);
    EXPECT_EQ(one.trace.bytes[15], 0x9c);
    EXPECT_EQ(one.parent, 0x69203331U);
  }
  EXPECT_EQ(read({{"traceparent", w3c()}}).carriers, events::in_traceparent);
  EXPECT_EQ(read({{"b3", single()}}).carriers, events::in_b3);
  EXPECT_EQ(read({{"x-b3-traceid", std::string(trace)}}).carriers, events::in_x_b3);
}

TEST(TraceContext, OfSeveralTheFirstKindCountsAndThoseThatAgreeAreTold) {
  const auto both = read({{"b3", single()}, {"traceparent", w3c()}});
  EXPECT_EQ(both.carriers, events::in_traceparent | events::in_b3);
  const auto torn = read({{"b3", "ffffffffffffffffffffffffffffffff-b7ad6b7169203331"}, {"traceparent", w3c()}});
  EXPECT_EQ(torn.carriers, events::in_traceparent);
  EXPECT_EQ(torn.trace.bytes[0], 0x0a);
}

TEST(TraceContext, AnIdOf64BitsIsTheLowerHalf) {
  const auto read_half = read({{"b3", std::string(half) + "-" + std::string(span) + "-1"}});
  EXPECT_EQ(read_half.trace.bytes[0], 0);
  EXPECT_EQ(read_half.trace.bytes[8], 0x84);
  const auto both = read({{"traceparent", w3c()}, {"X-B3-TraceId", std::string(half)}});
  EXPECT_EQ(both.carriers, events::in_traceparent | events::in_x_b3);
}

TEST(TraceContext, NonsenseIsNoTrace) {
  for (const std::string_view value :
       {"", "0", "1", "d", "-", "zzzzzzzzzzzzzzzz-b7ad6b7169203331", "8448eb211c80319", "--"}) {
    const auto one =
        read({{"b3", std::string(value)}, {"X-B3-TraceId", std::string(value)}, {"traceparent", std::string(value)}});
    EXPECT_TRUE(one.trace.none()) << value;
    EXPECT_EQ(one.carriers, 0) << value;
  }
  EXPECT_TRUE(read({{"X-B3-SpanId", std::string(span)}}).trace.none());
}

TEST(TraceContext, LinesAreReadBack) {
  const events::TraceId id = read({{"traceparent", w3c()}}).trace;
  EXPECT_EQ(TraceLines({}, 1, 7).view(), "");
  EXPECT_EQ(TraceLines(id, 2).view(), "traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000002-01\r\n");
  const TraceLines all(id, 2, events::carriers_end - 1);
  EXPECT_EQ(all.view(),
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000002-01\r\n"
            "b3: 0af7651916cd43dd8448eb211c80319c-0000000000000002-1\r\n"
            "X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c\r\nX-B3-SpanId: 0000000000000002\r\nX-B3-Sampled: 1\r\n");
}

}  // namespace
}  // namespace stormproof::wire
