#include "harness/wire/strictness.h"

#include <gtest/gtest.h>

#include <string>

namespace stormproof::wire {
namespace {

struct Case {
  std::string_view head;
  Tier tier;
};

// What the corpora do not hold: raw lines, and our own rules.
TEST(Strictness, RawHeads) {
  for (const Case& c : {
           Case{"GET / HTTP/1.1\r\n\r\n", Tier::compliant},
           Case{"GET / HTTP/1.1\nHost: a\r\n\r\n", Tier::severe},
           Case{"GET / HTTP/1.1\r\nHost: a\n\r\n", Tier::severe},
           Case{"GET / HTTP/1.1\r\nHost: a", Tier::ambiguous},
           Case{"", Tier::severe},
           Case{"\r\n", Tier::severe},
           Case{"GET /\r\n\r\n", Tier::acceptable},
           Case{"GET HTTP/1.1\r\n\r\n", Tier::ambiguous},
           Case{"GET / HTTP/2.0\r\n\r\n", Tier::severe},
           Case{"GET /a b HTTP/1.1\r\n\r\n", Tier::acceptable},
           Case{"GET /a\x01 HTTP/1.1\r\n\r\n", Tier::ambiguous},
           Case{"G@T / HTTP/1.1\r\n\r\n", Tier::severe},
           Case{"GET / HTTP/1.1\r\nno colon\r\n\r\n", Tier::ambiguous},
           Case{"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", Tier::ambiguous},
           Case{"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", Tier::severe},
           Case{std::string_view("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 29), Tier::severe},
           Case{"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", Tier::compliant},
           Case{"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Tier::severe},
           Case{"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", Tier::severe},
           Case{"POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", Tier::compliant},
           Case{"POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", Tier::severe},
           Case{"POST / HTTP/1.1\r\nContent-Length: 0x10\r\n\r\n", Tier::severe},
           Case{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", Tier::severe},
           Case{"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", Tier::severe},
           Case{"POST / HTTP/1.1\r\nContentLength: 1\r\n\r\n", Tier::ambiguous},
           Case{"POST / HTTP/1.1\r\nX-Content-Length: 1\r\n\r\n", Tier::compliant},
           Case{"POST / HTTP/1.1\r\nContent-Length-Hint: 1\r\n\r\n", Tier::compliant},
           Case{"CONNECT a:1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n", Tier::severe},
           Case{"CONNECT a:1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Tier::severe},
           Case{"CONNECT a:1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", Tier::compliant},
           Case{"DELETE / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", Tier::compliant},
       }) {
    const Judgement judgement = judge_request(c.head);
    EXPECT_EQ(to_string(judgement.tier), to_string(c.tier)) << c.head << "\n" << judgement.reason;
    EXPECT_EQ(judgement.reason.empty(), c.tier == Tier::compliant) << c.head;
  }
}

TEST(Strictness, TheHighestTierWinsAndGivesTheReason) {
  const Judgement judgement = judge_request("GET / HTTP/1.2\r\nContent-Length: 1\r\nTransfer-Encoding: what\r\n\r\n");
  EXPECT_EQ(judgement.tier, Tier::severe);
  EXPECT_EQ(judgement.reason, "Transfer-Encoding is malformed or unknown");
}

TEST(Strictness, EveryCutOfAHeadIsJudgedWithoutHarm) {
  const std::string head = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n";
  for (std::size_t cut = 0; cut < head.size(); ++cut) {
    EXPECT_GE(judge_request(head.substr(0, cut)).tier, Tier::acceptable) << head.substr(0, cut);
  }
  EXPECT_EQ(judge_request(head).tier, Tier::ambiguous);
}

}  // namespace
}  // namespace stormproof::wire
