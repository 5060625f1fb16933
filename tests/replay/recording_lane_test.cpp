#include "replay/recording_lane.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "replay/segments.h"
#include "tests/replay/fixtures.h"

namespace stormproof::replay {
namespace {

using events::Outcome;
using wire::Part;
using Kind = HandedOver::Kind;

constexpr std::string_view get_head = "GET /x HTTP/1.1\r\nHost: t\r\n\r\n";
constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
constexpr base::Time beginning{std::chrono::seconds(1'000)};

class RecordingLaneTest : public testing::Test {
 protected:
  wire::Tap* begin(RecordingLane& lane, std::uint64_t shadow_of = 0) {
    head_.bytes = get_head;
    return lane.tap({head_, 42, 1, clock_.now(), shadow_of});
  }
  void end(wire::Tap* tap, Outcome outcome = Outcome::answered) {
    clock_.advance(std::chrono::milliseconds(1));
    events::Exchange event;
    event.outcome = outcome;
    event.first_byte = event.end = clock_.now();
    tap->ended(event);
  }
  void exchange(RecordingLane& lane, std::string_view body) {
    wire::Tap* const tap = begin(lane);
    tap->bytes(Part::request_head, get_head);
    tap->bytes(Part::response_head, ok_head);
    tap->bytes(Part::response_body, body);
    end(tap);
  }
  // The next record, which must be there; its views are good until the next call.
  HandedOver take(RecordingLane& lane) {
    if (taken_) lane.ring().pop();
    const std::string_view record = lane.ring().front();
    EXPECT_NE(record.data(), nullptr);
    taken_ = record.data() != nullptr;
    return taken_ ? read_record(record) : HandedOver{};
  }
  void take_all(RecordingLane& lane) {
    for (; lane.ring().front().data() != nullptr; lane.ring().pop()) {
    }
    taken_ = false;
  }
  static std::map<std::string_view, Tally> dropped(RecordingLane& lane) {
    std::map<std::string_view, Tally> all;
    for (Drops& drops : lane.drops()) {
      if (drops.count != 0) all[drops.cause] = {drops.count, drops.bytes};
    }
    return all;
  }

  base::ManualClock clock_{beginning};
  base::Bell bell_;
  std::atomic<std::uint64_t> ids_ = 7;
  wire::Head head_;
  bool taken_ = false;
};

TEST_F(RecordingLaneTest, AnExchangeIsOneRecord) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  head_.has_body = true;
  head_.content_length = 3;
  wire::Tap* const tap = begin(lane, 5);
  EXPECT_EQ(tap->id(), 7u);
  tap->bytes(Part::request_head, get_head);
  clock_.advance(std::chrono::milliseconds(1));
  tap->bytes(Part::request_body, "ab");
  tap->bytes(Part::request_body, "c");
  tap->bytes(Part::interim, "HTTP/1.1 100 Continue\r\n\r\n");
  tap->bytes(Part::response_head, ok_head);
  tap->bytes(Part::response_body, "ok");
  end(tap);
  const HandedOver handed = take(lane);
  EXPECT_EQ(handed.kind, Kind::exchange);
  EXPECT_EQ(handed.entry.id, 7u);
  EXPECT_EQ(handed.entry.connection, 42u);
  EXPECT_EQ(handed.entry.shadow_of, 5u);
  EXPECT_EQ(handed.entry.ending, Ending::complete);
  const std::int64_t ns = beginning.time_since_epoch().count();
  EXPECT_EQ(handed.entry.times, (std::array<std::int64_t, 4>{ns, ns + 1'000'000, ns + 2'000'000, ns + 2'000'000}));
  EXPECT_EQ(handed.entry.request_head, get_head);
  EXPECT_EQ(handed.entry.request_body, "abc");
  EXPECT_EQ(handed.entry.interim, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(handed.entry.response_head, ok_head);
  EXPECT_EQ(handed.entry.response_body, "ok");
  EXPECT_EQ(handed.parted, PartedSizes{});
  EXPECT_EQ(handed.bytes_in_all, get_head.size() + 3 + 25 + ok_head.size() + 2);
  EXPECT_EQ(begin(lane)->id(), 8u);
  EXPECT_TRUE(dropped(lane).empty());
}

// The segments of a record as "client 3 at 1 ms".
std::vector<std::string> told(std::string_view segments) {
  std::vector<std::string> all;
  SegmentReader reader(segments);
  for (auto next = reader.next(); next && *next; next = reader.next()) {
    const auto after = std::chrono::duration_cast<std::chrono::milliseconds>((*next)->after).count();
    const bool request = (*next)->direction == Direction::request;
    all.push_back(fmt::format("{} {} at {} ms", request ? "client" : "upstream", (*next)->bytes, after));
  }
  return all;
}

TEST_F(RecordingLaneTest, OfAStreamEachPieceHasItsTime) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  const wire::Head none;
  wire::Tap* const tap = lane.tap({none, 42, 1, clock_.now()});
  tap->bytes(Part::response_body, "hello");
  clock_.advance(std::chrono::milliseconds(2));
  tap->bytes(Part::request_body, "abc");
  tap->bytes(Part::response_body, "d");
  end(tap);
  const HandedOver handed = take(lane);
  EXPECT_EQ(handed.entry.request_body, "abc");
  EXPECT_EQ(handed.entry.response_body, "hellod");
  EXPECT_EQ(told(handed.entry.segments),
            (std::vector<std::string>{"upstream 5 at 0 ms", "client 3 at 2 ms", "upstream 1 at 2 ms"}));
}

TEST_F(RecordingLaneTest, OfATunnelWhatFollowsItsHeadsHasTimes) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  wire::Tap* const tap = begin(lane);
  tap->bytes(Part::request_head, get_head);
  tap->bytes(Part::response_head, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
  clock_.advance(std::chrono::milliseconds(1));
  tap->bytes(Part::response_body, "frame");
  end(tap);
  EXPECT_EQ(told(take(lane).entry.segments), std::vector<std::string>{"upstream 5 at 1 ms"});
}

TEST_F(RecordingLaneTest, ASuccessfulConnectIsATunnelAndARefusedOneIsNone) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  for (const auto& [status, segments] : {std::pair{"200 OK", 1U}, std::pair{"403 Forbidden", 0U}}) {
    head_.method = "CONNECT";
    wire::Tap* const tap = begin(lane);
    tap->bytes(Part::request_head, "CONNECT t:1 HTTP/1.1\r\nHost: t\r\n\r\n");
    tap->bytes(Part::response_head, fmt::format("HTTP/1.1 {}\r\n\r\n", status));
    tap->bytes(Part::response_body, "bytes");
    end(tap);
    EXPECT_EQ(told(take(lane).entry.segments).size(), segments) << status;
  }
}

TEST_F(RecordingLaneTest, AnHttpBodyHasNoSegments) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  exchange(lane, "ok");
  EXPECT_TRUE(take(lane).entry.segments.empty());
}

TEST_F(RecordingLaneTest, PartsOfABodyGoAheadWithTheirOffsets) {
  RecordingLane lane(clock_, 1 << 20, 1000, ids_, bell_);
  wire::Tap* const tap = begin(lane);
  tap->bytes(Part::request_head, get_head);
  tap->bytes(Part::response_head, ok_head);
  const std::string body = noise(1, 2'500);
  tap->bytes(Part::response_body, std::string_view(body).substr(0, 999));
  EXPECT_EQ(lane.ring().front().data(), nullptr) << "less than a piece waits for more";
  tap->bytes(Part::response_body, std::string_view(body).substr(999));
  end(tap);
  for (const std::size_t offset : {std::size_t{0}, std::size_t{1000}}) {
    const HandedOver part = take(lane);
    EXPECT_EQ(part.kind, Kind::part);
    EXPECT_EQ(part.entry.id, 7u);
    EXPECT_EQ(part.direction, Direction::response);
    EXPECT_EQ(part.offset, offset);
    EXPECT_TRUE(part.bytes == std::string_view(body).substr(offset, 1000));
  }
  const HandedOver rest = take(lane);
  EXPECT_EQ(rest.kind, Kind::exchange);
  EXPECT_EQ(rest.parted, (PartedSizes{0, 2000}));
  EXPECT_TRUE(rest.entry.response_body == std::string_view(body).substr(2000));
  EXPECT_EQ(rest.bytes_in_all, get_head.size() + ok_head.size() + 2'500);
}

TEST_F(RecordingLaneTest, AFullRingDropsWholeExchanges) {
  RecordingLane lane(clock_, 8192, 4096, ids_, bell_);
  std::uint64_t ended = 0;
  for (; dropped(lane).empty(); ++ended) {
    ASSERT_LT(ended, 100u);
    exchange(lane, noise(ended, 500));
  }
  std::uint64_t handed = 0;
  for (; lane.ring().front().data() != nullptr; lane.ring().pop(), ++handed) {
    EXPECT_TRUE(read_record(lane.ring().front()).entry.response_body == noise(handed, 500));
  }
  EXPECT_EQ(handed + 1, ended);
  EXPECT_EQ(dropped(lane)["dropped: queue full"], (Tally{1, get_head.size() + ok_head.size() + 500}));
  exchange(lane, "room again");
  EXPECT_EQ(take(lane).entry.response_body, "room again");
}

// The parts that went ahead must not wait for the rest for ever.
TEST_F(RecordingLaneTest, WhatIsGivenUpIsToldOnceThereIsRoom) {
  RecordingLane lane(clock_, 16 << 10, 1000, ids_, bell_);
  wire::Tap* const large = begin(lane);
  large->bytes(Part::request_head, get_head);
  large->bytes(Part::response_head, ok_head);
  large->bytes(Part::response_body, std::string(1'000, 'x'));
  EXPECT_EQ(take(lane).kind, Kind::part);
  while (lane.ring().try_push(std::array{std::string_view("filling")})) {
  }
  large->bytes(Part::response_body, std::string(1'000, 'x'));  // no room
  large->bytes(Part::response_body, std::string(1'000, 'x'));
  end(large);
  take_all(lane);
  exchange(lane, "next");
  const HandedOver told = take(lane);
  EXPECT_EQ(told.kind, Kind::given_up);
  EXPECT_EQ(told.entry.id, 7u);
  EXPECT_EQ(take(lane).entry.response_body, "next");
  EXPECT_EQ(dropped(lane)["dropped: queue full"], (Tally{1, get_head.size() + ok_head.size() + 3'000}));
}

TEST_F(RecordingLaneTest, EveryEndingIsKept) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  const std::pair<Outcome, Ending> endings[] = {
      {Outcome::answered, Ending::complete},
      {Outcome::cancelled, Ending::client_left},
      {Outcome::refused, Ending::response_missing},
      {Outcome::connect_timeout, Ending::response_missing},
      {Outcome::head_timeout, Ending::response_missing},
      {Outcome::bad_response, Ending::response_missing},
      {Outcome::reset, Ending::reset},
      {Outcome::idle_timeout, Ending::reset},
  };
  for (const auto& [outcome, ending] : endings) {
    wire::Tap* const tap = begin(lane);
    tap->bytes(Part::request_head, get_head);
    if (outcome == Outcome::answered || outcome == Outcome::reset) tap->bytes(Part::response_head, ok_head);
    end(tap, outcome);
    const HandedOver handed = take(lane);
    EXPECT_EQ(handed.entry.ending, ending) << static_cast<int>(outcome);
    if (ending != Ending::response_missing) continue;
    EXPECT_EQ(handed.entry.times[2], 0) << "what the relay itself answered was not received";
    EXPECT_EQ(handed.entry.times[3], 0);
  }
}

TEST_F(RecordingLaneTest, AnAnswerOfTheRelayItselfIsNoResponse) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  wire::Tap* const tap = begin(lane);
  tap->bytes(Part::request_head, get_head);
  end(tap, Outcome::faulted);
  EXPECT_EQ(take(lane).entry.ending, Ending::response_missing);
}

TEST_F(RecordingLaneTest, AMalformedRequestIsCountedAndNotHandedOver) {
  RecordingLane lane(clock_, 1 << 20, 4096, ids_, bell_);
  wire::Tap* const tap = begin(lane);
  tap->bytes(Part::request_head, "GET\r\n");
  end(tap, Outcome::bad_request);
  EXPECT_EQ(dropped(lane)["not recorded: malformed request, answered 400"], (Tally{1, 5}));
  exchange(lane, "ok");
  EXPECT_EQ(take(lane).entry.id, 8u);
}

TEST_F(RecordingLaneTest, InterimResponsesWithoutEndAreGivenUp) {
  RecordingLane lane(clock_, 8 << 20, 4096, ids_, bell_);
  wire::Tap* const tap = begin(lane);
  tap->bytes(Part::request_head, get_head);
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
  const std::size_t rounds = 2 * RecordingLane::heads_bytes_max / hints.size();
  for (std::size_t i = 0; i < rounds; ++i) tap->bytes(Part::interim, hints);
  tap->bytes(Part::response_head, ok_head);
  end(tap);
  EXPECT_EQ(dropped(lane)["dropped: heads above 1 MiB"],
            (Tally{1, get_head.size() + rounds * hints.size() + ok_head.size()}));
  exchange(lane, "ok");
  EXPECT_EQ(take(lane).entry.id, 8u);
}

// A part larger than the ring can take would never fit it.
TEST_F(RecordingLaneTest, ASmallRingMakesSmallParts) {
  RecordingLane lane(clock_, 64 << 10, 1 << 20, ids_, bell_);
  wire::Tap* const tap = begin(lane);
  tap->bytes(Part::response_body, std::string(9'000, 'x'));
  EXPECT_EQ(take(lane).bytes.size(), lane.ring().record_bytes_max() / 4);
  end(tap);
  EXPECT_TRUE(dropped(lane).empty());
}

}  // namespace
}  // namespace stormproof::replay
