#include "harness/events/log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "harness/base/seed.h"
#include "harness/events/varint.h"

namespace stormproof::events {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr base::Time origin{1'790'000'000s};

std::uint64_t chance(std::string_view what, std::uint64_t i) { return base::draw(7, what, i); }

// A run as it is in life: requests on a schedule, half of them with a call to the dependency, a failure now and then.
Log busy_log(std::uint64_t requests) {
  Log log;
  const NameId candidate = log.names.id_of("candidate");
  const NameId payments = log.names.id_of("payments");
  const NameId rule = log.names.id_of("payments down#1");
  log.mark(origin, MarkKind::phase_begin, "payments down");
  for (std::uint64_t i = 1; i <= requests; ++i) {
    Exchange in;
    in.party = candidate;
    in.route = log.names.id_of(fmt::format("GET /route/{}", chance("route", i) % 20));
    in.connection = chance("connection", i) % 64;
    in.request = i;
    in.intended = origin + i * 1ms;
    in.start = in.intended + base::Nanoseconds(chance("lag", i) % 300'000);
    in.first_byte = in.start + 1ms + base::Nanoseconds(chance("head", i) % 20'000'000);
    in.end = in.first_byte + base::Nanoseconds(chance("body", i) % 400'000);
    in.status = chance("status", i) % 50 == 0 ? 503 : 200;
    in.request_bytes = 120 + chance("request", i) % 60;
    in.response_bytes = chance("response", i) % 3000;
    if (i % 7 == 0) in.content = {Content::Kind::json, static_cast<std::uint32_t>(chance("shape", i) % 5), 20};
    const std::uint64_t low = chance("trace", i), high = chance("trace", ~i);
    for (std::size_t b = 0; b < 8; ++b) {
      in.trace.bytes[b] = static_cast<std::uint8_t>(low >> (8 * b));
      in.trace.bytes[b + 8] = static_cast<std::uint8_t>(high >> (8 * b));
    }
    log.exchanges.push_back(in);
    if (i % 2 == 0) {
      Exchange out = in;
      out.side = Side::egress;
      out.party = payments;
      out.request = i / 2;
      out.content = {};
      out.carriers = in_traceparent;
      out.parent = static_cast<std::uint32_t>(chance("parent", i));
      out.intended = out.start = in.start + 300us;
      if (in.status == 503) {
        out.outcome = Outcome::faulted;
        out.fault = rule;
        out.advice = {.retry_after = 1, .window = 60, .dialects = 1, .grpc_status = grpc_resource_exhausted};
        in.advice = out.advice;
        log.faults.push_back({out.start, rule, payments, out.request, 0ns, 503});
      }
      log.exchanges.push_back(out);
    }
    log.differences.push_back({i, candidate, i % 3 == 0 ? rule : NameId{0}, 0, static_cast<std::uint8_t>(i % 3)});
  }
  log.mark(origin + requests * 1ms, MarkKind::phase_end, "payments down");
  log.sort();
  return log;
}

// The hardest values that the types allow.
Log odd_log() {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  constexpr base::Time last{base::Nanoseconds::max()};
  constexpr base::Time first{base::Nanoseconds::min()};
  Log log;
  const NameId name = log.names.id_of(std::string_view("nul \0 and \xff", 10));
  log.exchanges.push_back({.status = 65535,
                           .connection = most,
                           .request = most,
                           .intended = last,
                           .start = first,
                           .first_byte = last,
                           .end = first,
                           .waited = base::Nanoseconds::min(),
                           .request_bytes = most,
                           .response_bytes = most,
                           .advice = {Advice::not_said - 1, 0, Advice::not_said, Advice::not_said - 1,
                                      Advice::not_said - 1, dialects_end - 1, 0xFF},
                           .content = {Content::Kind::other, 0xFFFFFFFF, Advice::not_said - 1},
                           .parent = 0xFFFFFFFF,
                           .carriers = carriers_end - 1,
                           .key = 0xFFFFFFFF});
  log.exchanges.push_back({.side = Side::egress,
                           .outcome = Outcome::held_off,
                           .party = name,
                           .route = name,
                           .fault = name,
                           .intended = first,
                           .start = last,
                           .end = last});
  log.exchanges.push_back({});
  log.faults.push_back({last, name, 0, most, base::Nanoseconds::min(), 65535});
  log.faults.push_back({first, 0, name, 0, base::Nanoseconds::max(), 0});
  log.differences.push_back({most, name, name, name, changes_end - 1});
  log.differences.push_back({});
  log.mark(first, MarkKind::aborted, "why");
  log.mark(last, MarkKind::note, "");
  log.sort();
  return log;
}

void expect_equal(const Log& a, const Log& b) {
  ASSERT_EQ(a.names.size(), b.names.size());
  for (NameId id = 0; id < a.names.size(); ++id) ASSERT_EQ(a.names.name_of(id), b.names.name_of(id));
  EXPECT_TRUE(a.exchanges == b.exchanges);
  EXPECT_TRUE(a.faults == b.faults);
  EXPECT_TRUE(a.marks == b.marks);
  EXPECT_TRUE(a.differences == b.differences);
}

// A whole log around a body that the test has made.
std::string wrapped(const std::string& body, char version = log_version) {
  std::string packed(ZSTD_compressBound(body.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), body.data(), body.size(), 1));
  std::string bytes = std::string("SPEV") + version;
  for (unsigned shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<char>((base::identity_of(packed) >> shift) & 0xFF));
  return bytes + packed;
}

std::string body_of(const std::string& bytes) {
  std::string body(std::size_t{1} << 20, '\0');
  body.resize(ZSTD_decompress(body.data(), body.size(), bytes.data() + 13, bytes.size() - 13));
  return body;
}

TEST(Log, GoesThereAndBack) {
  for (const Log& log : {Log(), busy_log(1), busy_log(500), odd_log()}) {
    const auto back = decode(encode(log));
    ASSERT_TRUE(back) << back.error().to_string();
    expect_equal(log, *back);
  }
}

// Version 1 had no column of waiting times, 1 and 2 none of advice and keys, 3 and 4 none of content and carriers and no
// differences.
TEST(Log, ReadsTheVersionsBefore) {
  Log log;
  log.exchanges.push_back({.request = 7, .intended = origin, .start = origin + 9ms, .end = origin + 10ms});
  std::string body = body_of(encode(log));
  ASSERT_EQ(body.substr(body.size() - 8), std::string(8, '\0'))
      << "no waiting, advice, key, content, carriers, fault, mark, difference";
  EXPECT_FALSE(decode(wrapped(body, 2)));
  body.resize(body.size() - 3);
  EXPECT_FALSE(decode(wrapped(body, 2)));
  const auto fourth = decode(wrapped(body, 4));
  ASSERT_TRUE(fourth) << fourth.error().to_string();
  EXPECT_TRUE(fourth->exchanges == log.exchanges);
  body.resize(body.size() - 2);
  EXPECT_FALSE(decode(wrapped(body, 1)));
  const auto second = decode(wrapped(body, 2));
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_TRUE(second->exchanges == log.exchanges);
  body.pop_back();
  const auto first = decode(wrapped(body, 1));
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_TRUE(first->exchanges == log.exchanges);
}

// Version 3 had four numbers of advice.
TEST(Log, ReadsTheAdviceOfTheVersionBefore) {
  Log log;
  log.exchanges.push_back(
      {.intended = origin, .start = origin, .end = origin, .advice = {.retry_after = 5, .reset = 7}});
  std::string body = body_of(encode(log));
  const std::string now = {7, 6, 0, 0, 8, 0, 0, 0};  // a column: its length and its bytes
  const std::size_t at = body.find(now);
  ASSERT_NE(at, body.npos);
  EXPECT_FALSE(decode(wrapped(body, 3)));
  body.resize(body.size() - 3);
  body.replace(at, now.size(), {4, 6, 0, 0, 8});
  EXPECT_FALSE(decode(wrapped(body)));
  const auto third = decode(wrapped(body, 3));
  ASSERT_TRUE(third) << third.error().to_string();
  EXPECT_TRUE(third->exchanges == log.exchanges);
}

TEST(Log, EncodesInOneOrderWhateverTheOrderOfArrival) {
  const Log log = busy_log(300);
  Log shuffled = busy_log(300);
  std::ranges::reverse(shuffled.exchanges);
  std::ranges::reverse(shuffled.faults);
  std::swap(shuffled.exchanges[3], shuffled.exchanges[200]);
  EXPECT_EQ(encode(log), encode(shuffled));
  shuffled.sort();
  expect_equal(log, shuffled);
}

TEST(Log, SortsByStartThenSideThenRequestAndKeepsTheOrderOfMarks) {
  Log log;
  log.exchanges.push_back({.side = Side::egress, .request = 1, .start = origin});
  log.exchanges.push_back({.request = 2, .start = origin});
  log.exchanges.push_back({.request = 1, .start = origin});
  log.exchanges.push_back({.request = 9, .start = origin - 1ns});
  log.mark(origin, MarkKind::phase_end, "one");
  log.mark(origin, MarkKind::phase_begin, "another");
  log.mark(origin - 1s, MarkKind::traffic_begin, "");
  log.sort();
  std::vector<std::uint64_t> requests;
  for (const Exchange& e : log.exchanges) requests.push_back(e.request);
  EXPECT_EQ(requests, (std::vector<std::uint64_t>{9, 1, 2, 1}));
  EXPECT_EQ(log.marks[0].kind, MarkKind::traffic_begin);
  EXPECT_EQ(log.marks[1].kind, MarkKind::phase_end);
  EXPECT_EQ(log.marks[2].kind, MarkKind::phase_begin);
}

TEST(Log, AbsorbRenumbersNames) {
  Log log;
  log.names.id_of("candidate");
  log.names.id_of("payments");
  Log other;
  const NameId orders = other.names.id_of("orders");
  const NameId payments = other.names.id_of("payments");
  other.exchanges.push_back({.party = payments, .route = orders, .fault = 77});
  other.faults.push_back({.at = origin, .rule = orders, .party = payments});
  other.mark(origin, MarkKind::note, "a note");
  log.absorb(std::move(other));
  ASSERT_EQ(log.exchanges.size(), 1U);
  EXPECT_EQ(log.names.name_of(log.exchanges[0].party), "payments");
  EXPECT_EQ(log.names.name_of(log.exchanges[0].route), "orders");
  EXPECT_EQ(log.exchanges[0].fault, 0U) << "a number that the other table does not know";
  EXPECT_EQ(log.names.name_of(log.faults[0].rule), "orders");
  EXPECT_EQ(log.names.name_of(log.faults[0].party), "payments");
  EXPECT_EQ(log.names.name_of(log.marks[0].name), "a note");
  EXPECT_EQ(log.names.size(), 5U);
}

TEST(Log, AMillionExchangesStaySmallAndQuick) {
  const Log log = busy_log(666'667);  // a million with the calls to the dependency
  ASSERT_EQ(log.exchanges.size(), 1'000'000U);
  const auto begin = std::chrono::steady_clock::now();
  const std::string bytes = encode(log);
  const auto back = decode(bytes);
  const auto took = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(back);
  EXPECT_EQ(back->exchanges.size(), log.exchanges.size());
  EXPECT_LE(bytes.size(), 40 * log.exchanges.size());
  RecordProperty("bytes_per_exchange", static_cast<int>(bytes.size() / log.exchanges.size()));
  RecordProperty("milliseconds", static_cast<int>(took / 1ms));
  fmt::print("{:.1f} bytes an exchange, {} ms there and back\n", static_cast<double>(bytes.size()) / 1e6, took / 1ms);
  EXPECT_LT(took, 20s) << "about 1 s on an idle machine; the bound leaves room for sanitizers and neighbours";
}

TEST(LogHostile, EachTruncationIsAnError) {
  const std::string bytes = encode(busy_log(20));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(decode(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode(bytes + "x"));
}

TEST(LogHostile, EachBitFlipIsAnError) {
  const std::string bytes = encode(busy_log(20));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(decode(flipped)) << bit;
  }
}

// Behind the checksum: whoever forges the bytes forges that too. Nothing is promised but no crash and no mistake
// about the ranges.
TEST(LogHostile, FlipsBehindTheChecksumNeverCrash) {
  const std::string body = body_of(encode(busy_log(20)));
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * body.size(); ++bit) {
    std::string flipped = body;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto log = decode(wrapped(flipped));
    if (!log) {
      ++refused;
      continue;
    }
    for (const Exchange& e : log->exchanges) {
      ASSERT_LT(std::max({e.party, e.route, e.fault}), log->names.size());
      ASSERT_LE(e.outcome, Outcome::held_off);
    }
  }
  EXPECT_GT(refused, 0U);
}

TEST(LogHostile, TruncationsBehindTheChecksumAreErrors) {
  const std::string body = body_of(encode(busy_log(5)));
  for (std::size_t size = 0; size < body.size(); ++size) ASSERT_FALSE(decode(wrapped(body.substr(0, size)))) << size;
  EXPECT_FALSE(decode(wrapped(body + '\0')));
}

TEST(LogHostile, GiantCountsAllocateNothing) {
  std::string names;
  put_varint(names, std::numeric_limits<std::uint64_t>::max());
  std::string column;
  put_varint(column, 1);
  put_varint(column, 1);
  put_varint(column, std::numeric_limits<std::uint64_t>::max());  // the length of the first column
  std::string exchanges;
  put_varint(exchanges, 1);
  put_varint(exchanges, 2'000'000'000);
  exchanges += std::string(20, '\0');
  std::string faults = "\x01" + std::string(1 + 20, '\0');
  put_varint(faults, 2'000'000'000);
  faults += '\0';
  for (const std::string& body : {names, column, exchanges, faults}) {
    const auto log = decode(wrapped(body));
    ASSERT_FALSE(log);
    EXPECT_THAT(log.error().message, HasSubstr("damaged"));
  }
}

TEST(LogHostile, ABombStopsAtTheBound) {
  const std::string bomb = wrapped(std::string(std::size_t{16} << 20, '\0'));
  EXPECT_LT(bomb.size(), 4096U);
  EXPECT_THAT(decode(bomb, 1 << 20).error().message, HasSubstr("unpacks to more than 1048576 bytes"));
  EXPECT_THAT(decode(bomb).error().message, HasSubstr("names make no sense"));

  const std::string bytes = encode(busy_log(50));
  const std::size_t unpacked = body_of(bytes).size();
  EXPECT_TRUE(decode(bytes, unpacked + 1));
  EXPECT_FALSE(decode(bytes, unpacked - 1));
}

TEST(LogHostile, SaysWhatItIsNot) {
  EXPECT_THAT(decode("").error().message, HasSubstr("not an event log"));
  EXPECT_THAT(decode("PK\x03\x04 and so on").error().message, HasSubstr("not an event log"));
  EXPECT_THAT(decode("SPEV").error().message, HasSubstr("ends too early"));
  std::string newer = encode(Log());
  newer[4] = log_version + 1;
  EXPECT_THAT(decode(newer).error().message, HasSubstr("format version 6; this stormproof reads versions up to 5"));
  std::string flipped = encode(Log());
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_THAT(decode(flipped).error().message, HasSubstr("checksum"));
}

}  // namespace
}  // namespace stormproof::events
