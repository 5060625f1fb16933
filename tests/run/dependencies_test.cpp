#include "harness/run/dependencies.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/run/answering.h"
#include "tests/support/certificates.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/raw_tls.h"
#include "tests/support/waiting.h"

namespace stormproof::run {
namespace {

using testing::HasSubstr;

constexpr std::chrono::seconds soon{10};

// Two dependencies, each with a server of its own behind its proxy.
class DependenciesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Dependencies::open(
        {dependency("ledger", ledger_proxy_, ledger_.port()), dependency("mail", mail_proxy_, mail_.port())}, clock_,
        counts_);
    ASSERT_TRUE(opened) << opened.error().message;
    dependencies_ = std::move(*opened);
  }

  static scenarios::Dependency dependency(const std::string& name, std::uint16_t proxy, std::uint16_t upstream) {
    return {.name = name,
            .proxy = fmt::format("127.0.0.1:{}", proxy),
            .upstream = fmt::format("http://127.0.0.1:{}", upstream)};
  }

  static int status(std::uint16_t port) {
    const auto answer = support::http(port, "/orders/17");
    return answer ? answer->status : -1;
  }

  // The exchanges of a party, once there are so many in all.
  std::vector<events::Exchange> seen_of(std::string_view party, std::size_t in_all) {
    events::Log log;
    EXPECT_TRUE(support::eventually(soon, [&] {
      log = dependencies_->snapshot();
      return log.exchanges.size() >= in_all;
    }));
    std::vector<events::Exchange> found;
    for (const auto& exchange : log.exchanges) {
      if (log.names.name_of(exchange.party) == party) found.push_back(exchange);
    }
    return found;
  }

  static scenarios::Fault outage(const std::string& on) {
    scenarios::Fault fault;
    fault.id = "down#1";
    fault.on = on;
    fault.abort = scenarios::AbortFault{};
    return fault;
  }

  base::SystemClock clock_;
  LiveCounts counts_;
  Answering ledger_;
  Answering mail_;
  std::uint16_t ledger_proxy_ = support::free_port();
  std::uint16_t mail_proxy_ = support::free_port();
  std::unique_ptr<Dependencies> dependencies_;
};

TEST_F(DependenciesTest, CallsAreRelayedAndLoggedUnderTheNameOfTheirDependency) {
  EXPECT_EQ(status(ledger_proxy_), 200);
  EXPECT_EQ(status(ledger_proxy_), 200);
  EXPECT_EQ(status(mail_proxy_), 200);
  EXPECT_EQ(ledger_.asked().size(), 2u);
  EXPECT_EQ(mail_.asked().size(), 1u);

  EXPECT_EQ(seen_of("ledger", 3).size(), 2u);
  const auto mails = seen_of("mail", 3);
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_EQ(mails[0].side, events::Side::egress);
  EXPECT_EQ(mails[0].outcome, events::Outcome::answered);
  EXPECT_EQ(mails[0].status, 200);
  EXPECT_EQ(counts_.calls, 3u);
}

TEST_F(DependenciesTest, AFaultActsOnItsDependencyAloneUntilItIsHealed) {
  const base::Time before = clock_.now();
  const base::Time applied = dependencies_->apply({outage("ledger")}, 7);
  EXPECT_GE(applied, before);
  EXPECT_EQ(status(ledger_proxy_), 503);
  EXPECT_EQ(status(mail_proxy_), 200);
  EXPECT_TRUE(ledger_.asked().empty()) << "answered in its place";

  EXPECT_GE(dependencies_->heal(), applied);
  EXPECT_EQ(status(ledger_proxy_), 200);
  const auto calls = seen_of("ledger", 3);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].outcome, events::Outcome::faulted);
  EXPECT_EQ(calls[1].outcome, events::Outcome::answered);
  EXPECT_EQ(counts_.faults, 1u);
}

TEST_F(DependenciesTest, AnotherPhaseTakesThePlaceOfTheOneBefore) {
  dependencies_->apply({outage("ledger")}, 7);
  dependencies_->apply({outage("mail")}, 7);
  EXPECT_EQ(status(ledger_proxy_), 200);
  EXPECT_EQ(status(mail_proxy_), 503);
}

