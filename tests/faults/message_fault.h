// MessageFault: a stage with one rule, and what a raw client reads from it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/faults/stage.h"

namespace stormproof::faults {

inline constexpr const char* json_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\nETag: "
    "\"1\"\r\n\r\n{\"a\":1,\"b\":[2,3]}";
inline constexpr const char* chunked_answer =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\nT: 1\r\n\r\n";

inline Rule rule_of(std::string id = "rule") {
  Rule rule;
  rule.id = std::move(id);
  return rule;
}

inline Stage::Answer always(std::string text) {
  return [text](const std::string&, const std::string&) { return text; };
}

class MessageFault : public ::testing::Test {
 protected:
  // What the client reads until the relay ends the connection.
  static std::string all_of(Stage& stage, const std::string& request) {
    auto client = stage.connect();
    EXPECT_TRUE(client.send(request));
    auto all = client.read_to_end();
    return all ? *all : "error: " + all.error().message;
  }
  static std::string one_of(Stage& stage, const std::string& request) {
    auto client = stage.connect();
    EXPECT_TRUE(client.send(request));
    return read_response(client);
  }
  static events::FaultFired only(Stage& stage) {
    const auto all = stage.log_of(1).faults;
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? events::FaultFired{} : all.front();
  }
};

}  // namespace stormproof::faults
