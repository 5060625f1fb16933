#include "harness/run/resting_shots.h"

#include <gtest/gtest.h>

namespace stormproof::run {
namespace {

using std::chrono::seconds;

// One each second, from 0 to 9.
struct Ten final : replay::ShotSource {
  std::uint64_t n = 0;
  std::optional<replay::Shot> next() override {
    if (n == 10) return std::nullopt;
    replay::Shot shot;
    shot.offset = seconds(n);
    shot.request = ++n;
    return shot;
  }
};

std::vector<std::uint64_t> rest_of(RestingShots& shots) {
  std::vector<std::uint64_t> numbers;
  while (const auto shot = shots.next()) numbers.push_back(shot->request);
  return numbers;
}

TEST(RestingShots, WhatFallsIntoARestIsLeftOut) {
  Ten ten;
  RestingShots shots(ten, {{seconds(2), seconds(5)}, {seconds(7), seconds(8)}});
  EXPECT_EQ(rest_of(shots), (std::vector<std::uint64_t>{1, 2, 6, 7, 9, 10}));
}

TEST(RestingShots, ARestMayBeToldLater) {
  Ten ten;
  RestingShots shots(ten, {});
  EXPECT_EQ(shots.next()->request, 1U);
  shots.rest({seconds(1), seconds(9)});
  EXPECT_EQ(rest_of(shots), (std::vector<std::uint64_t>{10}));
}

}  // namespace
}  // namespace stormproof::run
