// Large bodies: unchanged, in constant memory, with back-pressure; and random sequences of messages cut anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include <fstream>
#include <future>
#include <random>
#include <string>
#include <thread>

#include "tests/proxy/relay_run.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using support::RawConnection;
using support::RawServer;

constexpr std::size_t large = 64u << 20;
constexpr std::size_t piece_bytes = 1 << 16;
constexpr auto patient = std::chrono::seconds(30);

// The piece of the pattern that begins at `offset`, a multiple of piece_bytes.
std::string pattern(std::size_t offset) {
  std::string bytes(piece_bytes, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((offset + i) * 2654435761u >> 11);
  return bytes;
}

void send_pattern(RawConnection& peer, std::size_t count) {
  for (std::size_t at = 0; at < count; at += piece_bytes) must(peer.send(pattern(at), patient));
}

void expect_pattern(RawConnection& peer, std::size_t count) {
  for (std::size_t at = 0; at < count; at += piece_bytes) {
    const auto piece = peer.read(piece_bytes, patient);
    ASSERT_TRUE(piece) << piece.error().message << " at " << at;
    ASSERT_TRUE(*piece == pattern(at)) << "at " << at;
  }
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

// Sends until the peer has taken nothing for a while; how many bytes went.
std::size_t send_until_stuck(RawConnection& peer, std::size_t count) {
  const std::string piece(piece_bytes, 'x');
  std::size_t sent = 0;
  while (sent < count) {
    const ssize_t some = ::send(peer.fd(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (some > 0) {
      sent += static_cast<std::size_t>(some);
      continue;
    }
    pollfd writable = {.fd = peer.fd(), .events = POLLOUT, .revents = 0};
    if (::poll(&writable, 1, 200) == 0) break;
  }
  return sent;
}

TEST(Streaming, LargeBodiesBothWaysUnchanged) {
  const std::string length = "Content-Length: " + std::to_string(large) + "\r\n\r\n";
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    expect_pattern(peer, large);
    must(peer.send("HTTP/1.1 200 OK\r\n" + length));
    send_pattern(peer, large);
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send("PUT / HTTP/1.1\r\n" + length));
  send_pattern(client, large);
  read_head(client);
  expect_pattern(client, large);
  const auto event = run.events.wait_for(1)[0];
  EXPECT_EQ(event.outcome, Outcome::answered);
  EXPECT_GT(event.request_bytes, large);
  EXPECT_GT(event.response_bytes, large);
}

TEST(Streaming, BothBodiesAtOnce) {
  // An echo: the response begins while the request is still being sent.
  constexpr std::size_t count = 16u << 20;
  const std::string length = "Content-Length: " + std::to_string(count) + "\r\n\r\n";
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send("HTTP/1.1 200 OK\r\n" + length));
    for (std::size_t at = 0; at < count; at += piece_bytes) must(peer.send(must(peer.read(piece_bytes)), patient));
    read_head(peer);
    must(peer.send("HTTP/1.1 204 No Content\r\n\r\n"));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  must(client.send("POST / HTTP/1.1\r\n" + length));
  std::thread sender([&] { send_pattern(client, count); });
  read_head(client);
  expect_pattern(client, count);
  sender.join();
  EXPECT_THAT(ask(client, "GET / HTTP/1.1\r\n\r\n", 27), testing::StartsWith("HTTP/1.1 204 "));
}

TEST(Streaming, AClientThatDoesNotReadHoldsTheUpstreamBack) {
  std::promise<std::size_t> stuck;
  std::promise<void> read;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n"));
    const std::size_t sent = send_until_stuck(peer, 268435456);
    stuck.set_value(sent);
    read.get_future().wait();
    const std::string piece(piece_bytes, 'x');
    for (std::size_t left = 268435456 - sent; left > 0;) {
      const std::size_t some = std::min(left, piece.size());
      must(peer.send(std::string_view(piece).substr(0, some), patient));
      left -= some;
    }
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  const std::size_t before = resident_bytes();
  must(client.send("GET / HTTP/1.1\r\n\r\n"));
  const std::size_t sent = stuck.get_future().get();
  EXPECT_LT(sent, 100u << 20) << "the relay took in what the client does not read";
  EXPECT_LT(resident_bytes(), before + (8u << 20));
  read.set_value();
  read_head(client);
  for (std::size_t at = 0; at < 268435456; at += piece_bytes) ASSERT_TRUE(client.read(piece_bytes, patient));
  EXPECT_EQ(run.events.wait_for(1)[0].outcome, Outcome::answered);
}

TEST(Streaming, AnUpstreamThatDoesNotReadHoldsTheClientBack) {
  std::promise<void> go_on;
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    go_on.get_future().wait();
    for (std::size_t at = 0; at < 268435456; at += piece_bytes) {
      if (!peer.read(piece_bytes, patient)) return;
    }
    must(peer.send("HTTP/1.1 204 No Content\r\n\r\n"));
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  const std::size_t before = resident_bytes();
  must(client.send("PUT / HTTP/1.1\r\nContent-Length: 268435456\r\n\r\n"));
  std::size_t sent = send_until_stuck(client, 268435456);
  EXPECT_LT(sent, 100u << 20);
  EXPECT_LT(resident_bytes(), before + (8u << 20));
  go_on.set_value();
  const std::string piece(piece_bytes, 'x');
  while (sent < 268435456) {
    const std::size_t some = std::min<std::size_t>(268435456 - sent, piece.size());
    must(client.send(std::string_view(piece).substr(0, some), patient));
    sent += some;
  }
  EXPECT_THAT(read_head(client), testing::StartsWith("HTTP/1.1 204 "));
}

// Random messages.

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t up_to(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(engine_); }
  bool one_in(std::size_t count) { return up_to(count - 1) == 0; }
  std::string bytes(std::size_t count) {
    std::string text(count, ' ');
    for (char& c : text) c = static_cast<char>(up_to(255));
    return text;
  }
  std::string token(std::size_t most) {
    std::string text(1 + up_to(most), ' ');
    for (char& c : text) c = "abcXYZ019-_.~"[up_to(12)];
    return text;
  }

 private:
  std::mt19937 engine_;
};

std::string random_fields(Dice& dice) {
  std::string fields;
  for (std::size_t i = dice.up_to(6); i > 0; --i) {
    fields += "X" + dice.token(12) + ":" + std::string(dice.up_to(2), ' ') + dice.token(40) +
              std::string(dice.up_to(1), '\t') + "\r\n";
  }
  return fields;
}

std::string random_chunks(Dice& dice) {
  std::string body;
  for (std::size_t i = dice.up_to(4); i > 0; --i) {
    const std::string data = dice.bytes(1 + dice.up_to(dice.one_in(5) ? 9000 : 30));
    body +=
        fmt::format("{:x}{}\r\n", data.size(), dice.one_in(3) ? ";" + dice.token(5) + "=\"a b\"" : "") + data + "\r\n";
  }
  body += dice.one_in(4) ? "000;end\r\n" : "0\r\n";
  for (std::size_t i = dice.up_to(2); i > 0; --i) body += "T" + dice.token(8) + ": " + dice.token(9) + "\r\n";
  return body + "\r\n";
}

std::string random_body(Dice& dice) {
  if (dice.one_in(2)) return "Transfer-Encoding: chunked\r\n\r\n" + random_chunks(dice);
  const std::string body = dice.bytes(dice.up_to(dice.one_in(6) ? 20'000 : 50));
  return fmt::format("Content-Length: {}\r\n\r\n", body.size()) + body;
}

struct Message {
  std::string request;
  std::string response;
};

Message random_message(Dice& dice) {
  const bool head = dice.one_in(6);
  const bool with_body = !head && dice.one_in(2);
  const std::string method = head ? "HEAD" : with_body ? "PUT" : "GET";
  Message message;
  message.request =
      method + " /" + dice.token(30) + " HTTP/1.1\r\n" + random_fields(dice) + (with_body ? random_body(dice) : "\r\n");
  if (dice.one_in(5)) message.response = "HTTP/1.1 103 Early Hints\r\n" + random_fields(dice) + "\r\n";
  message.response += "HTTP/1.1 ";
  if (head) message.response += "200 OK\r\n" + random_fields(dice) + "Content-Length: 77\r\n\r\n";
  else if (dice.one_in(5))
    message.response += "304 Not Modified\r\nContent-Length: 5\r\n" + random_fields(dice) + "\r\n";
  else message.response += "200 " + dice.token(9) + "\r\n" + random_fields(dice) + random_body(dice);
  return message;
}

// In pieces cut anywhere; each goes out as a segment of its own unless the kernel joins them.
void send_cut(RawConnection& peer, std::string_view bytes, Dice& dice) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), 1 + dice.up_to(dice.one_in(3) ? 3 : 900));
    must(peer.send(bytes.substr(0, count)));
    bytes.remove_prefix(count);
  }
}

