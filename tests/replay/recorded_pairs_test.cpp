#include "replay/recorded_pairs.h"

#include <gtest/gtest.h>

#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

Exchange exchange(std::uint64_t id, std::uint64_t shadow_of, std::string body) {
  Exchange one;
  one.id = id;
  one.shadow_of = shadow_of;
  one.request_start = base::Time(std::chrono::seconds(id));
  one.response_end = one.request_start + std::chrono::milliseconds(5);
  one.request.head = "GET /orders/7 HTTP/1.1\r\nHost: x\r\n\r\n";
  one.response = {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", std::move(body)};
  return one;
}

TEST(RecordedPairs, MeetInWhicheverOrderTheyEnded) {
  const Folder folder;
  auto writer = CaptureWriter::create(folder.file("a.traffic"), {});
  ASSERT_TRUE(writer.has_value());
  for (const Exchange& one : {exchange(1, 0, "{\"a\":1}"), exchange(2, 1, "{\"a\":2}"), exchange(3, 4, "{\"a\":1}"),
                              exchange(4, 0, "{\"a\":1}"), exchange(5, 0, "{}"), exchange(6, 99, "{}")}) {
    ASSERT_TRUE(writer->append(one).has_value());
  }
  ASSERT_TRUE(writer->close().has_value());
  const DifferenceRules rules;
  Comparison comparison(rules);
  const auto pairs = compare_recorded(folder.file("a.traffic"), comparison);
  ASSERT_TRUE(pairs.has_value()) << pairs.error().to_string();
  EXPECT_EQ(pairs->compared, 2U);
  EXPECT_EQ(pairs->live_only, 1U);
  EXPECT_EQ(pairs->shadow_only, 1U);
  EXPECT_EQ(comparison.different(), 1U);
  const auto& samples = comparison.differences().at({"GET /orders/{id}", "$.a", Change::value}).samples;
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].difference.baseline, "1");
  EXPECT_EQ(samples[0].difference.candidate, "2");
}

TEST(RecordedPairs, WhatIsNoCaptureIsAnError) {
  const Folder folder;
  write_bytes(folder.file("x"), "hello");
  const DifferenceRules rules;
  Comparison comparison(rules);
  EXPECT_FALSE(compare_recorded(folder.file("x"), comparison).has_value());
}

}  // namespace
}  // namespace stormproof::replay
