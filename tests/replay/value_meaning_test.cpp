#include "replay/value_meaning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ValueMeaningTest, AnIdMeansWhatItIsTheIdOf) {
  EXPECT_THAT(meanings_of_produced("id", "order", "/checkout"), ElementsAre("order"));
  EXPECT_THAT(meanings_of_produced("id", "", "/api/orders"), ElementsAre("order"));
  EXPECT_THAT(meanings_of_produced("id", "data", "/api/orders?x"), ElementsAre("order"));
  EXPECT_THAT(meanings_of_produced("order_id", "", "/checkout"), ElementsAre("order"));
  EXPECT_THAT(meanings_of_produced("X-Order-Id", "", ""), ElementsAre("order"));
  EXPECT_THAT(meanings_of_used("order_id", "order"), ElementsAre("order"));
}

TEST(ValueMeaningTest, WhatIsSentBackMeansItsName) {
  EXPECT_THAT(meanings_of_produced("csrf_token", "", "/"), ElementsAre("=csrftoken"));
  EXPECT_THAT(meanings_of_used("X-CSRF-Token", ""), ElementsAre("=csrftoken"));
  EXPECT_THAT(meanings_of_produced("version", "order", "/"), ElementsAre("=version"));
}

TEST(ValueMeaningTest, QuantitiesAndPlainFieldsMeanNothing) {
  EXPECT_THAT(meanings_of_produced("quantity", "order", "/orders"), IsEmpty());
  EXPECT_THAT(meanings_of_produced("name", "", "/orders"), IsEmpty());
  EXPECT_THAT(meanings_of_used("page", "page"), IsEmpty());
  EXPECT_THAT(meanings_of_link_part("colour", "colour"), IsEmpty());
  EXPECT_THAT(meanings_of_link_part("order_id", "order"), ElementsAre("order"));
  EXPECT_THAT(meanings_of_link_part("", "order"), ElementsAre("order"));
}

}  // namespace
}  // namespace stormproof::replay
