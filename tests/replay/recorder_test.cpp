#include "replay/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "tests/replay/tapping.h"

namespace stormproof::replay {
namespace {

using wire::Part;

TEST_F(RecorderTest, AnExchangeIsRecordedByteForByte) {
  start();
  const base::Time before = clock_.now();
  wire::Tap* const tap = begin(42);
  const std::string request_head = "POST /a?b HTTP/1.1\r\nhOST:  odd \r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string request_body = std::string("3\r\n\0\xff\n\r\n", 8) + "0\r\nX-Trailer: 1\r\n\r\n";
  tap->bytes(Part::request_head, request_head);
  tap->bytes(Part::request_body, std::string_view(request_body).substr(0, 5));
  tap->bytes(Part::request_body, std::string_view(request_body).substr(5));
  tap->bytes(Part::interim, "HTTP/1.1 100 Continue\r\n\r\n");
  tap->bytes(Part::interim, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  tap->bytes(Part::response_head, ok_head);
  tap->bytes(Part::response_body, "o");
  tap->bytes(Part::response_body, "k");
  end(tap);
  const Account account = finish();
  EXPECT_EQ(count_of(account, "recorded"), 1u);
  EXPECT_EQ(account.size(), 1u) << "nothing was lost, and so no cause is named";
  const auto exchanges = read();
  EXPECT_FALSE(torn_);
  ASSERT_EQ(exchanges.size(), 1u);
  const Exchange& exchange = exchanges[0];
  EXPECT_EQ(exchange.request.head, request_head);
  EXPECT_EQ(exchange.request.body, request_body);
  EXPECT_EQ(exchange.interim, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  EXPECT_EQ(exchange.response.head, ok_head);
  EXPECT_EQ(exchange.response.body, "ok");
  EXPECT_EQ(exchange.ending, Ending::complete);
  EXPECT_EQ(exchange.connection, 42u);
  EXPECT_EQ(exchange.id, 1u);
  EXPECT_GE(exchange.request_start, before);
  EXPECT_GE(exchange.request_end, exchange.request_start);
  EXPECT_GE(exchange.response_start, exchange.request_end);
  EXPECT_GE(exchange.response_end, exchange.response_start);
}

TEST_F(RecorderTest, LargeBodiesInPiecesAreWholeAgain) {
  RecorderOptions options;
  options.part_bytes = 4096;
  start(std::move(options));
  const std::string up = noise(1, 300'001);
  const std::string down = noise(2, 1'500'000);
  wire::Tap* const large = begin();
  wire::Tap* const other = begin();
  large->bytes(Part::request_head, get_head);
  other->bytes(Part::request_head, get_head);
  other->bytes(Part::response_head, ok_head);
  std::size_t sent = 0;
  large->bytes(Part::response_head, ok_head);
  for (std::size_t at = 0; at < down.size(); at += 50'000) {
    large->bytes(Part::response_body, std::string_view(down).substr(at, 50'000));
    large->bytes(Part::request_body, std::string_view(up).substr(sent, 11'000));
    other->bytes(Part::response_body, std::string_view(up).substr(sent, 11'000));
    sent = std::min(up.size(), sent + 11'000);
  }
  ASSERT_EQ(sent, up.size());
  end(other);
  end(large);
  EXPECT_EQ(count_of(finish(), "recorded"), 2u);
  const auto exchanges = read();
  ASSERT_EQ(exchanges.size(), 2u);
  EXPECT_TRUE(exchanges[0].response.body == up);
  EXPECT_TRUE(exchanges[1].request.body == up);
  EXPECT_TRUE(exchanges[1].response.body == down);
}

// A candidate's copy of a live exchange names it by the number that the live one's tap had.
TEST_F(RecorderTest, AShadowNamesTheExchangeThatItRepeats) {
  start();
  wire::Tap* const live = begin();
  const std::uint64_t id = live->id();
  EXPECT_NE(id, 0u);
  wire::Tap* const shadow = begin(2, id);
  EXPECT_NE(shadow->id(), id);
  for (wire::Tap* const tap : {live, shadow}) {
    tap->bytes(Part::request_head, get_head);
    tap->bytes(Part::response_head, ok_head);
    tap->bytes(Part::response_body, "ok");
    end(tap);
  }
  EXPECT_EQ(count_of(finish(), "recorded"), 2u);
  const auto exchanges = read();
  ASSERT_EQ(exchanges.size(), 2u);
  EXPECT_EQ(exchanges[0].id, id);
  EXPECT_EQ(exchanges[0].shadow_of, 0u);
  EXPECT_EQ(exchanges[1].shadow_of, id);
}

TEST_F(RecorderTest, SeveralThreadsRecordEachOnItsLane) {
  constexpr std::size_t lanes = 4;
  constexpr std::uint64_t each = 2'000;
  RecorderOptions options;
  options.lanes = lanes;
  start(std::move(options));
  std::vector<std::thread> relays;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    relays.emplace_back([this, lane] {
      wire::Head head;
      head.bytes = get_head;
      const base::SystemClock clock;
      for (std::uint64_t i = 0; i < each; ++i) {
        wire::Tap* const tap = recorder_->lane(lane).tap({head, lane + 1, i, clock.now()});
        const std::string number = std::to_string(tap->id());
        tap->bytes(Part::request_head, get_head);
        tap->bytes(Part::response_head, ok_head);
        tap->bytes(Part::response_body, number);
        events::Exchange event;
        event.first_byte = event.end = clock.now();
        tap->ended(event);
      }
    });
  }
  for (std::thread& relay : relays) relay.join();
  EXPECT_EQ(count_of(finish(), "recorded"), lanes * each);
  std::set<std::uint64_t> ids;
  std::vector<base::Time> last(lanes + 1);
  for (const Exchange& exchange : read()) {
    EXPECT_EQ(exchange.response.body, std::to_string(exchange.id));
    ids.insert(exchange.id);
    ASSERT_LE(exchange.connection, lanes);
    EXPECT_GE(exchange.response_end, last[exchange.connection]) << "a lane keeps its order";
    last[exchange.connection] = exchange.response_end;
  }
  EXPECT_EQ(ids.size(), lanes * each);
}

TEST_F(RecorderTest, AStrangeNumberOfLanesIsRefused) {
  for (const std::size_t lanes : {std::size_t{0}, Recorder::lanes_max + 1}) {
    RecorderOptions options;
    options.lanes = lanes;
    EXPECT_FALSE(Recorder::start(path_, {}, clock_, std::move(options)));
  }
  EXPECT_TRUE(folder_.files().empty());
}

TEST_F(RecorderTest, AnExistingFileIsRefused) {
  write_bytes(path_, "somebody's");
  const auto started = Recorder::start(path_, {}, clock_);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("exists already"), std::string::npos);
  EXPECT_EQ(read_bytes(path_), "somebody's");
}

TEST_F(RecorderTest, WithoutFinishTheFileIsTornAndOpens) {
  start();
  exchange();
  recorder_.reset();
  EXPECT_LE(read().size(), 1u);
  EXPECT_TRUE(torn_);
}

TEST_F(RecorderTest, FinishMayBeCalledAgain) {
  start();
  exchange();
  ASSERT_TRUE(recorder_->finish());
  static_cast<void>(recorder_->finish());
  recorder_.reset();
  EXPECT_EQ(read().size(), 1u);
  EXPECT_FALSE(torn_);
}

}  // namespace
}  // namespace stormproof::replay
