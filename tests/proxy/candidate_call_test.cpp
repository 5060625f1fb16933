// One call to a candidate: what arrives there, what comes of it, what it leaves behind.
#include "harness/proxy/candidate_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <thread>

#include "harness/base/task_group.h"
#include "tests/proxy/shadow_run.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;
using wire::Part;
using namespace std::string_literals;

const std::string get = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::size_t budget_bytes = 1 << 20;

struct Called {
  events::Exchange event;
  TapLog::Seen seen;
  bool sent = false;
};

// A candidate on a port, and calls to it one after the other on an io_context that runs while one is under way.
class Calls {
 public:
  explicit Calls(std::uint16_t port, std::size_t budget = budget_bytes, milliseconds head = std::chrono::seconds(20),
                 milliseconds total = std::chrono::seconds(20))
      : budget_(budget),
        pool_(io_, deadlines_, {wire::asio::ip::address_v4::loopback(), port}, {}),
        candidate_{io_, clock_, deadlines_, pool_, budget_, &taps, head, total} {
    call_.emplace(candidate_);
  }
  ~Calls() {
    run([](wire::UpstreamPool& pool) -> base::Task<> { co_await pool.close(); }(pool_));
    EXPECT_EQ(budget_.used(), 0u);
  }

  Called call(const std::string& bytes, const std::function<void()>& meanwhile = {}) {
    wire::Framer framer(wire::MessageKind::request);
    framer.begin();
    EXPECT_EQ(framer.feed(bytes).progress, wire::Progress::head) << bytes;
    CopiedRequest request(budget_);
    EXPECT_EQ(request.begin(framer.head()), CopiedRequest::Result::copied);
    EXPECT_EQ(request.append(std::string_view(bytes).substr(framer.head().bytes.size())),
              CopiedRequest::Result::copied);
    EXPECT_TRUE(request.whole());
    std::thread beside;
    if (meanwhile) beside = std::thread(meanwhile);
    run(call_->run(request, {.tap = 77, .connection = 5, .request = 6, .whole = base::Time(milliseconds(1))}));
    if (beside.joinable()) beside.join();
    EXPECT_EQ(request.blocks(), 0u) << "its memory is free";
    return {call_->event(), taps.now().back(), call_->sent()};
  }
  void cut() {
    wire::asio::post(io_, [this] { call_->cut(); });
  }

  std::size_t idle() const { return pool_.idle(); }
  std::size_t memory_highest() const { return budget_.highest(); }
  TapLog taps;

 private:
  void run(base::Task<> task) {
    base::TaskGroup group;
    group.spawn([](base::Task<> inner, wire::IoContext& io) -> base::Task<> {
      co_await std::move(inner);
      io.stop();
    }(std::move(task), io_));
    io_.restart();
    if (group.size() > 0) io_.run();
  }

  base::SystemClock clock_;
  wire::IoContext io_{wire::one_thread};
  wire::Deadlines deadlines_{io_};
  Budget budget_;
  wire::UpstreamPool pool_;
  Candidate candidate_;
  std::optional<CandidateCall> call_;
};

// Answers each request of this many bytes.
RawServer::Play answer_each(std::size_t request_bytes, std::string answer) {
  return [request_bytes, answer](RawConnection& peer) {
    while (peer.read(request_bytes, std::chrono::seconds(30)) && peer.send(answer)) {
    }
  };
}

TEST(CandidateCall, IsAnExchangeOfItsOwnBesideTheLiveOne) {
  RawServer candidate(answer_each(get.size(), ok));
  Calls calls(candidate.port());
  const Called called = calls.call(get);
  EXPECT_EQ(called.event.outcome, Outcome::answered);
  EXPECT_EQ(called.event.status, 200);
  EXPECT_EQ(called.event.connection, 5u);
  EXPECT_EQ(called.event.request, 6u);
  EXPECT_EQ(called.event.intended, base::Time(milliseconds(1)));
  EXPECT_LE(called.event.start, called.event.first_byte);
  EXPECT_LE(called.event.first_byte, called.event.end);
  EXPECT_EQ(called.event.request_bytes, get.size());
  EXPECT_EQ(called.event.response_bytes, ok.size());
  EXPECT_TRUE(called.sent);
  EXPECT_EQ(called.seen.shadow_of, 77u);
  EXPECT_EQ(called.seen.target, "/a");
  EXPECT_EQ(called.seen.request_bytes(), get);
  EXPECT_EQ(called.seen.response_bytes(), ok);
  EXPECT_EQ(called.seen.event, called.event);
  EXPECT_EQ(calls.call(get).event.outcome, Outcome::answered);
  EXPECT_EQ(candidate.accepted(), 1u) << "the connection is kept";
}

