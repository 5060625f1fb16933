// What a relay shows to a tap and takes from an interceptor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <string>

#include "tests/proxy/relay_run.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using std::chrono::milliseconds;
using support::RawConnection;
using support::RawServer;
using testing::StartsWith;
using wire::Part;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Keeps all that its taps saw, one after the other.
class Ear final : public wire::Tapper {
 public:
  struct Heard {
    std::string method;
    std::uint64_t connection = 0;
    std::uint64_t request = 0;
    std::map<Part, std::string> parts;
    events::Exchange event;
  };

  wire::Tap* tap(const wire::RequestSight& request) override {
    if (request.head.target == "/untapped") return nullptr;
    return new Take(*this, request);
  }

  // Read when the relay has ended.
  std::vector<Heard> heard;

 private:
  class Take final : public wire::Tap {
   public:
    Take(Ear& ear, const wire::RequestSight& sight) : ear_(ear) {
      heard_.method = sight.head.method;
      heard_.connection = sight.connection;
      heard_.request = sight.request;
    }
    void bytes(Part part, std::string_view bytes) override { heard_.parts[part] += bytes; }
    void ended(const events::Exchange& event) override {
      heard_.event = event;
      ear_.heard.push_back(std::move(heard_));
      delete this;
    }

   private:
    Ear& ear_;
    Heard heard_;
  };
};

TEST(Taps, SeeTheExactBytesOfEachPart) {
  const std::string post_head = "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
  const std::string post_body = "3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n";
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "2\r\nok\r\n0\r\n\r\n";
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(interim));
    EXPECT_EQ(must(peer.read(post_body.size())), post_body);
    must(peer.send(head + body));
    read_head(peer);
    must(peer.send(ok));
  });
  Ear ear;
  RelayRun run(upstream.port(), {}, nullptr, &ear);
  RawConnection client = run.connect();
  must(client.send(post_head));
  EXPECT_EQ(must(client.read(interim.size())), interim);
  EXPECT_EQ(ask(client, post_body, head.size() + body.size()), head + body);
  EXPECT_EQ(ask(client, get, ok.size()), ok);
  run.events.wait_for(2);
  run.end();
  ASSERT_EQ(ear.heard.size(), 2u);
  const Ear::Heard& post = ear.heard[0];
  EXPECT_EQ(post.method, "POST");
  EXPECT_EQ(post.connection, 1u);
  EXPECT_EQ(post.request, 1u);
  EXPECT_THAT(post.parts,
              testing::ElementsAre(testing::Pair(Part::request_head, post_head),
                                   testing::Pair(Part::request_body, post_body), testing::Pair(Part::interim, interim),
                                   testing::Pair(Part::response_head, head), testing::Pair(Part::response_body, body)));
  EXPECT_EQ(post.event, run.events.now()[0]);
  EXPECT_EQ(ear.heard[1].parts.at(Part::response_body), "ok");
}

TEST(Taps, OfATunnelSeeItsBytesAsBodies) {
  const std::string upgrade = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
  RawServer upstream([&](RawConnection& peer) {
    read_head(peer);
    must(peer.send(switching));
    EXPECT_EQ(must(peer.read_to_end()), "ping");
    must(peer.send("pong"));
  });
  Ear ear;
  RelayRun run(upstream.port(), {}, nullptr, &ear);
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, upgrade, switching.size()), switching);
  must(client.send("ping"));
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), "pong");
  run.events.wait_for(1);
  run.end();
  EXPECT_EQ(ear.heard.at(0).parts.at(Part::request_body), "ping");
  EXPECT_EQ(ear.heard.at(0).parts.at(Part::response_body), "pong");
}

TEST(Taps, EndOnceHoweverTheExchangeEnds) {
  Ear ear;
  RelayRun run(support::free_port(), {}, nullptr, &ear);
  for (const std::string_view request : {get, std::string_view("nonsense\r\n\r\n")}) {
    RawConnection client = run.connect();
    must(client.send(request));
    must(client.read_to_end());
  }
  run.events.wait_for(2);
  run.end();
  ASSERT_EQ(ear.heard.size(), 2u);
  EXPECT_EQ(ear.heard[0].event.outcome, Outcome::refused);
  EXPECT_EQ(ear.heard[0].parts, (std::map<Part, std::string>{{Part::request_head, std::string(get)}}));
  EXPECT_EQ(ear.heard[1].event.outcome, Outcome::bad_request);
  EXPECT_EQ(ear.heard[1].parts.at(Part::request_head), "nonsense\r\n\r\n");
}

TEST(Taps, NoneIsAskedForWhereTheTapperDeclines) {
  RawServer upstream([](RawConnection& peer) {
    read_head(peer);
    must(peer.send(ok));
  });
  Ear ear;
  RelayRun run(upstream.port(), {}, nullptr, &ear);
  RawConnection client = run.connect();
  EXPECT_EQ(ask(client, "GET /untapped HTTP/1.1\r\n\r\n", ok.size()), ok);
  run.events.wait_for(1);
  run.end();
  EXPECT_TRUE(ear.heard.empty());
}

