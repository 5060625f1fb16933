// Conformance: every vector of http-desync-guardian and llhttp, against what the relay does with such a message.
//
// Where our answer differs, it stands in a table below, with its reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "harness/wire/framer.h"
#include "tests/wire/vectors.h"

namespace stormproof::wire {
namespace {

using testing::TestWithParam;

// http-desync-guardian.

// By name. The tier that we give.
const std::map<std::string, std::pair<Tier, std::string>> other_tiers = {
    {"Empty URI",
     {Tier::ambiguous,
      "guardian is given parts; on the wire an empty target is a missing one, as it says itself of raw requests"}},
};

class Guardian : public TestWithParam<GuardianVector> {};

TEST_P(Guardian, HasItsTier) {
  const GuardianVector& vector = GetParam();
  const Judgement judgement = judge_request(vector.head);
  const auto other = other_tiers.find(vector.name);
  const Tier expected = other == other_tiers.end() ? vector.tier : other->second.first;
  EXPECT_EQ(to_string(judgement.tier), to_string(expected)) << judgement.reason << "\n" << vector.head;
  EXPECT_EQ(judgement.reason.empty(), judgement.tier == Tier::compliant);
}

// Compliant or acceptable to guardian, and refused by the relay all the same. By reason or name.
const std::map<std::string, std::string> refused_all_the_same = {
    {"NonCompliantHeader",
     "RFC 9112 §5.1: a server must refuse white space before the colon; names are tokens, values have no controls"},
    {"NonCompliantVersion", "Beast and the relay speak HTTP/1.0 and 1.1 only"},
    {"Empty URI", "a request line needs a target"},
    {"Transfer-Encoding with a param: chunked;custom_param",
     "RFC 9112 §7.1: chunked has no parameters, their presence should be treated as an error"},
    {"TE with custom parameters OK", "the same"},
};

TEST_P(Guardian, IsForwardedOnlyWhereItMayBe) {
  const GuardianVector& vector = GetParam();
  Framer framer(MessageKind::request);
  const Step step = framer.feed(vector.head);
  if (vector.tier == Tier::severe) {
    EXPECT_EQ(step.progress, Progress::error);
  } else if (vector.tier == Tier::ambiguous) {
    EXPECT_TRUE(step.progress == Progress::error || framer.head().ambiguous) << vector.head;
  } else if (refused_all_the_same.contains(vector.reason) || refused_all_the_same.contains(vector.name)) {
    EXPECT_EQ(step.progress, Progress::error) << "the table of exceptions is out of date";
  } else {
    EXPECT_EQ(step.progress, Progress::head) << framer.error() << "\n" << vector.head;
    EXPECT_FALSE(framer.head().ambiguous);
  }
}

INSTANTIATE_TEST_SUITE_P(Conformance, Guardian, testing::ValuesIn(guardian_vectors()), [](const auto& param) {
  return test_name(param.param.file + "_" + param.param.name) + "_" + std::to_string(param.index);
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Guardian);

// llhttp.

struct Seen {
  std::vector<LlhttpVector::Message> messages;
  bool refused = false;
  bool at_end = false;  // the end of the connection is safe here, or ends the message
  bool ended_by_eof = false;
  bool closes = false;  // what follows is never looked at
};

// What the relay makes of one direction of a connection.
Seen frame_all(const LlhttpVector& vector) {
  Seen seen;
  Framer framer(vector.is_request() ? MessageKind::request : MessageKind::response);
  std::string_view rest = vector.input;
  bool goes_on = true;
  while (goes_on) {
    framer.begin();
    LlhttpVector::Message message;
    while (!framer.done()) {
      const Step step = framer.feed(rest);
      rest.remove_prefix(step.consumed);
      if (step.progress == Progress::error) seen.refused = true;
      if (step.progress == Progress::head) {
        message.head_whole = true;
        message.method = framer.head().method;
        message.target = framer.head().target;
        message.status = framer.head().status;
        goes_on = framer.head().keep_alive;
        const bool switches =
            vector.is_request() ? framer.head().upgrade || message.method == "CONNECT" : message.status == 101;
        if (switches) goes_on = false;
      } else if (step.progress != Progress::blank) {
        message.body_bytes += step.consumed;
      }
      if (step.consumed == 0) break;
    }
    message.whole = framer.done();
    if (framer.started()) seen.messages.push_back(message);
    if (!message.whole) break;
  }
  seen.closes = !goes_on;
  seen.at_end = !framer.started() || framer.done();
  if (!seen.at_end) seen.ended_by_eof = framer.finish_at_eof();
  return seen;
}

enum class Ours { refuses, accepts };

// By file and heading. All else is as llhttp's log says.
const std::map<std::string, std::pair<Ours, std::string>> llhttp_exceptions = {
    {"request__method: SOURCE request with ICE", {Ours::refuses, "ICE is another protocol"}},
    {"request__method: OPTIONS request with RTSP", {Ours::refuses, "RTSP is another protocol"}},
    {"request__method: ANNOUNCE request with RTSP", {Ours::refuses, "RTSP is another protocol"}},
    {"response__sample: ICE response", {Ours::refuses, "ICE is another protocol"}},
    {"response__sample: RTSP response", {Ours::refuses, "RTSP is another protocol"}},
    {"request__sample: No HTTP version", {Ours::refuses, "HTTP/0.9 has no heads; nothing speaks it behind a relay"}},
    {"response__sample: HTTP version 0.9", {Ours::refuses, "HTTP/0.9 has no status lines"}},
    {"request__method: CONNECT with body",
     {Ours::refuses,
      "llhttp takes the body's bytes for the tunnel's, others do not: the very ambiguity that strictness is for"}},
    {"request__uri: Disallow UTF-8 in URI path in strict mode",
     {Ours::accepts, "guardian has it as compliant ('International in URI'), and it moves no message's end"}},
};

bool is_chunked(const LlhttpVector& vector) { return vector.input.contains("Transfer-Encoding: chunked"); }

class Llhttp : public TestWithParam<LlhttpVector> {};

TEST_P(Llhttp, IsFramedAsItsLogSays) {
  const LlhttpVector& vector = GetParam();
  const Seen seen = frame_all(vector);
  const auto exception = llhttp_exceptions.find(vector.file + ": " + vector.name);
  if (exception != llhttp_exceptions.end()) {
    EXPECT_EQ(seen.refused, exception->second.first == Ours::refuses) << "the table of exceptions is out of date";
    return;
  }
  if (vector.is_lenient() && seen.refused) return;  // the relay has no lenient modes
  if (!vector.error.empty()) {
    // A head that is not whole is not forwarded either: its connection waits for the rest, up to its limit.
    const bool waits = !seen.messages.empty() && !seen.messages.back().head_whole;
    EXPECT_TRUE(seen.refused || waits) << vector.error << "\n" << vector.input;
    return;
  }
  EXPECT_FALSE(seen.refused) << vector.input;
  const auto whole_heads = [](const std::vector<LlhttpVector::Message>& messages) {
    return std::ranges::count_if(messages, &LlhttpVector::Message::head_whole);
  };
  if (!seen.closes) ASSERT_EQ(whole_heads(seen.messages), whole_heads(vector.messages)) << vector.input;
  ASSERT_LE(whole_heads(seen.messages), whole_heads(vector.messages)) << vector.input;
  for (std::size_t i = 0; i < std::min(seen.messages.size(), vector.messages.size()); ++i) {
    const auto& ours = seen.messages[i];
    const auto& theirs = vector.messages[i];
    if (!ours.head_whole) continue;
    EXPECT_EQ(ours.method, theirs.method);
    EXPECT_EQ(ours.target, theirs.target);
    EXPECT_EQ(ours.status, theirs.status);
    EXPECT_EQ(ours.whole, theirs.whole) << vector.input;
    if (!is_chunked(vector)) EXPECT_EQ(ours.body_bytes, theirs.body_bytes);
  }
  if (vector.finish == 0) EXPECT_TRUE(seen.at_end);
  if (vector.finish == 1) EXPECT_TRUE(seen.ended_by_eof);
  if (vector.finish == 2) EXPECT_FALSE(seen.at_end || seen.ended_by_eof);
}

INSTANTIATE_TEST_SUITE_P(Conformance, Llhttp, testing::ValuesIn(llhttp_vectors()), [](const auto& param) {
  return test_name(param.param.file + "_" + param.param.name) + "_" + std::to_string(param.param.line);
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Llhttp);

TEST(Conformance, AllVectorsAreRead) {
  if (guardian_vectors().empty()) GTEST_SKIP() << "the corpora are absent: set STORMPROOF_CORPORA";
  EXPECT_EQ(guardian_vectors().size(), 85u);
  EXPECT_EQ(llhttp_vectors().size(), 138u);
}

}  // namespace
}  // namespace stormproof::wire
