#include "replay/segments.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace stormproof::replay {
namespace {

using base::Nanoseconds;

std::vector<Segment> all_of(std::string_view text) {
  std::vector<Segment> all;
  SegmentReader reader(text);
  while (true) {
    const auto next = reader.next();
    EXPECT_TRUE(next) << next.error().message;
    if (!next || !*next) return all;
    all.push_back(**next);
  }
}

TEST(Segments, AreReadAsTheyWereNoted) {
  const std::vector<Segment> noted = {{Direction::request, Nanoseconds(0), 0},
                                      {Direction::response, Nanoseconds(1), 127},
                                      {Direction::response, Nanoseconds(1), 128},
                                      {Direction::request, Nanoseconds(1'000'000'000'000), 1},
                                      {Direction::request, Nanoseconds::max(), std::uint64_t{1} << 62}};
  SegmentNotes notes;
  for (const Segment& segment : noted) notes.note(segment);
  EXPECT_EQ(all_of(notes.text()), noted);
}

TEST(Segments, NoneAreNone) { EXPECT_TRUE(all_of("").empty()); }

TEST(Segments, AClockThatWentBackStandsStill) {
  SegmentNotes notes;
  notes.note({Direction::request, Nanoseconds(10), 1});
  notes.note({Direction::response, Nanoseconds(5), 2});
  notes.note({Direction::request, Nanoseconds(12), 3});
  const std::vector<Segment> all = all_of(notes.text());
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].after, Nanoseconds(10));
  EXPECT_EQ(all[2].after, Nanoseconds(12));
}

TEST(Segments, ClearedNotesBeginAnew) {
  SegmentNotes notes;
  notes.note({Direction::request, Nanoseconds(10), 1});
  notes.clear();
  notes.note({Direction::request, Nanoseconds(3), 1});
  EXPECT_EQ(all_of(notes.text()), (std::vector<Segment>{{Direction::request, Nanoseconds(3), 1}}));
}

TEST(Segments, NotesEndAtTheirLimit) {
  SegmentNotes notes;
  for (int i = 0; i < 200'000; ++i) notes.note({Direction::request, Nanoseconds(i), 1});
  EXPECT_LE(notes.text().size(), segments_bytes_max);
  EXPECT_GT(all_of(notes.text()).size(), 50'000U);
}

TEST(Segments, CutAnywhereTheyAreShorterOrDamaged) {
  SegmentNotes notes;
  for (int i = 0; i < 20; ++i) notes.note({Direction::response, Nanoseconds(i * 1'000'000), 1'000'000});
  const std::vector<Segment> whole = all_of(notes.text());
  for (std::size_t length = 0; length < notes.text().size(); ++length) {
    SegmentReader reader(notes.text().substr(0, length));
    std::size_t count = 0;
    auto next = reader.next();
    for (; next && *next; next = reader.next()) EXPECT_EQ(**next, whole[count++]);
    EXPECT_LT(count, whole.size());
  }
}

TEST(Segments, HostileBytesAreRefusedOrRead) {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& byte : text) byte = static_cast<char>(random() | (random() % 2 == 0 ? 0x80 : 0));
    SegmentReader reader(text);
    Nanoseconds last{0};
    std::size_t count = 0;
    for (auto next = reader.next(); next && *next; next = reader.next()) {
      EXPECT_GE((*next)->after, last);
      last = (*next)->after;
      EXPECT_LE(++count, text.size() / 2);
    }
  }
}

TEST(Segments, ANumberAbove64BitsIsDamage) {
  const std::string eleven(10, '\xff');
  EXPECT_FALSE(SegmentReader(eleven + '\x01' + '\x00').next());
  EXPECT_FALSE(SegmentReader(std::string(9, '\xff') + '\x02' + '\x00').next());
}

}  // namespace
}  // namespace stormproof::replay