// Holds each exchange until the test or the relay ends the wait, then does what it is told.
class Holder final : public wire::Interceptor {
 public:
  explicit Holder(wire::Interception::Decision decision, milliseconds hold = std::chrono::hours(1))
      : decision_(std::move(decision)), hold_(hold) {}

  std::unique_ptr<wire::Interception> intercept(const wire::RequestSight& request) override {
    if (request.head.target != "/a") return nullptr;
    return std::make_unique<Hold>(*this);
  }

  std::promise<void> held;
  std::atomic<int> interrupted = 0;

 private:
  class Hold final : public wire::Interception {
   public:
    explicit Hold(Holder& holder) : holder_(holder) {}
    events::NameId rule() const override { return 42; }
    base::Task<Decision> before_upstream(wire::Pause& pause) override {
      holder_.held.set_value();
      if (!co_await pause.lasting(holder_.hold_)) ++holder_.interrupted;
      co_return holder_.decision_;
    }

   private:
    Holder& holder_;
  };

  wire::Interception::Decision decision_;
  milliseconds hold_;
};

wire::Interception::Decision answer_503() {
  return {.answer = true, .response = "HTTP/1.1 503 Fault\r\nContent-Length: 0\r\n\r\n", .status = 503};
}

TEST(Interceptor, AnswersInTheUpstreamsPlaceAndTheConnectionGoesOn) {
  RawServer upstream([](RawConnection& peer) {
    EXPECT_THAT(read_head(peer), StartsWith("GET /b ")) << "the intercepted request was forwarded";
    must(peer.send(ok));
  });
  Holder holder(answer_503(), milliseconds(1));
  RelayRun run(upstream.port(), {}, &holder);
  RawConnection client = run.connect();
  const std::string fault = answer_503().response;
  EXPECT_EQ(ask(client, get, fault.size()), fault);
  EXPECT_EQ(ask(client, "GET /b HTTP/1.1\r\n\r\n", ok.size()), ok);
  const auto events = run.events.wait_for(2);
  EXPECT_EQ(events[0].outcome, Outcome::faulted);
  EXPECT_EQ(events[0].status, 503);
  EXPECT_EQ(events[0].fault, 42u);
  EXPECT_EQ(events[0].request_bytes, get.size());
  EXPECT_EQ(events[0].response_bytes, fault.size());
  EXPECT_GE(events[0].first_byte - events[0].start, milliseconds(1));
  EXPECT_EQ(events[1].outcome, Outcome::answered);
  EXPECT_EQ(events[1].fault, 0u);
}

TEST(Interceptor, AnswerWhileTheBodyIsStillToComeEndsTheConnection) {
  Holder holder(answer_503(), milliseconds(1));
  RelayRun run(support::free_port(), {}, &holder);
  RawConnection client = run.connect();
  must(client.send("POST /a HTTP/1.1\r\nContent-Length: 1000000\r\n\r\npart"));
  const std::string fault = answer_503().response;
  EXPECT_EQ(must(client.read(fault.size())), fault);
  must(client.send(std::string(999'996, 'x')));
  client.end_sending();
  EXPECT_EQ(must(client.read_to_end()), "");
  EXPECT_EQ(run.events.wait_for(1)[0].outcome, Outcome::faulted);
}

TEST(Interceptor, ThatOnlyWaitsLetsTheWholeRequestThrough) {
  // The body arrives while the fault waits: it must not be forgotten.
  const std::string request = "POST /a HTTP/1.1\r\nContent-Length: 30000\r\n\r\n" + std::string(30'000, 'b');
  RawServer upstream([&](RawConnection& peer) {
    EXPECT_TRUE(must(peer.read(request.size())) == request);
    must(peer.send(ok));
  });
  Holder holder({}, milliseconds(30));
  RelayRun run(upstream.port(), {}, &holder);
  RawConnection client = run.connect();
  must(client.send(request.substr(0, 60)));
  holder.held.get_future().wait();
  EXPECT_EQ(ask(client, request.substr(60), ok.size()), ok);
  const auto event = run.events.wait_for(1)[0];
  EXPECT_EQ(event.outcome, Outcome::answered);
  EXPECT_EQ(event.fault, 42u);
  EXPECT_EQ(event.request_bytes, request.size());
}

TEST(Interceptor, WaitEndsWhenTheClientResets) {
  Holder holder(answer_503());
  RelayRun run(support::free_port(), {}, &holder);
  RawConnection client = run.connect();
  must(client.send(get));
  holder.held.get_future().wait();
  client.reset();
  const auto event = run.events.wait_for(1)[0];
  EXPECT_EQ(event.outcome, Outcome::cancelled);
  EXPECT_EQ(event.status, 0);
  EXPECT_EQ(event.fault, 42u);
  EXPECT_EQ(holder.interrupted, 1);
}

TEST(Interceptor, WaitEndsWhenTheRelayIsCut) {
  Holder holder(answer_503());
  RelayRun run(support::free_port(), [](RelayOptions& options) { options.limits.drain = milliseconds(1); }, &holder);
  RawConnection client = run.connect();
  must(client.send(get));
  holder.held.get_future().wait();
  run.end();
  EXPECT_EQ(run.events.now().at(0).outcome, Outcome::reset);
  EXPECT_EQ(holder.interrupted, 1);
}

}  // namespace
}  // namespace stormproof::proxy
