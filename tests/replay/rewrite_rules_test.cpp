#include "replay/rewrite_rules.h"

#include <gtest/gtest.h>

namespace stormproof::replay {
namespace {

std::string target_by(const RewriteRules& rules, std::string_view target) { return rewritten_target(rules, target); }

std::string head_by(const RewriteRules& rules, std::string fields) {
  std::string target = fields.substr(fields.find(' ') + 1);
  target.resize(target.find(' '));
  apply(rules, target, fields);
  EXPECT_TRUE(fields.find(" " + target + " HTTP/1.1\r\n") != std::string::npos) << fields;
  return fields;
}

TEST(RewriteRules, APathRuleCarriesWhatItsStarsTook) {
  const RewriteRules rules{.paths = {{"/v1/*/items/*", "/v2/items/*/of/*"}, {"/old", "/new"}, {"*.php", "/php*"}}};
  EXPECT_EQ(target_by(rules, "/v1/shop/items/7/x?q=1"), "/v2/items/shop/of/7/x?q=1");
  EXPECT_EQ(target_by(rules, "/old"), "/new");
  EXPECT_EQ(target_by(rules, "/old/er"), "/old/er");
  EXPECT_EQ(target_by(rules, "/a.php?x"), "/php/a?x");
  EXPECT_EQ(target_by(rules, "*"), "*");
  EXPECT_EQ(target_by(rules, "http://shop.example/old?a"), "http://shop.example/new?a");
}

TEST(RewriteRules, QueryParametersAreSetAddedAndRemoved) {
  const RewriteRules rules{.query = {{"key", "new"}, {"more", "1"}}, .query_removed = {"debug"}};
  EXPECT_EQ(target_by(rules, "/?a=1&key=old&debug&b=%26&key=again"), "/?a=1&key=new&b=%26&more=1");
  EXPECT_EQ(target_by(rules, "/"), "/?key=new&more=1");
  EXPECT_EQ(target_by({.query_removed = {"a"}}, "/x?a=1"), "/x");
}

TEST(RewriteRules, HostAndHeadersAreChangedAndNothingElse) {
  const RewriteRules rules{.host = "candidate:8080",
                           .headers = {{"X-Env", "staging"}, {"accept", "*/*"}},
                           .headers_removed = {"Cookie"},
                           .paths = {{"/a", "/b"}}};
  EXPECT_EQ(
      head_by(rules, "GET /a HTTP/1.1\r\nhost: shop\r\nCookie: a\r\nAccept: x\r\ncookie: b\r\nAccept: y\r\nZ:  1 \r\n"),
      "GET /b HTTP/1.1\r\nHost: candidate:8080\r\naccept: */*\r\nZ:  1 \r\nX-Env: staging\r\n");
  EXPECT_EQ(head_by({}, "GET /a HTTP/1.1\r\nHost:shop\r\n"), "GET /a HTTP/1.1\r\nHost:shop\r\n");
}

TEST(RewriteRules, RulesAreReadAndWhatWouldBreakARequestIsRefused) {
  EXPECT_EQ(parse_header_rule("X-A:  b c ")->second, "b c");
  EXPECT_EQ(parse_path_rule("/a/*=/b/*")->second, "/b/*");
  EXPECT_EQ(parse_query_rule("a=b=c")->second, "b=c");
  for (const std::string_view text :
       {"X-A", "X A: b", ": b", "A: b\r\nC: d", "Content-Length: 3", "transfer-encoding: x"})
    EXPECT_FALSE(parse_header_rule(text)) << text;
  for (const std::string_view text : {"/a", "a=/b", "/a=b", "/a=/b c", "/a=/b?c", "/a=/b*", "/a=/b\r\n"})
    EXPECT_FALSE(parse_path_rule(text)) << text;
  for (const std::string_view text : {"a", "=b", "a=b&c", "a=b c", "a=b#c"})
    EXPECT_FALSE(parse_query_rule(text)) << text;
}

}  // namespace
}  // namespace stormproof::replay
