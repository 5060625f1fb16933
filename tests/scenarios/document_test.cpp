#include "scenarios/document.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

Node scalar(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = node.written = std::move(text);
  return node;
}

Node map(std::vector<std::pair<std::string, Node>> fields) {
  Node node;
  node.kind = Node::Kind::map;
  for (auto& [key, value] : fields) {
    node.keys.push_back(scalar(key));
    node.items.push_back(std::move(value));
  }
  return node;
}

Node list(std::vector<Node> items) {
  Node node;
  node.kind = Node::Kind::list;
  node.items = std::move(items);
  return node;
}

TEST(Document, FindsAKeyOfAMap) {
  const Node node = map({{"a", scalar("1")}, {"b", scalar("2")}});
  ASSERT_NE(at(node, "b"), nullptr);
  EXPECT_EQ(at(node, "b")->text, "2");
  EXPECT_EQ(at(node, "c"), nullptr);
  EXPECT_EQ(at(scalar("a"), "a"), nullptr);
}

TEST(Document, IsWrittenInOneLine) {
  const Node node = map({{"circuit-breaker", map({{"on", scalar("payments")}, {"opens-within", scalar("3s")}})}});
  EXPECT_EQ(in_one_line(node), "circuit-breaker: {on: payments, opens-within: 3s}");
  EXPECT_EQ(in_one_line(list({scalar("a"), map({{"b", scalar("2s ± 20%")}}), Node{}})), "[a, {b: 2s ± 20%}, null]");
}

TEST(Document, QuotesWhatWouldReadOtherwise) {
  EXPECT_EQ(in_one_line(scalar("a, b")), "\"a, b\"");
  EXPECT_EQ(in_one_line(scalar("say \"x\"\n")), "\"say \\\"x\\\"\\n\"");
  EXPECT_EQ(in_one_line(scalar("")), "\"\"");
  EXPECT_EQ(in_one_line(scalar("a: b")), "\"a: b\"");
  EXPECT_EQ(in_one_line(scalar("*a")), "\"*a\"");
  EXPECT_EQ(in_one_line(scalar("--port")), "--port");
  EXPECT_EQ(in_one_line(scalar("http://a:1")), "http://a:1");
}

TEST(Document, ShowsWhatWasWrittenNotWhatWasPutIn) {
  Node node = scalar("${secret:TOKEN}");
  node.text = "hunter2";
  EXPECT_EQ(in_one_line(node), "\"${secret:TOKEN}\"");
}

}  // namespace
}  // namespace stormproof::scenarios
