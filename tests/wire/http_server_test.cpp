#include "harness/wire/http_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <stdexcept>

#include "harness/base/seed.h"
#include "harness/wire/pause.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/process.h"
#include "tests/support/waiting.h"
#include "tests/wire/http_server_run.h"

namespace stormproof::wire {
namespace {

using std::chrono::milliseconds;
using support::RawConnection;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Tells the request as it understood it.
HttpReply echo(const HttpRequest& request) {
  std::string body = fmt::format("{} {} {} [{}] {}", request.method, request.target, request.path, request.query,
                                 request.field("X-Here"));
  if (!request.body.empty()) body += ":" + request.body;
  return {.body = std::move(body), .fields = {{"X-Fields", std::to_string(request.fields.size())}}};
}

std::string ok(std::string_view body, std::string_view fields = "1") {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nX-Fields: {}\r\n\r\n{}",
      body.size(), fields, body);
}

std::string ask(RawConnection& client, std::string_view request, std::size_t bytes) {
  EXPECT_TRUE(client.send(request));
  return client.read(bytes).value_or("(nothing)");
}

TEST(HttpServer, RequestAndReplyToTheByteAndTheConnectionGoesOn) {
  HttpServerRun run(echo);
  RawConnection client = run.connect();
  const std::string first = ok("GET /a/b%20c?d=e?f /a/b%20c [d=e?f] yes", "2");
  EXPECT_EQ(ask(client, "GET /a/b%20c?d=e?f HTTP/1.1\r\nHost: x\r\nx-hERE: yes\r\n\r\n", first.size()), first);
  const std::string second = ok("DELETE / / [] ");
  EXPECT_EQ(ask(client, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", second.size()), second);
  EXPECT_EQ(run.end().connections, 1u);
}

TEST(HttpServer, TargetsThatAreNoPaths) {
  HttpServerRun run([](const HttpRequest& request) -> HttpReply { return {.body = request.path}; });
  const auto path_of = [&](std::string_view line) {
    return run.last_words(fmt::format("{} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", line));
  };
  EXPECT_THAT(path_of("GET http://h:80/a?b"), EndsWith("\r\n\r\n/a"));
  EXPECT_THAT(path_of("GET http://h"), EndsWith("\r\n\r\n/"));
  EXPECT_THAT(path_of("GET http://h?x"), EndsWith("\r\n\r\n/"));
  EXPECT_THAT(path_of("OPTIONS *"), EndsWith("\r\n\r\n*"));
  EXPECT_THAT(path_of("GET /?x=http://h/"), EndsWith("\r\n\r\n/"));
}

TEST(HttpServer, BodiesOfBothFramingsCutAnywhere) {
  HttpServerRun run(echo);
  for (const std::string_view request :
       {"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"}) {
    const std::string wanted = ok("POST /p /p [] :hello", "2");
    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
      RawConnection client = run.connect();
      ASSERT_TRUE(client.send(request.substr(0, cut)));
      ASSERT_EQ(ask(client, request.substr(cut), wanted.size()), wanted) << "cut at " << cut;
    }
  }
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInTheirOrder) {
  HttpServerRun run(echo);
  RawConnection client = run.connect();
  const std::string answers = ok("PUT /1 /1 [] :a", "2") + ok("GET /2 /2 [] ");
  EXPECT_EQ(
      ask(client, "PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
          answers.size()),
      answers);
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
  HttpServerRun run(echo);
  RawConnection client = run.connect();
  std::string head = ok("HEAD / / [] ");
  head.resize(head.find("\r\n\r\n") + 4);
  EXPECT_EQ(ask(client, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", head.size()), head);
  const std::string next = ok("GET / / [] ");
  EXPECT_EQ(ask(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", next.size()), next);
}

TEST(HttpServer, ExpectContinueIsAnsweredBeforeTheBody) {
  HttpServerRun run(echo);
  RawConnection client = run.connect();
  const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(
      ask(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", go_on.size()),
      go_on);
  const std::string answer = ok("POST / / [] :ab", "3");
  EXPECT_EQ(ask(client, "ab", answer.size()), answer);
}

TEST(HttpServer, ABodyThatWouldBeTooLargeIsRefusedBeforeItIsSent) {
  HttpServerRun run(echo, {.body_bytes_max = 10});
  const std::string said = run.last_words("POST / HTTP/1.1\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(said, StartsWith("HTTP/1.1 413 Payload Too Large\r\n"));
  EXPECT_THAT(said, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(said, EndsWith("\r\n\r\nstormproof: the body is larger than 10 bytes\n"));
  EXPECT_EQ(run.end().requests, 0u);
}

TEST(HttpServer, LimitsOfTheBodyAreExact) {
  HttpServerRun run(echo, {.body_bytes_max = 10});
  const std::string head = "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: ";
  EXPECT_THAT(run.last_words(head + "10\r\n\r\n0123456789"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(run.last_words(head + "11\r\n\r\n0123456789a"), StartsWith("HTTP/1.1 413 "));
  const std::string chunked = "POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(run.last_words(chunked + "0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(run.last_words(chunked + "5\r\n01234\r\n0\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServer, AClientThatSendsOnReadsWhyItWasRefused) {
  HttpServerRun run(echo, {.body_bytes_max = 10});
  RawConnection client = run.connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"));
  ASSERT_TRUE(client.send(std::string(100'000, 'x')));
  client.end_sending();
  EXPECT_THAT(client.read_to_end().value_or("a reset"), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServer, AllRequestsTogetherHoldNoMoreThanTheyMay) {
  HttpServerRun run(echo, {.body_bytes_max = 4000, .held_bytes_max = 5000});
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: 4000\r\n\r\n";
  RawConnection first = run.connect();
  ASSERT_TRUE(first.send(head + std::string(3999, 'x')));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return run.counts().held_bytes > 3999; }));
  EXPECT_THAT(run.last_words(head + std::string(4000, 'x')), StartsWith("HTTP/1.1 503 "));
  const std::string answer = ok("POST / / [] :" + std::string(4000, 'x'));
  EXPECT_EQ(ask(first, "x", answer.size()), answer);
  EXPECT_THAT(
      run.last_words("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n" + std::string(4000, 'x')),
      StartsWith("HTTP/1.1 200 "))
      << "what was held was not given back";
}

TEST(HttpServer, WhatIsNoRequest) {
  HttpServerRun run(echo);
  EXPECT_THAT(run.last_words("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(run.last_words("\x16\x03\x01\x02"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(run.last_words("GET / HTTP/1.1\nHost: x\n\n"), EndsWith("stormproof: a line does not end with CR LF\n"));
  EXPECT_THAT(run.last_words("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(run.last_words("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(run.last_words("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x')),
              StartsWith("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  EXPECT_EQ(run.end().requests, 0u);
}

TEST(HttpServer, OldClientsGetOneReply) {
  HttpServerRun run(echo);
  EXPECT_THAT(run.last_words("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), HasSubstr("Connection: close\r\n"));
}

TEST(HttpServer, AHandlerThatThrowsIsA500AndTheConnectionGoesOn) {
  HttpServerRun run([](const HttpRequest& request) -> HttpReply {
    if (request.path == "/a") throw std::runtime_error("no such toxic");
    if (request.path == "/b") throw 42;  // NOLINT: whatever comes
    return {.body = "fine"};
  });
  const auto answer = support::http(run.port(), "/a");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body, "the handler failed: no such toxic\n");
  RawConnection client = run.connect();
  ASSERT_TRUE(client.send("GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\nConnection: close\r\n\r\n"));
  const std::string said = client.read_to_end().value_or("");
  EXPECT_THAT(said, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_THAT(said, EndsWith("fine"));
}

TEST(HttpServer, RepliesThatCannotBeSentAreA500) {
  HttpServerRun run([](const HttpRequest& request) -> HttpReply {
    if (request.path == "/status") return {.status = 99};
    if (request.path == "/value") return {.fields = {{"X", "a\r\nSet-Cookie: b"}}};
    if (request.path == "/name") return {.fields = {{"X Y", "a"}}};
    return {.content_type = "a\nb"};
  });
  for (const char* path : {"/status", "/value", "/name", "/type"}) {
    const auto answer = support::http(run.port(), path);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 500) << path;
    EXPECT_THAT(answer->head, testing::Not(HasSubstr("Set-Cookie")));
  }
}

TEST(HttpServer, StatusesWithoutABody) {
  HttpServerRun run([](const HttpRequest&) -> HttpReply { return {.status = 204, .body = "ignored"}; });
  EXPECT_EQ(run.last_words("DELETE /x HTTP/1.1\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(HttpServer, AStatusWithoutANameIsSentWithoutOne) {
  HttpServerRun run([](const HttpRequest&) -> HttpReply { return {.status = 299}; });
  EXPECT_THAT(run.last_words("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 299 \r\n"));
}

TEST(HttpServer, ConnectionsAboveTheLimitAreClosed) {
  HttpServerRun run(echo, {.connections_max = 1});
  RawConnection first = run.connect();
  const std::string answer = ok("GET / / [] ");
  EXPECT_EQ(ask(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", answer.size()), answer);
  RawConnection second = run.connect();
  EXPECT_EQ(second.read_to_end().value_or(""), "");
  EXPECT_EQ(run.end().connections_refused, 1u);
}

TEST(HttpServer, IdleAndSlowClientsAreClosed) {
  HttpServerRun idle(echo, {.idle = milliseconds(60)});
  EXPECT_EQ(idle.connect().read_to_end().value_or("?"), "");
  EXPECT_EQ(idle.last_words("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"), "");
  HttpServerRun slow(echo, {.total = milliseconds(60)});
  EXPECT_EQ(slow.last_words("GET / HT"), "");
}

TEST(HttpServer, ADripOfBytesDoesNotEscapeTheTotalTime) {
  HttpServerRun run(echo, {.idle = std::chrono::seconds(60), .total = milliseconds(60)});
  RawConnection client = run.connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"));
  EXPECT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return !client.send("x"); }));
}

// Waits for its pause, then says so.
class Waiter {
 public:
  base::Task<HttpReply> answer(const HttpRequest&) {
    ++begun;
    co_await pause->forever();
    co_return HttpReply{.body = "late"};
  }
  std::unique_ptr<Pause> pause;
  std::atomic<int> begun = 0;
};

TEST(HttpServer, AHandlerMayWaitWhileOthersAreAnswered) {
  Waiter waiter;
  HttpServerRun run(
      [&](const HttpRequest& request) -> base::Task<HttpReply> {
        if (request.path == "/wait") return waiter.answer(request);
        return [](const HttpRequest& other) -> base::Task<HttpReply> { co_return echo(other); }(request);
      },
      {.linger = milliseconds(50)});
  waiter.pause = std::make_unique<Pause>(run.io());
  RawConnection client = run.connect();
  ASSERT_TRUE(client.send("GET /wait HTTP/1.1\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return waiter.begun == 1; }));
  EXPECT_EQ(support::http(run.port(), "/other").value_or(support::Answer{}).status, 200);
  asio::post(run.io(), [&] { waiter.pause->interrupt(); });
  EXPECT_THAT(client.read_to_end().value_or(""), EndsWith("late"));
  run.end();
  waiter.pause.reset();
}

TEST(HttpServer, ClosingEndsIdleConnectionsAndLetsRepliesUnderWayEnd) {
  Waiter waiter;
  HttpServerRun run([&](const HttpRequest& request) { return waiter.answer(request); }, {.linger = milliseconds(50)});
  waiter.pause = std::make_unique<Pause>(run.io());
  RawConnection idle = run.connect();
  RawConnection busy = run.connect();
  ASSERT_TRUE(busy.send("GET / HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return waiter.begun == 1; }));
  run.begin_close();
  EXPECT_EQ(idle.read_to_end().value_or("?"), "");
  asio::post(run.io(), [&] { waiter.pause->interrupt(); });
  const std::string said = busy.read_to_end().value_or("");
  EXPECT_THAT(said, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(said, EndsWith("late"));
  run.end();
  waiter.pause.reset();
}

TEST(HttpServer, ClosingCutsWhatTakesTooLong) {
  HttpServerRun run(echo, {.drain = milliseconds(1)});
  RawConnection client = run.connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"));
  ASSERT_TRUE(support::eventually(std::chrono::seconds(5), [&] { return run.counts().connections == 1; }));
  run.end();
  EXPECT_EQ(client.read_to_end().value_or(""), "");
}

// Messages that are nearly right: whatever comes, the server answers or ends the connection, and lives.
TEST(HttpServer, DamagedRequestsAreAnsweredOrCut) {
  HttpServerRun run(echo, {.linger = milliseconds(50)});
  const std::string whole =
      "POST /p?q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n"
      "5;a=\"b\"\r\nhello\r\n1\r\n!\r\n0\r\nt: u\r\n\r\n";
  constexpr std::string_view odd("\0\r\n:; 09afx\xff\"", 14);
  std::map<std::string, int> said;
  for (std::uint64_t i = 0; i < 1500; ++i) {
    std::string request = whole;
    for (std::uint64_t k = 0; k < i % 4; ++k) {
      const auto chance = [&](std::string_view what, std::size_t below) {
        return base::draw(1, what, i * 4 + k) % below;
      };
      const std::size_t at = chance("at", request.size());
      const char byte = odd[chance("byte", odd.size())];
      const std::size_t how = chance("how", 3);
      if (how == 0) request[at] = byte;
      else if (how == 1) request.erase(at, 1 + chance("much", 3));
      else request.insert(at, 1, byte);
    }
    RawConnection client = run.connect();
    ASSERT_TRUE(client.send(request));
    client.end_sending();
    ++said[client.read_to_end().value_or("a reset").substr(0, 12)];
  }
  EXPECT_GT(said["HTTP/1.1 200"], 375) << "the undamaged ones at least";
  EXPECT_GT(said["HTTP/1.1 400"], 100);
  EXPECT_EQ(said["a reset"], 0);
  EXPECT_EQ(support::http(run.port(), "/").value_or(support::Answer{}).status, 200);
}

TEST(HttpServer, AnAddressInUseIsNamed) {
  HttpServerRun run(echo);
  IoContext io(one_thread);
  const auto second = HttpServer::open(io, {asio::ip::address_v4::loopback(), run.port()}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, fmt::format("cannot listen on 127.0.0.1:{}: Address already in use", run.port()));
}

TEST(HttpServer, CurlSendsALargeBodyAndReadsItBack) {
  HttpServerRun run([](const HttpRequest& request) -> HttpReply {
    return {.content_type = "application/octet-stream", .body = request.body};
  });
  const support::TempDir folder;
  const auto in = folder.path() / "in";
  const auto out = folder.path() / "out";
  std::string body(5 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 >> 8);
  ASSERT_TRUE(support::write_file(in, body));
  const std::string url = fmt::format("http://127.0.0.1:{}/", run.port());
  for (const char* coding : {"Transfer-Encoding: chunked", "X: y"}) {
    // Twice the same: the second goes over the connection of the first.
    const auto curl = support::run_to_end({.argv = {"curl",
                                                    "-sS",
                                                    "-f",
                                                    "-T",
                                                    in,
                                                    "-o",
                                                    out,
                                                    "-H",
                                                    coding,
                                                    "-w",
                                                    "%{http_code} %{num_connects} ",
                                                    url,
                                                    "--next",
                                                    "-sS",
                                                    "-f",
                                                    "-T",
                                                    in,
                                                    "-o",
                                                    "/dev/null",
                                                    "-w",
                                                    "%{http_code} %{num_connects}",
                                                    url}});
    ASSERT_TRUE(curl);
    EXPECT_EQ(curl->out, "200 1 200 0") << curl->err;
    EXPECT_TRUE(support::read_file(out).value_or("") == body) << coding;
  }
}

}  // namespace
}  // namespace stormproof::wire
