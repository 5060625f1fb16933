// SeriesRun: what the tests of a series of captures share: one that is driven step by step, with a time of its own.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replay/capture_reader.h"
#include "replay/capture_series.h"
#include "tests/replay/fixtures.h"
#include "tests/replay/limit.h"

namespace stormproof::replay {

class CaptureSeriesTest : public testing::Test {
 protected:
  void start(const Rotation& rotation) {
    auto series = CaptureSeries::start(folder_.file("x.traffic"), {{"source", "test"}}, rotation, now_,
                                       [this](const std::string& what) { told_.push_back(what); });
    ASSERT_TRUE(series) << series.error().message;
    series_ = std::make_unique<CaptureSeries>(std::move(*series));
  }

  // Time goes by, looked at as often as the recorder's writer looks, or every second where that is much.
  void pass(base::Nanoseconds time) {
    const base::Time until = now_ + time;
    const base::Nanoseconds step =
        time > std::chrono::seconds(10) ? base::Nanoseconds(std::chrono::seconds(1)) : CaptureSeries::look_every;
    while (now_ < until) {
      now_ = std::min(until, now_ + step);
      series_->tick(now_);
    }
  }

  // An exchange whose response body depends on its number alone.
  std::uint64_t add(std::size_t body_bytes = 100) {
    Exchange exchange;
    exchange.id = ++last_id_;
    exchange.request_start = now_;
    exchange.request.head = fmt::format("GET /{} HTTP/1.1\r\n\r\n", exchange.id);
    exchange.response.head = "HTTP/1.1 200 OK\r\n\r\n";
    exchange.response.body = noise(exchange.id, body_bytes);
    const std::uint64_t bytes =
        exchange.request.head.size() + exchange.response.head.size() + exchange.response.body.size();
    series_->append(entry_of(exchange), {}, bytes);
    bytes_ += bytes;
    return exchange.id;
  }

  // One whose response body comes in parts.
  std::uint64_t begin_large(std::size_t bytes) {
    large_[++last_id_] = 0;
    more_of_large(last_id_, bytes);
    return last_id_;
  }
  static std::string body_of_large(std::uint64_t id, std::size_t bytes) { return noise(id, bytes); }
  void more_of_large(std::uint64_t id, std::size_t bytes) {
    const std::string body = body_of_large(id, large_[id] + bytes);
    series_->append_part(id, Direction::response, large_[id], std::string_view(body).substr(large_[id]));
    large_[id] = body.size();
  }
  void end_large(std::uint64_t id) {
    Exchange exchange;
    exchange.id = id;
    exchange.request.head = "GET /large HTTP/1.1\r\n\r\n";
    exchange.response.body = "the end";
    const std::uint64_t bytes = exchange.request.head.size() + exchange.response.body.size() + large_[id];
    series_->append(entry_of(exchange), {0, large_[id]}, bytes);
    bytes_ += bytes;
  }

  Account close() {
    const auto closed = series_->close();
    EXPECT_TRUE(closed) << closed.error().message;
    return series_->account();
  }

  // Of a capture, in a process of its own: this one may be writing it.
  bool reads_as_torn(const std::string& name) {
    return in_child([&]() -> std::string {
             const auto reader = CaptureReader::open(folder_.file(name));
             return !reader ? reader.error().message : reader->torn() ? "torn" : "whole";
           }) == "torn";
  }
  // Of closed captures.
  std::vector<Exchange> read(const std::string& name) {
    auto reader = CaptureReader::open(folder_.file(name));
    EXPECT_TRUE(reader) << reader.error().message;
    if (!reader) return {};
    EXPECT_FALSE(reader->torn()) << name;
    const Contents contents = read_all(*reader);
    EXPECT_TRUE(contents.errors.empty()) << contents.errors.front();
    return contents.exchanges;
  }
  Account account_of(const std::string& name) {
    auto reader = CaptureReader::open(folder_.file(name));
    return reader ? reader->account() : Account{};
  }
  Meta meta(const std::string& name) {
    auto reader = CaptureReader::open(folder_.file(name));
    return reader ? reader->meta() : Meta{};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, bytes] : folder_.files()) all.push_back(name);
    return all;
  }

  Folder folder_;
  base::Time now_{std::chrono::seconds(1'700'000'000)};
  std::unique_ptr<CaptureSeries> series_;
  std::vector<std::string> told_;
  std::uint64_t bytes_ = 0;  // of all exchanges that were brought
  std::map<std::uint64_t, std::size_t> large_;
  std::uint64_t last_id_ = 0;
};

}  // namespace stormproof::replay
