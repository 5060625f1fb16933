#include "faults/abort.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/seed.h"
#include "harness/wire/framer.h"

namespace stormproof::faults {
namespace {

using namespace std::string_literals;

// How a client reads it: the status, and how many bytes one message takes of the text. 0 bytes: it is not whole or not
// HTTP.
struct Reading {
  int status = 0;
  std::size_t bytes = 0;
};

Reading read(const std::string& text, bool to_head = false) {
  wire::Framer framer(wire::MessageKind::response);
  framer.begin(to_head);
  Reading reading;
  std::size_t at = 0;
  while (!framer.done()) {
    const wire::Step step = framer.feed(std::string_view(text).substr(at));
    if (step.progress == wire::Progress::error || (step.consumed == 0 && !framer.done())) return {};
    at += step.consumed;
    if (step.progress == wire::Progress::head) reading.status = framer.head().status;
  }
  reading.bytes = at;
  return reading;
}

TEST(Abort, AnswersWithStatusHeadersAndBody) {
  const Abort abort{.status = 429, .headers = {{"Retry-After", "2"}, {"X-From", "chaos"}}, .body = "slow down\n"};
  EXPECT_EQ(
      abort.response(false),
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nX-From: chaos\r\nContent-Length: 10\r\n\r\nslow down\n");
}

TEST(Abort, WithoutABodySaysSo) {
  EXPECT_EQ(Abort{}.response(false), "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}

TEST(Abort, ToHeadHasTheLengthAndNoBody) {
  const Abort abort{.status = 500, .headers = {}, .body = "broken"};
  EXPECT_EQ(abort.response(true), "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\n");
}

TEST(Abort, A204And304HaveNeitherBodyNorLength) {
  for (const int status : {204, 304}) {
    const std::string text =
        Abort{.status = status, .headers = {{"ETag", "\"1\""}}, .body = "not sent"}.response(false);
    EXPECT_EQ(text.find("Content-Length"), text.npos) << text;
    EXPECT_EQ(text.find("not sent"), text.npos) << text;
    EXPECT_EQ(read(text).bytes, text.size());
  }
}

TEST(Abort, EveryStatusIsOneWholeMessage) {
  for (int status = Abort::status_min; status <= Abort::status_max; ++status) {
    const Abort abort{.status = status, .headers = {}, .body = "x"};
    ASSERT_TRUE(abort.check()) << status;
    const std::string text = abort.response(false);
    const Reading reading = read(text);
    ASSERT_EQ(reading.status, status);
    ASSERT_EQ(reading.bytes, text.size()) << status;
  }
}

TEST(Abort, AStatusOutOfRangeIsRefusedAndNeverSent) {
  for (const int status : {-1, 0, 99, 100, 101, 199, 600, 70'000}) {
    const Abort abort{.status = status, .headers = {}, .body = ""};
    const auto checked = abort.check();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message, "an abort answers with a status from 200 to 599, not " + std::to_string(status));
    EXPECT_EQ(abort.status_sent(), 503);
    EXPECT_EQ(read(abort.response(false)).status, 503);
  }
}

TEST(Abort, AHeaderThatWouldBreakTheMessageIsRefusedAndNeverSent) {
  const std::pair<std::string, std::string> wicked[] = {
      {"X-A", "1\r\nContent-Length: 0"},
      {"X-A", "1\n\nHTTP/1.1 200 OK"},
      {"X-A", "1\r"},
      {"X-A", "a\0b"s},
      {"X-A", "\x7f"},
      {"X-A: 1\r\nX-B", "2"},
      {"X A", "1"},
      {"X-A:", "1"},
      {"", "1"},
      {"Ünicode", "1"},
      {"Content-Length", "5"},
      {"content-LENGTH", "5"},
      {"Transfer-Encoding", "chunked"},
      {"Connection", "close"},
      {"Upgrade", "websocket"},
  };
  for (const auto& [name, value] : wicked) {
    const Abort abort{.status = 503, .headers = {{name, value}, {"X-Good", "yes"}}, .body = "body"};
    EXPECT_FALSE(abort.check()) << name << " = " << value;
    EXPECT_EQ(abort.response(false), "HTTP/1.1 503 Service Unavailable\r\nX-Good: yes\r\nContent-Length: 4\r\n\r\nbody")
        << name;
  }
}

TEST(Abort, SaysWhichHeaderIsWrong) {
  const auto message = [](std::string name, std::string value) {
    const auto checked = Abort{.status = 503, .headers = {{name, value}}, .body = ""}.check();
    return checked ? "" : checked.error().message;
  };
  EXPECT_EQ(message("Retry-After", "1\r\nX: 2"),
            R"(the value of the header Retry-After has a line end or another control character: "1\r\nX: 2")");
  EXPECT_EQ(message("Content-Length", "3"), "the header Content-Length is set by the proxy itself");
  EXPECT_EQ(message("a b", "3"), R"("a b" is not the name of a header)");
  EXPECT_EQ(message("X-Ok", "tab\tand \xc3\xa4 are legal"), "");
}

// Whatever stands in its fields, a client reads exactly one message and nothing after it.
TEST(Abort, HostileFieldsStillGiveOneMessage) {
  constexpr std::string_view letters = "aZ:\r\n \t\0-09\x7f\xff;,";
  const auto drawn_text = [&](std::string_view what, std::uint64_t round) {
    std::string text(base::draw(1, what, round) % 12, ' ');
    for (std::size_t i = 0; i < text.size(); ++i)
      text[i] = letters[base::draw(2, what, round * 100 + i) % letters.size()];
    return text;
  };
  std::size_t refused = 0;
  for (std::uint64_t round = 0; round < 5'000; ++round) {
    Abort abort{.status = static_cast<int>(base::draw(3, "status", round) % 700),
                .headers = {},
                .body = drawn_text("body", round)};
    abort.headers[drawn_text("name", round)] = drawn_text("value", round);
    abort.headers["X-Second"] = drawn_text("second", round);
    if (!abort.check()) ++refused;
    for (const bool to_head : {false, true}) {
      const std::string text = abort.response(to_head);
      const Reading reading = read(text, to_head);
      ASSERT_EQ(reading.bytes, text.size()) << text;
      ASSERT_EQ(reading.status, abort.status_sent());
    }
  }
  EXPECT_GT(refused, 1'000u) << "the wicked ones were among them";
  EXPECT_LT(refused, 5'000u) << "and so were good ones";
}

}  // namespace
}  // namespace stormproof::faults
