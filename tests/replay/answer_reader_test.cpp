// Answers as the sender sees them: what tests of the sender do not reach.
#include "replay/answer_reader.h"

#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

TEST_F(SenderTest, InterimAnswersArePassedOverAndCountedAsBytes) {
  const std::string answer = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + std::string(ok);
  RawServer server(answering(answer));
  Shots shots;
  shots.add("GET", "/").add("GET", "/", milliseconds(5));
  shots.last().lane = 1;
  send(to(server.port()), shots);
  ASSERT_EQ(outcomes(), std::vector<Outcome>(2, Outcome::answered));
  for (const auto& exchange : exchanges()) {
    EXPECT_EQ(exchange.status, 200);
    EXPECT_EQ(exchange.response_bytes, answer.size());
  }
}

}  // namespace
}  // namespace stormproof::replay
