// The seam of the sender: requests that wait for answers, and are changed by them.
#include "replay/rewriter.h"

#include <future>
#include <map>
#include <mutex>
#include <set>

#include "tests/replay/sending.h"

namespace stormproof::replay {
namespace {

// Request 2 and those after it need the answer to request 1 of their session and loop; a body says what it gave.
class FirstAnswerIntoTheRest final : public Rewriter {
 public:
  bool ready(const Shot& shot) override {
    asked_.insert(shot.exchange);
    return shot.exchange == 1 || stubborn_ || ended_.contains({shot.loop, shot.session});
  }
  void rewrite(const Shot& shot, Outgoing& outgoing) override {
    const auto found = ended_.find({shot.loop, shot.session});
    if (shot.exchange == 1 || found == ended_.end()) return;
    outgoing.fields_text = fmt::format("{}X-Token: {}\r\n", outgoing.fields, found->second);
    outgoing.fields = outgoing.fields_text;
    outgoing.body_text = found->second;
    if (!outgoing.body.empty()) outgoing.body = outgoing.body_text;
  }
  bool wants_answer(const Shot& shot) override { return shot.exchange == 1; }
  void on_end(const Shot& shot, const events::Exchange& event, const Answer* answer) override {
    ends_.push_back(event.outcome);
    if (shot.exchange == 1) ended_[{shot.loop, shot.session}] = answer == nullptr ? "none" : answer->body;
    else EXPECT_EQ(answer, nullptr) << "it was not wanted";
  }

  bool stubborn_ = false;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> ended_;
  std::set<std::uint64_t> asked_;
  std::vector<Outcome> ends_;
};

class RewriterTest : public SenderTest {
 protected:
  void add(const std::string& target, std::uint64_t exchange, std::uint64_t session, std::uint64_t lane = 0,
           std::string body = "") {
    shots_.add(body.empty() ? "GET" : "PUT", target, Nanoseconds(0), std::move(body));
    shots_.last().exchange = exchange;
    shots_.last().session = session;
    shots_.last().lane = lane;
  }
  SenderOptions rewriting(std::uint16_t port) {
    SenderOptions options = to(port);
    options.rewriter = &rewriter_;
    return options;
  }
  RawServer::Play listening() {
    return [this](RawConnection& connection) {
      for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
        {
          const std::lock_guard lock(mutex_);
          heard_.push_back(request);
        }
        if (request.starts_with("GET /source")) released_.get_future().wait();
        if (!connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nT42")) return;
      }
    };
  }

  FirstAnswerIntoTheRest rewriter_;
  Shots shots_;
  std::mutex mutex_;
  std::vector<std::string> heard_;
  std::promise<void> released_;
};

TEST_F(RewriterTest, ADependentWaitsForItsSourceAloneAndGetsItsValue) {
  RawServer server(listening());
  add("/source", 1, 7);
  add("/dependent", 2, 7, 0, "old");
  add("/other-session", 1, 8);
  send(rewriting(server.port()), shots_, milliseconds(30), [&](Sender& sender) {
    EXPECT_EQ(sender.counts().queued, 1u) << "the dependent";
    EXPECT_EQ(sender.counts().under_way, 1u) << "its source; the other session has been answered";
    EXPECT_EQ(sender.unfinished().size(), 2u);
    released_.set_value();
  });
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::answered));
  ASSERT_EQ(heard_.size(), 3u);
  EXPECT_EQ(heard_[2], "PUT /dependent HTTP/1.1\r\nHost: target\r\nContent-Length: 3\r\nX-Token: T42\r\n\r\nT42");
  EXPECT_GE(exchanges()[1].waited, Nanoseconds(milliseconds(20))) << "the delay is counted, and is not the sender's";
  EXPECT_EQ(exchanges()[2].waited, Nanoseconds(0));
  EXPECT_EQ(rewriter_.ends_, std::vector<Outcome>(3, Outcome::answered));
  EXPECT_EQ(counts_.queued, 0u);
}

TEST_F(RewriterTest, ALaneWaitsForASourceInAnother) {
  RawServer server(listening());
  add("/source", 1, 7, 1);
  add("/dependent", 2, 7, 2);
  add("/behind-it", 3, 7, 2);
  shots_.last().last = true;
  send(rewriting(server.port()), shots_, milliseconds(30), [&](Sender& sender) {
    EXPECT_EQ(sender.counts().queued, 2u);
    released_.set_value();
  });
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::answered));
  ASSERT_EQ(heard_.size(), 3u);
  EXPECT_TRUE(heard_[1].starts_with("GET /dependent ")) << heard_[1];
  EXPECT_TRUE(heard_[2].contains("X-Token: T42")) << heard_[2];
  EXPECT_EQ(server.accepted(), 2u);
}

TEST_F(RewriterTest, ASourceThatFailsReleasesItsDependents) {
  const std::uint16_t nobody = support::free_port();
  add("/first", 1, 7);
  add("/dependent", 2, 7);
  send(rewriting(nobody), shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(2, Outcome::refused));
  EXPECT_EQ(rewriter_.ended_.at({0, 7}), "none");
}

// A dependent whose source is never sent would be lost without a word.
TEST_F(RewriterTest, WhatIsNeverReadyIsSentInTheEnd) {
  RawServer server(listening());
  add("/first", 1, 7);
  add("/orphan", 2, 8);
  add("/orphan-in-a-lane", 3, 8, 4);
  send(rewriting(server.port()), shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::answered));
  EXPECT_EQ(rewriter_.ends_.size(), 3u);
}

TEST_F(RewriterTest, WhatWaitsWhenItFinishesIsHeldOff) {
  RawServer server(listening());
  add("/source", 1, 7);
  add("/dependent", 2, 7);
  add("/dependent-in-a-lane", 3, 7, 4);
  send(rewriting(server.port()), shots_, milliseconds(20), [&](Sender& sender) {
    sender.finish();
    EXPECT_EQ(sender.counts().queued, 0u);
    released_.set_value();
  });
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::answered, Outcome::held_off, Outcome::held_off}));
  EXPECT_EQ(rewriter_.ends_.size(), 3u) << "each request ends once";
}

TEST_F(RewriterTest, AnAnswerThatIsTooLargeIsNotHandedOver) {
  const std::string body(Answer::body_bytes_max + 1, 'x');
  RawServer server(answering(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body)));
  add("/first", 1, 7);
  send(rewriting(server.port()), shots_);
  EXPECT_EQ(outcomes(), std::vector<Outcome>{Outcome::answered});
  EXPECT_EQ(rewriter_.ended_.at({0, 7}), "none");
}

}  // namespace
}  // namespace stormproof::replay
