// Sending: what the tests of the sender share: shots that own their text, servers, and a loop that sends.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "harness/events/recorder.h"
#include "replay/sender.h"
#include "tests/support/certificates.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/raw_tls.h"

namespace stormproof::replay {

using base::Nanoseconds;
using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;

inline constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Shots that own their text.
class Shots final : public ShotSource {
 public:
  Shots& add(std::string method, std::string target, Nanoseconds offset = Nanoseconds(0), std::string body = "") {
    const std::string length = body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size());
    auto& text = *texts_.emplace_back(std::make_unique<Text>());
    text.fields = fmt::format("{} {} HTTP/1.1\r\nHost: target\r\n{}", method, target, length);
    text.method = std::move(method);
    text.target = std::move(target);
    text.body = std::move(body);
    Shot shot;
    shot.request = texts_.size();
    shot.offset = offset;
    shot.method = text.method;
    shot.target = text.target;
    shot.fields = text.fields;
    shot.body = text.body;
    shots_.push_back(shot);
    return *this;
  }
  Shot& last() { return shots_.back(); }
  std::optional<Shot> next() override {
    if (given_ == shots_.size()) return std::nullopt;
    return shots_[given_++];
  }

 private:
  struct Text {
    std::string method, target, fields, body;
  };
  std::vector<std::unique_ptr<Text>> texts_;
  std::vector<Shot> shots_;
  std::size_t given_ = 0;
};

// A request as it came, byte for byte.
inline std::string read_request(RawConnection& connection) {
  auto head = connection.read_until("\r\n\r\n");
  if (!head) return "";
  const auto length = head->find("Content-Length: ");
  if (length == head->npos) return *head;
  const auto body = connection.read(std::stoul(head->substr(length + 16)), std::chrono::seconds(20));
  return body ? *head + *body : "";
}

// Answers every request with `response`.
inline RawServer::Play answering(std::string response) {
  return [response](RawConnection& connection) {
    while (!read_request(connection).empty() && connection.send(response)) {
    }
  };
}

// The same, but nothing before `released`.
inline RawServer::Play answering_after(std::promise<void>& released) {
  return [opened = released.get_future().share()](RawConnection& connection) {
    while (!read_request(connection).empty()) {
      opened.wait();
      if (!connection.send(ok)) return;
    }
  };
}

class SenderTest : public testing::Test {
 protected:
  static SenderOptions to(std::uint16_t port) {
    SenderOptions options;
    options.target = {wire::asio::ip::address_v4::loopback(), port};
    options.timeout = std::chrono::seconds(20);
    return options;
  }

  // Sends everything; `meanwhile` runs on the loop after `later`.
  void send(SenderOptions options, ShotSource& shots, Nanoseconds later = Nanoseconds(0),
            const std::function<void(Sender&)>& meanwhile = {}) {
    wire::Timer timer(io_);
    {
      Sender sender(io_, clock_, sink_, std::move(options));
      if (meanwhile) {
        timer.expires_after(later);
        timer.async_wait([&](const wire::ErrorCode&) { meanwhile(sender); });
      }
      begin_ = clock_.now();
      io_.restart();
      tasks_.spawn(drive(sender, shots));
      io_.run();
      counts_ = sender.counts();
    }
    // The loop goes on after the sender has gone.
    io_.restart();
    io_.poll();
    std::ranges::sort(exchanges(), {}, &events::Exchange::request);
  }

  base::Task<> drive(Sender& sender, ShotSource& shots) {
    co_await sender.send(shots, begin_);
    io_.stop();
  }

  // By number of the request.
  std::vector<events::Exchange>& exchanges() { return sink_.log().exchanges; }
  std::vector<Outcome> outcomes() {
    std::vector<Outcome> all;
    for (const auto& exchange : exchanges()) all.push_back(exchange.outcome);
    return all;
  }

  // Two requests, the second when the first has been answered for long.
  static Shots two(const std::string& method) {
    Shots shots;
    shots.add("GET", "/first").add(method, "/second", milliseconds(30));
    return shots;
  }

  base::SystemClock clock_;
  wire::IoContext io_{wire::one_thread};
  events::Recorder sink_;
  base::TaskGroup tasks_;
  base::Time begin_;
  SenderCounts counts_;
};

}  // namespace stormproof::replay