TEST(CandidateCall, ReadsResponsesOfEveryFraming) {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const std::string body(300'000, 'x');
  const std::vector<std::string> kept = {
      ok, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493E0\r\n" + body + "\r\n0\r\nA: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nSet-Cookie: " + body.substr(0, 20'000) + "\r\nContent-Length: 0\r\n\r\n"};
  for (const std::string& response : kept) {
    RawServer candidate(answer_each(get.size(), early + response));
    Calls calls(candidate.port());
    const Called called = calls.call(get);
    EXPECT_EQ(called.event.outcome, Outcome::answered);
    EXPECT_EQ(called.seen.part(Part::interim), early);
    EXPECT_TRUE(called.seen.response_bytes() == response);
    EXPECT_EQ(called.event.response_bytes, early.size() + response.size());
    EXPECT_EQ(calls.idle(), 1u);
    EXPECT_LE(calls.memory_highest(), 80'000u) << "no body is held";
  }
}

TEST(CandidateCall, ABodyUntilTheEndAndAnAnswerToHead) {
  const std::string until_end = "HTTP/1.0 200 OK\r\n\r\nas long as it lasts";
  RawServer closing([&](RawConnection& peer) {
    if (peer.read(get.size())) must(peer.send(until_end));
  });
  Calls first(closing.port());
  const Called called = first.call(get);
  EXPECT_EQ(called.event.outcome, Outcome::answered);
  EXPECT_EQ(called.seen.response_bytes(), until_end);
  EXPECT_EQ(first.idle(), 0u);

  const std::string head = "HEAD /a HTTP/1.1\r\n\r\n";
  const std::string claims = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  RawServer candidate(answer_each(head.size(), claims));
  Calls second(candidate.port());
  EXPECT_EQ(second.call(head).event.outcome, Outcome::answered);
  EXPECT_EQ(second.idle(), 1u);
}

TEST(CandidateCall, ALargeBodyArrivesByteForByte) {
  std::string post = "POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n";
  for (int i = 0; i < 900'000; ++i) post += static_cast<char>('a' + i * 7 % 26);
  std::string got;
  RawServer candidate([&](RawConnection& peer) {
    got = must(peer.read(post.size()));
    must(peer.send(ok));
    peer.read_to_end();
  });
  Calls calls(candidate.port());
  const Called called = calls.call(post);
  EXPECT_EQ(called.event.outcome, Outcome::answered);
  EXPECT_TRUE(got == post);
  EXPECT_TRUE(called.seen.request_bytes() == post);
  EXPECT_EQ(called.event.request_bytes, post.size());
}

TEST(CandidateCall, AnAnswerBeforeTheBodyWasTakenCountsAndEndsTheConnection) {
  const std::string too_large = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
  const std::string post = "POST / HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n" + std::string(20'000'000, 'x');
  std::promise<void> answered;
  RawServer candidate([&](RawConnection& peer) {
    must(peer.read_until("\r\n\r\n"));
    must(peer.send(too_large));
    answered.get_future().wait();  // it takes no more, and keeps the connection open
  });
  Calls calls(candidate.port(), 32 << 20);
  const Called called = calls.call(post);
  answered.set_value();
  EXPECT_EQ(called.event.outcome, Outcome::answered);
  EXPECT_EQ(called.event.status, 413);
  EXPECT_LT(called.event.request_bytes, post.size());
  EXPECT_EQ(calls.idle(), 0u);
}

TEST(CandidateCall, RefusedIsAnOutcomeAndTheTapHasTheRequest) {
  Calls calls(support::free_port());
  const Called called = calls.call(get);
  EXPECT_EQ(called.event.outcome, Outcome::refused);
  EXPECT_FALSE(called.sent);
  EXPECT_EQ(called.seen.request_bytes(), get);
  EXPECT_TRUE(called.seen.ended);
}

TEST(CandidateCall, BrokenAndMalformedAnswers) {
  const std::vector<std::pair<std::string, Outcome>> answers = {
      {"", Outcome::reset},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Outcome::reset},
      {"HTTP/1.1 200", Outcome::reset},
      {"SSH-2.0-OpenSSH_9.2\r\n", Outcome::bad_response},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Outcome::bad_response},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", Outcome::bad_response},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'a'), Outcome::bad_response}};
  for (const auto& [answer, outcome] : answers) {
    RawServer candidate([&answer](RawConnection& peer) {
      if (peer.read(get.size())) static_cast<void>(peer.send(answer));
    });
    Calls calls(candidate.port());
    EXPECT_EQ(calls.call(get).event.outcome, outcome) << answer.substr(0, 80);
    EXPECT_EQ(calls.idle(), 0u);
    EXPECT_EQ(candidate.accepted(), 1u);
  }
}

TEST(CandidateCall, MoreThanTheAnswerEndsTheConnection) {
  RawServer candidate(answer_each(get.size(), ok + "and more"));
  Calls calls(candidate.port());
  EXPECT_EQ(calls.call(get).event.outcome, Outcome::answered);
  EXPECT_EQ(calls.idle(), 0u);
}

TEST(CandidateCall, TimesOutWithoutAHeadAndWithAnEndlessBody) {
  RawServer silent([](RawConnection& peer) { peer.read_to_end(std::chrono::seconds(30)); });
  Calls first(silent.port(), budget_bytes, milliseconds(40));
  EXPECT_EQ(first.call(get).event.outcome, Outcome::head_timeout);
  RawServer endless([](RawConnection& peer) {
    must(peer.read(get.size()));
    must(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"));
    peer.read_to_end(std::chrono::seconds(30));
  });
  Calls second(endless.port(), budget_bytes, std::chrono::seconds(20), milliseconds(40));
  EXPECT_EQ(second.call(get).event.outcome, Outcome::total_timeout);
}

TEST(CandidateCall, AStaleConnectionIsReplacedOnceForAnIdempotentRequest) {
  for (const std::string& request : {get, "POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n"s}) {
    RawServer candidate([&](RawConnection& peer) {
      must(peer.read(request.size()));
      must(peer.send(ok));
      static_cast<void>(peer.read(request.size()));
      peer.reset();
    });
    Calls calls(candidate.port());
    EXPECT_EQ(calls.call(request).event.outcome, Outcome::answered);
    const bool idempotent = request == get;
    const Called second = calls.call(request);
    EXPECT_EQ(second.event.outcome, idempotent ? Outcome::answered : Outcome::reset);
    EXPECT_EQ(second.seen.request_bytes(), request) << "told once";
    EXPECT_EQ(candidate.accepted(), idempotent ? 2u : 1u);
  }
}

TEST(CandidateCall, AnAmbiguousRequestGetsAConnectionOfItsOwn) {
  const std::string ambiguous = "GET /a HTTP/1.1\r\nContentLength: 1\r\n\r\n";
  std::atomic<int> requests = 0;
  RawServer candidate([&](RawConnection& peer) {
    while (peer.read_until("\r\n\r\n", std::chrono::seconds(30))) {
      ++requests;
      if (!peer.send(ok)) return;
    }
  });
  Calls calls(candidate.port());
  calls.call(get);
  EXPECT_EQ(calls.call(ambiguous).event.outcome, Outcome::answered);
  EXPECT_EQ(calls.idle(), 0u);
  EXPECT_EQ(candidate.accepted(), 2u);
  EXPECT_EQ(requests, 2);
}

TEST(CandidateCall, CutWhileItWaitsIsCancelled) {
  std::promise<void> asked;
  RawServer silent([&](RawConnection& peer) {
    must(peer.read(get.size()));
    asked.set_value();
    peer.read_to_end(std::chrono::seconds(30));
  });
  Calls calls(silent.port());
  const Called called = calls.call(get, [&] {
    asked.get_future().wait();
    calls.cut();
  });
  EXPECT_EQ(called.event.outcome, Outcome::cancelled);
  EXPECT_TRUE(called.sent);
}

TEST(CandidateCall, ALargeResponseHeadWithoutMemoryIsShed) {
  const std::string large = "HTTP/1.1 200 OK\r\nA: " + std::string(20'000, 'a') + "\r\nContent-Length: 0\r\n\r\n";
  RawServer candidate(answer_each(get.size(), large));
  Calls calls(candidate.port(), 60'000);
  EXPECT_EQ(calls.call(get).event.outcome, Outcome::shed);
  EXPECT_LE(calls.memory_highest(), 60'000u);
}

}  // namespace
}  // namespace stormproof::proxy
