#include "replay/gor_importer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/seed.h"
#include "replay/gor_records.h"
#include "tests/replay/fixtures.h"
#include "tests/replay/gor_writing.h"

namespace stormproof::replay {
namespace {

struct Imported {
  ImportReport report;
  std::vector<Exchange> exchanges;  // by id
  Account account;
  std::string error;
};

Imported import_files(const std::vector<std::string>& inputs, GorLimits limits = {}) {
  const Folder folder;
  Imported imported;
  auto writer = CaptureWriter::create(folder.file("out.traffic"), {});
  if (!writer) return {.report = {}, .exchanges = {}, .account = {}, .error = writer.error().message};
  auto report = import_gor(inputs, *writer, limits);
  EXPECT_TRUE(writer->close());
  imported.account = writer->account();
  if (report) {
    imported.report = *report;
  } else {
    imported.error = report.error().message;
  }
  auto reader = CaptureReader::open(folder.file("out.traffic"));
  EXPECT_TRUE(reader);
  Contents contents = read_all(*reader);
  EXPECT_TRUE(contents.errors.empty());
  imported.exchanges = std::move(contents.exchanges);
  std::ranges::sort(imported.exchanges, {}, &Exchange::id);
  return imported;
}

Imported import_bytes(const std::string& bytes, GorLimits limits = {}) {
  const Folder folder;
  write_bytes(folder.file("x.gor"), bytes);
  return import_files({folder.file("x.gor")}, limits);
}

std::string request(std::string_view target) { return fmt::format("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", target); }
std::string response(std::string_view body) { return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body); }

std::int64_t ns(base::Time time) { return time.time_since_epoch().count(); }

TEST(GorImporterTest, ReadsARealRecordingByteForByte) {
  const auto folder = corpora();
  if (!folder) GTEST_SKIP() << "the corpora are not here";
  const std::string path = (*folder / "gor/goreplay/ecommerce-workshop__requests_0.gor").string();
  const Imported imported = import_files({path});
  EXPECT_TRUE(imported.report.damage.empty());
  EXPECT_EQ(imported.report.requests, 101u);
  EXPECT_EQ(imported.report.requests_without_response, 101u);

  // An independent split of the file: no body in it holds the separator.
  std::string rest = read_bytes(path);
  std::vector<Exchange> expected;
  std::size_t gets = 0, posts = 0;
  for (auto end = rest.find(gor_separator); end != rest.npos; end = rest.find(gor_separator)) {
    const std::string record = rest.substr(0, end);
    rest.erase(0, end + gor_separator.size());
    const auto line = record.find('\n');
    const auto body = record.find("\r\n\r\n") + 4;
    Exchange exchange;
    exchange.id = expected.size() + 1;
    exchange.ending = Ending::response_missing;
    exchange.request_start = base::Time(base::Nanoseconds(std::stoll(record.substr(record.rfind(' ', line) + 1))));
    exchange.request = {record.substr(line + 1, body - line - 1), record.substr(body)};
    gets += exchange.request.head.starts_with("GET ");
    posts += exchange.request.head.starts_with("POST ");
    expected.push_back(std::move(exchange));
  }
  EXPECT_EQ(rest, "");
  EXPECT_EQ(gets, 99u);
  EXPECT_EQ(posts, 2u);
  ASSERT_EQ(imported.exchanges.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(imported.exchanges[i], expected[i]) << i;
  EXPECT_EQ(ns(imported.exchanges.front().request_start), 1568139746437296000);
  EXPECT_EQ(ns(imported.exchanges.back().request_start), 1568140265001506000);
}

TEST(GorImporterTest, PairsByIdAndTakesTheTimesOfBothRecords) {
  const Imported imported = import_bytes(gor_record("1 a 1000 5", request("a")) + gor_record("1 b 2000", request("b")) +
                                         gor_record("2 b 3000", response("to b")) + gor_record("2 a 4000 70", response("to a")));
  EXPECT_EQ(imported.report.pairs, 2u);
  ASSERT_EQ(imported.exchanges.size(), 2u);
  const Exchange& a = imported.exchanges[0];
  EXPECT_EQ(a.id, 1u);
  EXPECT_EQ(a.connection, 0u);
  EXPECT_EQ(a.ending, Ending::complete);
  EXPECT_EQ(a.request.head, request("a"));
  EXPECT_EQ(a.response.body, "to a");
  EXPECT_EQ(ns(a.request_start), 1000);
  EXPECT_EQ(ns(a.request_end), 1005);
  EXPECT_EQ(ns(a.response_start), 4000);
  EXPECT_EQ(ns(a.response_end), 4070);
  const Exchange& b = imported.exchanges[1];
  EXPECT_EQ(b.response.body, "to b");
  EXPECT_EQ(ns(b.request_end), 0);
  EXPECT_EQ(ns(b.response_end), 0);
}

TEST(GorImporterTest, RequestsWithTheSameIdAreAnsweredInOrder) {
  const Imported imported = import_bytes(gor_record("1 a 1", request("1") + request("2")) + gor_record("1 a 2", request("3")) +
                                         gor_record("2 a 3", response("1") + response("2")) + gor_record("2 a 4", response("3")));
  ASSERT_EQ(imported.exchanges.size(), 3u);
  for (const Exchange& exchange : imported.exchanges) EXPECT_EQ(target_of(exchange.request.head), "/" + exchange.response.body);
}

TEST(GorImporterTest, UnpairedOnesAreKeptAndReplayedResponsesAreCounted) {
  const Imported imported = import_bytes(gor_record("2 z 1", response("alone")) + gor_record("1 a 2", request("a")) +
                                         gor_record("3 a 3 9", response("replayed")));
  EXPECT_EQ(imported.report.replayed_responses, 1u);
  EXPECT_EQ(imported.account.at("left out: replayed response").count, 1u);
  EXPECT_EQ(imported.report.requests_without_response, 1u);
  EXPECT_EQ(imported.report.responses_without_request, 1u);
  ASSERT_EQ(imported.exchanges.size(), 2u);
  EXPECT_EQ(imported.exchanges[0].ending, Ending::request_missing);
  EXPECT_EQ(imported.exchanges[0].response.body, "alone");
  EXPECT_EQ(imported.exchanges[1].ending, Ending::response_missing);
  EXPECT_NE(to_text(imported.report).find("1 replayed responses left out"), std::string::npos);
}

TEST(GorImporterTest, AResponseToHeadHasNoBodyWhateverItsLength) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
  const Imported imported = import_bytes(gor_record("1 a 1", "HEAD / HTTP/1.1\r\n\r\n") + gor_record("2 a 2", head) +
                                         gor_record("1 b 3", request("b")));
  EXPECT_TRUE(imported.report.damage.empty());
  ASSERT_EQ(imported.exchanges.size(), 2u);
  EXPECT_EQ(imported.exchanges[0].ending, Ending::complete);
  EXPECT_EQ(imported.exchanges[0].response, (Message{head, ""}));
}

TEST(GorImporterTest, InterimResponsesStandBesideTheResponse) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const Imported imported = import_bytes(gor_record("1 a 1", request("a")) + gor_record("1 b 1", request("b")) +
                                         gor_record("2 a 2", interim + response("x")) + gor_record("2 b 2", interim) +
                                         gor_record("2 b 3", response("y")) + gor_record("2 c 3", interim));
  ASSERT_EQ(imported.exchanges.size(), 2u);
  for (const Exchange& exchange : imported.exchanges) EXPECT_EQ(exchange.interim, interim);
  EXPECT_EQ(imported.exchanges[1].response.body, "y");
  EXPECT_EQ(imported.report.damage.at("an interim response without its request").bytes, interim.size());
}

