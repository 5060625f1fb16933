#include "faults/head_fields.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::faults {
namespace {

HeadFields of(std::string_view head) {
  HeadFields fields;
  fields.read(head);
  return fields;
}

TEST(HeadFields, AFieldIsFoundInAnyCaseAndWithoutTheSpaceAroundItsValue) {
  const HeadFields fields = of("GET /a:b HTTP/1.1\r\nHost: shop\r\nX-Tenant: \t acme inc \r\n\r\n");
  EXPECT_TRUE(fields.have("x-tenant", "acme inc"));
  EXPECT_TRUE(fields.have("X-TENANT", "acme*"));
  EXPECT_FALSE(fields.have("x-tenant", "acme"));
  EXPECT_FALSE(fields.have("x-tenan", "*"));
  EXPECT_FALSE(fields.have("x-tenanu", "*"));
}

TEST(HeadFields, TheFirstLineIsNone) { EXPECT_FALSE(of("GET:x HTTP/1.1\r\n\r\n").have("GET", "*")); }

TEST(HeadFields, OneOfSeveralOfAName) {
  const HeadFields fields = of("GET / HTTP/1.1\r\nVia: a\r\nVia: b\r\n\r\n");
  EXPECT_TRUE(fields.have("via", "a"));
  EXPECT_TRUE(fields.have("via", "b"));
  EXPECT_FALSE(fields.have("via", "a*b"));
}

TEST(HeadFields, AnEmptyValueAndALineWithoutAColon) {
  const HeadFields fields = of("GET / HTTP/1.1\r\nEmpty:\r\nnothing\r\nLast: 1");
  EXPECT_TRUE(fields.have("empty", ""));
  EXPECT_FALSE(fields.have("nothing", "*"));
  EXPECT_TRUE(fields.have("last", "1"));
}

TEST(HeadFields, NamesLongerThanAnyWordAndMoreFieldsThanAnyoneSends) {
  const std::string name(100, 'n');
  std::string head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 1'000; ++i) head += "f" + std::to_string(i) + ": v\r\n";
  const HeadFields fields = of(head + name + ": yes\r\n\r\n");
  EXPECT_TRUE(fields.have(name, "yes"));
  EXPECT_FALSE(fields.have(name + "n", "yes"));
  EXPECT_TRUE(fields.have("f999", "v"));
}

TEST(HeadFields, WhatIsReadNextReplacesWhatWas) {
  HeadFields fields = of("GET / HTTP/1.1\r\nA: 1\r\n\r\n");
  fields.read("GET / HTTP/1.1\r\nBb: 2\r\n\r\n");
  EXPECT_FALSE(fields.have("a", "*"));
  EXPECT_TRUE(fields.have("bb", "2"));
}

}  // namespace
}  // namespace stormproof::faults