class RandomMessages : public testing::TestWithParam<unsigned> {};

TEST_P(RandomMessages, ComeThroughUnchanged) {
  Dice dice(GetParam());
  std::vector<Message> messages(12);
  for (Message& message : messages) message = random_message(dice);
  std::atomic<std::size_t> next = 0;
  RawServer upstream([&](RawConnection& peer) {
    Dice own(GetParam() + 1000);
    while (next < messages.size()) {
      const Message& message = messages[next];
      const auto request = peer.read(message.request.size());
      if (!request) return;
      EXPECT_TRUE(*request == message.request) << "request " << next;
      ++next;
      send_cut(peer, message.response, own);
    }
    peer.read_to_end();
  });
  RelayRun run(upstream.port());
  RawConnection client = run.connect();
  const bool pipelined = dice.one_in(2);
  std::string requests;
  for (const Message& message : messages) requests += message.request;
  std::thread sender([&] {
    Dice own(GetParam() + 2000);
    if (pipelined) send_cut(client, requests, own);
  });
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!pipelined) send_cut(client, messages[i].request, dice);
    EXPECT_TRUE(must(client.read(messages[i].response.size())) == messages[i].response) << "response " << i;
  }
  sender.join();
  for (const auto& event : run.events.wait_for(messages.size())) EXPECT_EQ(event.outcome, Outcome::answered);
}

INSTANTIATE_TEST_SUITE_P(Streaming, RandomMessages, testing::Range(0u, 40u));

}  // namespace
}  // namespace stormproof::proxy
