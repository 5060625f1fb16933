#include "scenarios/check.h"

#include <gtest/gtest.h>

namespace stormproof::scenarios {
namespace {

Node scalar(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.plain = true;
  node.text = node.written = std::move(text);
  return node;
}

Node map(std::vector<std::pair<std::string, Node>> fields) {
  Node node;
  node.kind = Node::Kind::map;
  int column = 1;
  for (auto& [key, value] : fields) {
    node.keys.push_back(scalar(key));
    node.keys.back().place = {1, column++, 1};
    node.items.push_back(std::move(value));
  }
  return node;
}

const Record& record(std::string_view name) {
  for (const Record* const one : all_records()) {
    if (one->name == name) return *one;
  }
  throw std::invalid_argument("no such record");
}

std::vector<std::string> messages(Node& node, std::string_view record_name) {
  const Source source("s.yaml", "");
  Complaints complaints(source);
  check(node, record(record_name), complaints);
  std::vector<std::string> all;
  for (const Diagnostic& diagnostic : complaints.in_order()) all.push_back(diagnostic.message);
  return all;
}

TEST(Check, ReadsTheScalarsOfWhatIsRight) {
  Node node = map({{"from", scalar("20/s")}, {"to", scalar("60/m")}, {"over", scalar("30s")}});
  EXPECT_TRUE(messages(node, "ramp").empty());
  EXPECT_EQ(std::get<double>(at(node, "from")->value), 20.0);
  EXPECT_EQ(std::get<double>(at(node, "to")->value), 1.0);
  EXPECT_EQ(std::get<Nanoseconds>(at(node, "over")->value), std::chrono::seconds(30));
}

TEST(Check, AMisspeltKeyCountsAsTheOneThatWasMeant) {
  Node node = map({{"frm", scalar("20/s")}, {"to", scalar("60/s")}, {"over", scalar("30s")}});
  EXPECT_EQ(messages(node, "ramp"), std::vector<std::string>{"unknown ramp field 'frm'"});
  ASSERT_NE(at(node, "from"), nullptr);
  EXPECT_TRUE(std::holds_alternative<double>(at(node, "from")->value));
}

TEST(Check, AMisspeltKeyIsNotTakenWhereTheRightOneStands) {
  Node node = map({{"from", scalar("20/s")}, {"frm", scalar("x")}, {"to", scalar("60/s")}, {"over", scalar("30s")}});
  EXPECT_EQ(messages(node, "ramp"), std::vector<std::string>{"unknown ramp field 'frm'"});
}

TEST(Check, OfADoubledKeyTheFirstStands) {
  Node node = map({{"at-most", scalar("1%")}, {"at-most", scalar("wrong")}});
  EXPECT_EQ(messages(node, "errors expectation"),
            std::vector<std::string>{"duplicate key 'at-most'; it stands on line 1 already"});
  EXPECT_EQ(node.keys.size(), 1U);
  EXPECT_EQ(std::get<double>(at(node, "at-most")->value), 0.01);
}

TEST(Check, NeverShowsASecret) {
  Node secret = scalar("hunter2");
  secret.written = "${secret:S}";
  secret.expanded = secret.secret = true;
  for (const auto& [record_name, key] :
       {std::pair("target", "url"), std::pair("target", "command"), std::pair("abort fault", "status"),
        std::pair("dependency", "proxy"), std::pair("fault", "abort"), std::pair("fault", "methods")}) {
    Node node = map({{key, secret}});
    const auto all = messages(node, record_name);
    EXPECT_FALSE(all.empty()) << key;
    for (const std::string& message : all) EXPECT_FALSE(message.contains("hunter2")) << message;
  }
}

TEST(Check, WhatCouldNotBeExpandedIsNotJudgedAgain) {
  Node node = map({{"at-most", scalar("${X}")}});
  node.items[0].unexpandable = true;
  EXPECT_TRUE(messages(node, "errors expectation").empty());
}

}  // namespace
}  // namespace stormproof::scenarios