TEST_F(DependenciesTest, FinishGivesAllThatWasSeenAndClosesTheProxies) {
  dependencies_->apply({outage("mail")}, 7);
  EXPECT_EQ(status(ledger_proxy_), 200);
  EXPECT_EQ(status(mail_proxy_), 503);
  const events::Log log = dependencies_->finish();
  EXPECT_EQ(log.exchanges.size(), 2u);
  ASSERT_EQ(log.faults.size(), 1u);
  EXPECT_EQ(log.names.name_of(log.faults[0].rule), "down#1");
  EXPECT_EQ(log.names.name_of(log.faults[0].party), "mail");
  EXPECT_FALSE(support::is_listening(ledger_proxy_));
  EXPECT_FALSE(support::is_listening(mail_proxy_));
}

TEST_F(DependenciesTest, WithoutFinishTheProxiesEndWithTheirOwner) {
  dependencies_->apply({outage("ledger")}, 7);
  EXPECT_EQ(status(ledger_proxy_), 503);
  dependencies_.reset();
  EXPECT_FALSE(support::is_listening(ledger_proxy_));
}

// The plan would send something else in its place: nobody would know.
TEST_F(DependenciesTest, AFaultThatCannotBeInjectedAsItStandsIsAnError) {
  scenarios::Fault fault = outage("ledger");
  EXPECT_TRUE(Dependencies::check({fault}));
  fault.abort->headers["X-Odd"] = "a\r\nb";
  const auto refused = Dependencies::check({outage("mail"), fault});
  ASSERT_FALSE(refused);
  EXPECT_THAT(
      refused.error().message,
      HasSubstr("the fault down#1 on 'ledger' cannot be injected: the value of the header X-Odd has a line end"));
  fault.abort.reset();
  EXPECT_TRUE(Dependencies::check({fault}));
}

TEST_F(DependenciesTest, APortInUseIsAnErrorThatNamesTheDependencyAndTheAddress) {
  const std::uint16_t free = support::free_port();
  const auto refused = Dependencies::open(
      {dependency("first", free, ledger_.port()), dependency("second", mail_.port(), ledger_.port())}, clock_, counts_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("'second'"));
  EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("127.0.0.1:{}", mail_.port())));
  EXPECT_FALSE(support::is_listening(free)) << "the one that could be bound is given back";
}

TEST_F(DependenciesTest, FaultsThatNobodyRenewsAreHealedWithinTwoSeconds) {
  const std::uint16_t proxy = support::free_port();
  const auto opened = Dependencies::open({dependency("ledger", proxy, ledger_.port())}, clock_, counts_);
  ASSERT_TRUE(opened) << opened.error().message;
  scenarios::Fault fault;
  fault.id = "down#1";
  fault.on = "ledger";
  fault.abort = scenarios::AbortFault{.status = 599, .body = {}, .headers = {}};
  (*opened)->apply({fault}, 1);
  EXPECT_EQ(support::http(proxy, "/").value().status, 599);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(
      support::eventually(std::chrono::seconds(10), [&] { return support::http(proxy, "/").value().status != 599; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, Dependencies::lease - std::chrono::milliseconds(300));
}

TEST_F(DependenciesTest, AnAddressThatIsNoneNamesTheDependency) {
  const auto refused =
      Dependencies::open({{.name = "odd", .proxy = "nowhere", .upstream = "http://127.0.0.1:1"}}, clock_, counts_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("'odd': 'nowhere' has no port"));
}

// The trust is the system's, which SSL_CERT_FILE replaces.
TEST(TlsDependencies, AnHttpsUpstreamIsSpokenToWithTls) {
  support::Certificates certificates;
  const auto identity = support::RawTls::server(certificates.issue({"localhost"}));
  support::RawServer server([&](support::RawConnection& connection) {
    auto tls = support::RawTls::accept(connection, identity);
    while (tls && tls->read_until("\r\n\r\n") && tls->send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
    }
  });
  const std::uint16_t proxy = support::free_port();
  const base::SystemClock clock;
  const auto status = [&] {
    LiveCounts counts;
    const auto opened = Dependencies::open({{.name = "ledger",
                                             .proxy = fmt::format("127.0.0.1:{}", proxy),
                                             .upstream = fmt::format("https://localhost:{}", server.port())}},
                                           clock, counts);
    EXPECT_TRUE(opened) << opened.error().message;
    return support::http(proxy, "/").value().status;
  };
  ::setenv("SSL_CERT_FILE", certificates.authority().c_str(), 1);
  EXPECT_EQ(status(), 200);
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(status(), 502);
}

}  // namespace
}  // namespace stormproof::run
