// The recorder in its place: what clients and servers said to each other through a real relay is what the capture
// holds.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "harness/events/recorder.h"
#include "harness/proxy/relay.h"
#include "replay/capture_reader.h"
#include "replay/recorder.h"
#include "tests/replay/fixtures.h"
#include "tests/support/ports.h"
#include "tests/support/raw_connection.h"
#include "tests/support/raw_server.h"
#include "tests/support/waiting.h"

namespace stormproof::replay {
namespace {

using support::RawConnection;
using support::RawServer;

wire::Endpoint loopback(std::uint16_t port) { return {wire::asio::ip::address_v4::loopback(), port}; }

// A relay that records, on a thread of its own.
class Recording {
 public:
  explicit Recording(std::uint16_t upstream, RecorderOptions options = {}) {
    auto recorder = Recorder::start(path(), {{"source", "test"}}, clock_, std::move(options));
    if (!recorder) std::abort();
    recorder_ = std::move(*recorder);
    proxy::RelayOptions relay_options;
    relay_options.listen = loopback(0);
    relay_options.upstreams = {{loopback(upstream)}};
    relay_options.limits.drain = std::chrono::milliseconds(200);
    auto relay = proxy::Relay::open(io_, clock_, relay_options, {&sink_, &recorder_->lane(0), nullptr});
    if (!relay) std::abort();
    relay_ = std::move(*relay);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Recording() {
    if (thread_.joinable()) static_cast<void>(finish());
  }

  std::string path() const { return folder_.file("a.traffic"); }
  std::uint16_t port() const { return relay_->endpoint().port(); }
  RawConnection connect() const {
    auto connection = RawConnection::connect(port());
    EXPECT_TRUE(connection);
    return std::move(*connection);
  }

  // Ends the relay and the recording.
  Account finish() {
    boost::asio::post(io_, [this] { tasks_.spawn(drain()); });
    thread_.join();
    relayed_ = relay_->counts().exchanges;
    auto account = recorder_->finish();
    EXPECT_TRUE(account) << account.error().message;
    return account ? *account : Account{};
  }

  // After finish().
  std::uint64_t relayed() const { return relayed_; }
  const std::vector<events::Exchange>& events() { return sink_.log().exchanges; }
  std::vector<Exchange> read() const { return read(path()); }
  std::vector<Exchange> read(const std::string& path) const {
    auto reader = CaptureReader::open(path);
    EXPECT_TRUE(reader) << reader.error().message;
    if (!reader) return {};
    EXPECT_FALSE(reader->torn());
    Contents contents = read_all(*reader);
    EXPECT_TRUE(contents.errors.empty()) << contents.errors.front();
    return std::move(contents.exchanges);
  }

 private:
  base::Task<> drain() {
    co_await relay_->drain();
    io_.stop();
  }

  Folder folder_;
  base::SystemClock clock_;
  events::Recorder sink_;
  wire::IoContext io_{wire::one_thread};
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<proxy::Relay> relay_;
  base::TaskGroup tasks_;
  std::uint64_t relayed_ = 0;
  std::thread thread_;
};

std::uint64_t count_of(const Account& account, std::string_view cause) {
  const auto found = account.find(cause);
  return found == account.end() ? 0 : found->second.count;
}

struct Said {
  const char* name;
  std::string request_head;
  std::string request_body;
  std::string interim;
  std::string response_head;
  std::string response_body;
  bool until_eof = false;
  std::string request() const { return request_head + request_body; }
  std::string response() const { return interim + response_head + response_body; }
};

std::string chunked(std::string_view bytes, std::size_t chunk) {
  std::string text;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(chunk, bytes.size()))) {
    text += fmt::format("{:X};ext=\"a b\"\r\n{}\r\n", std::min(chunk, bytes.size()), bytes.substr(0, chunk));
  }
  return text + "000\r\nX-Trailer: yes\r\n\r\n";
}

std::vector<Said> sayings() {
  const std::string large = noise(1, 900'000);
  const auto length = [](const std::string& body) { return fmt::format("Content-Length: {}\r\n\r\n", body.size()); };
  return {
      {"small", "GET /a?b=%20 HTTP/1.1\r\nhOsT: t\r\nX-Odd:   spaces \t\r\n\r\n", "", "",
       "HTTP/1.1 200 Fine by me\r\nContent-Length: 2\r\n\r\n", "ok"},
      {"post", "POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\n", std::string("\0\xff\r\n", 4), "",
       "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", ""},
      {"head", "HEAD /h HTTP/1.1\r\nHost: t\r\n\r\n", "", "", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", ""},
      {"204", "DELETE /d HTTP/1.1\r\nHost: t\r\n\r\n", "", "", "HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"304", "GET /n HTTP/1.1\r\nHost: t\r\n\r\n", "", "", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n", ""},
      {"interim", "GET /i HTTP/1.1\r\nHost: t\r\n\r\n", "",
       "HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "x"},
      {"chunked", "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n", chunked("one two three", 4), "",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunked("four five", 3)},
      {"large both ways", "PUT /l HTTP/1.1\r\nHost: t\r\n" + length(large), large, "",
       "HTTP/1.1 200 OK\r\n" + length(large), large},
      {"large in chunks", "PUT /lc HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n", chunked(large, 70'000),
       "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunked(large, 50'000)},
      {"until the end", "GET /e HTTP/1.1\r\nHost: t\r\n\r\n", "", "", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n",
       noise(2, 400'000), true},
  };
}

TEST(RecorderAtARelay, WhatWasSaidIsRecordedByteForByte) {
  for (const Said& said : sayings()) {
    RawServer server([&said](RawConnection& connection) {
      if (!connection.read(said.request().size(), std::chrono::seconds(20))) return;
      static_cast<void>(connection.send(said.response(), std::chrono::seconds(20)));
      if (!said.until_eof) static_cast<void>(connection.read(1));
    });
    RecorderOptions options;
    options.part_bytes = 100'000;
    Recording recording(server.port(), std::move(options));
    auto client = recording.connect();
    std::thread sending([&] { EXPECT_TRUE(client.send(said.request(), std::chrono::seconds(20))); });
    const auto heard = client.read(said.response().size(), std::chrono::seconds(20));
    sending.join();
    ASSERT_TRUE(heard) << said.name << heard.error().message;
    EXPECT_TRUE(*heard == said.response()) << said.name << ": the relay changes nothing";
    client.close();
    EXPECT_EQ(count_of(recording.finish(), "recorded"), 1u) << said.name;
    const auto exchanges = recording.read();
    ASSERT_EQ(exchanges.size(), 1u) << said.name;
    EXPECT_EQ(exchanges[0].request.head, said.request_head) << said.name;
    EXPECT_TRUE(exchanges[0].request.body == said.request_body) << said.name;
    EXPECT_EQ(exchanges[0].interim, said.interim) << said.name;
    EXPECT_EQ(exchanges[0].response.head, said.response_head) << said.name;
    EXPECT_TRUE(exchanges[0].response.body == said.response_body) << said.name;
    EXPECT_EQ(exchanges[0].ending, Ending::complete) << said.name;
    EXPECT_EQ(exchanges[0].request_start, recording.events()[0].start);
    EXPECT_EQ(exchanges[0].response_start, recording.events()[0].first_byte);
    EXPECT_EQ(exchanges[0].response_end, recording.events()[0].end);
  }
}

// Answers each GET with its own target.
void echo(RawConnection& connection) {
  for (auto head = connection.read_until("\r\n\r\n"); head; head = connection.read_until("\r\n\r\n")) {
    const std::string target = head->substr(4, head->find(' ', 4) - 4);
    if (!connection.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", target.size(), target))) return;
  }
}

std::string get(const std::string& target) { return fmt::format("GET {} HTTP/1.1\r\nHost: t\r\n\r\n", target); }

// Asks for `count` targets "/<name>/<i>" on one connection.
void ask_all(const Recording& recording, const std::string& name, int count) {
  auto client = recording.connect();
  for (int i = 0; i < count; ++i) {
    const std::string target = fmt::format("/{}/{}", name, i);
    ASSERT_TRUE(client.send(get(target)));
    ASSERT_TRUE(client.read_until("\r\n\r\n" + target)) << target;
  }
}

TEST(RecorderAtARelay, ManyClientsAtOnceAreAllRecorded) {
  RawServer server(echo);
  Recording recording(server.port());
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&recording, client] { ask_all(recording, std::to_string(client), 60); });
  }
  for (std::thread& client : clients) client.join();
  const Account account = recording.finish();
  EXPECT_EQ(recording.relayed(), 480u);
  EXPECT_EQ(count_of(account, "recorded"), 480u);
  std::set<std::string> targets;
  std::map<std::string, std::set<std::uint64_t>> connections;
  for (const Exchange& exchange : recording.read()) {
    const std::string target(target_of(exchange.request.head));
    EXPECT_EQ(exchange.response.body, target) << "a request and its own answer";
    targets.insert(target);
    connections[target.substr(1, 1)].insert(exchange.connection);
  }
  EXPECT_EQ(targets.size(), 480u);
  for (const auto& [client, numbers] : connections) EXPECT_EQ(numbers.size(), 1u) << client;
}

TEST(RecorderAtARelay, PipelinedRequestsAreRecordedEachForItself) {
  RawServer server(echo);
  Recording recording(server.port());
  auto client = recording.connect();
  ASSERT_TRUE(client.send(get("/1") + get("/2") + get("/3")));
  for (const char* target : {"/1", "/2", "/3"}) ASSERT_TRUE(client.read_until(std::string("\r\n\r\n") + target));
  recording.finish();
  const auto exchanges = recording.read();
  ASSERT_EQ(exchanges.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(exchanges[i].request.head, get(fmt::format("/{}", i + 1)));
    EXPECT_EQ(exchanges[i].response.body, fmt::format("/{}", i + 1));
  }
}

TEST(RecorderAtARelay, ExchangesThatFailKeepWhatWasSeen) {
  const std::string part = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
  RawServer server([&](RawConnection& connection) {
    if (connection.read_until("\r\n\r\n")) static_cast<void>(connection.send(part + "half"));
  });
  Recording recording(server.port());
  auto cut = recording.connect();
  ASSERT_TRUE(cut.send(get("/cut")));
  static_cast<void>(cut.read_to_end());
  auto malformed = recording.connect();
  ASSERT_TRUE(malformed.send("GET /bad\r\n\r\n"));
  EXPECT_TRUE(malformed.read_until("400"));
  static_cast<void>(malformed.read_to_end());
  const Account account = recording.finish();
  EXPECT_EQ(recording.relayed(), 2u);
  EXPECT_EQ(count_of(account, "recorded"), 1u);
  EXPECT_EQ(count_of(account, "not recorded: malformed request, answered 400"), 1u);
  const auto exchanges = recording.read();
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_EQ(exchanges[0].ending, Ending::reset);
  EXPECT_EQ(exchanges[0].response.head, part);
  EXPECT_EQ(exchanges[0].response.body, "half");
}

// Sent again as it is, such a request would keep its target waiting for the rest of its body.
TEST(RecorderAtARelay, ARequestThatIsNotWholeSaysSo) {
  RawServer server([](RawConnection& connection) {
    const auto head = connection.read_until("\r\n\r\n");
    if (head && head->find("/answered") != head->npos) {
      static_cast<void>(connection.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"));
    }
    static_cast<void>(connection.read_to_end());
  });
  Recording recording(server.port());
  const std::string bodies[] = {"Content-Length: 100\r\n\r\nonly this", "Transfer-Encoding: chunked\r\n\r\n5\r\nonl",
                                "Transfer-Encoding: chunked\r\n\r\n"};
  for (const std::string& body : bodies) {
    auto answered = recording.connect();
    ASSERT_TRUE(answered.send("POST /answered HTTP/1.1\r\nHost: t\r\n" + body));
    EXPECT_TRUE(answered.read_until("413"));
    answered.reset();
    auto left = recording.connect();
    ASSERT_TRUE(left.send("POST /left HTTP/1.1\r\nHost: t\r\n" + body));
    left.end_sending();
    static_cast<void>(left.read_to_end());
  }
  recording.finish();
  const auto exchanges = recording.read();
  ASSERT_EQ(exchanges.size(), 6u);
  for (const Exchange& exchange : exchanges) {
    EXPECT_EQ(exchange.ending, Ending::request_truncated) << exchange.request.head << exchange.request.body;
  }
}

TEST(RecorderAtARelay, AnUpstreamThatIsNotThereLeavesARequestWithoutResponse) {
  Recording recording(support::free_port());
  auto client = recording.connect();
  ASSERT_TRUE(client.send(get("/x")));
  EXPECT_TRUE(client.read_until("502"));
  static_cast<void>(client.read_to_end());
  recording.finish();
  const auto exchanges = recording.read();
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_EQ(exchanges[0].ending, Ending::response_missing);
  EXPECT_EQ(exchanges[0].response, Message{}) << "our own 502 was not said by the upstream";
  EXPECT_EQ(exchanges[0].response_start, base::Time{});
}

// The writer stands still, as with a disk that hangs; the traffic does not notice.
TEST(RecorderAtARelay, TheRelayNeverWaitsForTheWriter) {
  RawServer server(echo);
  std::promise<void> released;
  std::atomic<bool> blocked = false;
  RecorderOptions options;
  options.ring_bytes = 32 << 10;
  options.on_trouble = [&](const std::string&) {
    blocked = true;
    released.get_future().wait();
  };
  Recording recording(server.port(), std::move(options));
  const std::string away = recording.path() + ".away";
  std::filesystem::rename(recording.path(), away);  // the writer finds that out, tells it, and is held there
  ask_all(recording, "first", 1);
  ASSERT_TRUE(support::eventually(std::chrono::seconds(10), [&] { return blocked.load(); }));
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&recording, client] { ask_all(recording, std::to_string(client), 150); });
  }
  for (std::thread& client : clients) client.join();  // all were answered while nothing was written
  released.set_value();
  const Account account = recording.finish();
  EXPECT_EQ(recording.relayed(), 601u);
  EXPECT_EQ(count_of(account, "recorded") + count_of(account, "dropped: queue full"), recording.relayed());
  EXPECT_GT(count_of(account, "dropped: queue full"), 300u);
  auto exchanges = recording.read(away);
  for (Exchange& exchange : recording.read()) exchanges.push_back(std::move(exchange));
  EXPECT_EQ(exchanges.size(), count_of(account, "recorded"));
  for (const Exchange& exchange : exchanges) EXPECT_EQ(exchange.response.body, target_of(exchange.request.head));
}

}  // namespace
}  // namespace stormproof::replay