TEST(GorImporterTest, TruncatedMessagesAreMarkedAndDamageIsInAccountAndReport) {
  const std::string cut_request = "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc";
  const std::string cut_response = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
  const Imported imported = import_bytes(gor_record("1 a 1", cut_request) + gor_record("2 a 2", response("")) +
                                         gor_record("1 b 3", request("b")) + gor_record("2 b 4", cut_response) + "junk" +
                                         std::string(gor_separator) + gor_record("1 c 5", request("c")));
  ASSERT_EQ(imported.exchanges.size(), 3u);
  EXPECT_EQ(imported.exchanges[0].ending, Ending::request_truncated);
  EXPECT_EQ(imported.exchanges[1].ending, Ending::response_truncated);
  EXPECT_EQ(imported.report.damage.at("a body shorter than its head says").count, 2u);
  EXPECT_EQ(imported.account.at("damaged: a record without a header line"), (Tally{1, 4}));
  ASSERT_EQ(imported.report.places.size(), 3u);
  EXPECT_NE(imported.report.places[0].find("x.gor: byte 0: a body shorter"), std::string::npos) << imported.report.places[0];
  EXPECT_NE(to_text(imported.report).find("(4 bytes left out)"), std::string::npos);
}

TEST(GorImporterTest, WaitingIsBounded) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += gor_record(fmt::format("1 {} 1", i), request("x"));
  for (int i = 0; i < 10; ++i) bytes += gor_record(fmt::format("2 {} 1", i), response("x"));
  for (const GorLimits limits : {GorLimits{.waiting_max = 4}, GorLimits{.waiting_bytes_max = 4 * request("x").size()}}) {
    const Imported imported = import_bytes(bytes, limits);
    EXPECT_EQ(imported.report.pairs, 4u);
    EXPECT_EQ(imported.report.requests_without_response, 6u);
    EXPECT_EQ(imported.report.responses_without_request, 6u);
    EXPECT_EQ(imported.account.at("request written before its response was seen").count, 6u);
  }
}

TEST(GorImporterTest, InputsAreReadInTheOrderOfTheirNumbersAndPairedAcrossFiles) {
  const Folder folder;
  std::vector<std::string> inputs;
  for (const int number : {10, 2, 0, 1}) {
    inputs.push_back(folder.file(fmt::format("r_{}.gor.gz", number)));
    write_bytes(inputs.back(), gzipped(gor_record(fmt::format("1 {} 1", number), request(std::to_string(number)))));
  }
  inputs.push_back(folder.file("r_11.gor"));
  write_bytes(inputs.back(), gor_record("2 0 1", response("late")));
  inputs.push_back(folder.file("r_12.gor"));
  write_bytes(inputs.back(), "");
  const Imported imported = import_files(inputs);
  ASSERT_EQ(imported.exchanges.size(), 4u);
  std::vector<std::string> targets;
  for (const Exchange& exchange : imported.exchanges) targets.emplace_back(target_of(exchange.request.head));
  EXPECT_EQ(targets, std::vector<std::string>({"/0", "/1", "/2", "/10"}));
  EXPECT_EQ(imported.exchanges[0].response.body, "late");
}

TEST(GorImporterTest, ATruncatedGzipFileGivesWhatItHas) {
  const Folder folder;
  std::string plain;
  for (int i = 0; i < 200; ++i) {
    const std::string body = noise(static_cast<std::uint64_t>(i), 1000);
    plain += gor_record(fmt::format("1 {} 1", i), "POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + body);
  }
  const std::string packed = gzipped(plain);
  write_bytes(folder.file("x.gor.gz"), packed.substr(0, packed.size() / 2));
  const Imported imported = import_files({folder.file("x.gor.gz")});
  EXPECT_GT(imported.exchanges.size(), 90u);
  EXPECT_EQ(imported.report.damage.at("the gzip stream ends in its middle").count, 1u);
}

TEST(GorImporterTest, WhatIsNoGorFileIsRefusedAndNothingIsWritten) {
  const Folder folder;
  write_bytes(folder.file("good.gor"), gor_record("1 a 1", request("a")));
  for (const std::string& garbage : {noise(7, 100'000), gzipped(noise(7, 1000)), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    write_bytes(folder.file("garbage"), garbage);
    const Imported imported = import_files({folder.file("good.gor"), folder.file("garbage")});
    EXPECT_NE(imported.error.find("garbage is no .gor file"), std::string::npos) << imported.error;
    EXPECT_TRUE(imported.exchanges.empty());
  }
  write_bytes(folder.file("empty.gor"), "");
  const Imported empty = import_files({folder.file("empty.gor")});
  EXPECT_EQ(empty.error, "");
  EXPECT_EQ(empty.report.exchanges(), 0u);
}

TEST(GorImporterTest, HostileBytesAreCountedAsTheyAreWritten) {
  const std::string pieces[] = {"1 a 1\n", "2 a 2 3\n", "3 b 1\n", request("x"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                "POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\n", "5\r\nabcde\r\n", "0\r\n\r\n", std::string(gor_separator),
                                std::string(gor_separator).substr(3), "\n", noise(3, 30), "HTTP/1.0 200 OK\n\n", "ffffff\r\n"};
  for (std::uint64_t round = 0; round < 4; ++round) {
    std::string bytes(round % 3 == 0 ? "" : "1 first 1\n");
    bytes += gor_separator;
    for (std::uint64_t i = 0; i < 30; ++i) bytes += pieces[base::draw(round, "piece", i) % std::size(pieces)];
    const Imported imported = import_bytes(bytes);
    EXPECT_EQ(imported.error, "") << round;
    EXPECT_EQ(imported.report.exchanges(), imported.exchanges.size()) << round;
  }
}

}  // namespace
}  // namespace stormproof::replay
