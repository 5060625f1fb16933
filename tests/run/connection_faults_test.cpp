// Faults on connections in a run's proxies: what curl and a raw client see, and what the ledger and the log say of it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/dependencies.h"
#include "tests/run/answering.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"
#include "tests/support/raw_connection.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::run {
namespace {

using events::Effect;
using events::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ConnectionFaults : public testing::Test {
 protected:
  void SetUp() override { open(std::nullopt); }
  void open(std::optional<scenarios::ProxyTls> tls) {
    dependencies_.reset();
    auto opened = Dependencies::open({{.name = "ledger",
                                       .proxy = fmt::format("127.0.0.1:{}", proxy_),
                                       .upstream = fmt::format("http://127.0.0.1:{}", ledger_.port()),
                                       .tls = std::move(tls)}},
                                     clock_, counts_);
    ASSERT_TRUE(opened) << opened.error().message;
    dependencies_ = std::move(*opened);
  }

  static scenarios::Fault fault(faults::StreamFaultKind kind, double share = 1,
                                faults::Direction direction = faults::Direction::downstream) {
    scenarios::Fault made;
    made.id = "hurt#1";
    made.on = "ledger";
    made.share = share;
    made.connection = {.name = made.id, .direction = direction, .share = share, .kind = std::move(kind)};
    return made;
  }

  // curl's exit code: 0, or 7 refused, 28 too late, 35 no TLS, 52 nothing came, 56 reset, 60 the certificate.
  int curl(const std::vector<std::string>& more = {}, const std::string& scheme = "http") {
    std::vector<std::string> argv = {"curl", "-sS", "-o", "/dev/null", "--max-time", "5", "--noproxy", "*"};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back(fmt::format("{}://localhost:{}/orders/1", scheme, proxy_));
    const auto done = support::run_to_end({.argv = argv});
    said_ = done ? done->err : "";
    return done ? done->exit_code : -1;
  }

  events::Log log_with(std::size_t exchanges, std::size_t decisions) {
    events::Log log;
    EXPECT_TRUE(support::eventually(seconds(5),
                                    [&] {
                                      log = dependencies_->snapshot();
                                      return log.exchanges.size() >= exchanges && log.faults.size() >= decisions;
                                    }))
        << log.exchanges.size() << " exchanges, " << log.faults.size() << " decisions";
    return log;
  }

  const base::SystemClock clock_;
  LiveCounts counts_;
  Answering ledger_;
  std::uint16_t proxy_ = support::free_port();
  std::unique_ptr<Dependencies> dependencies_;
  std::string said_;
};

TEST_F(ConnectionFaults, AResetIsOneToCurlAndAFailedCallToTheLog) {
  EXPECT_EQ(curl(), 0);
  dependencies_->apply({fault(faults::Reset{})}, 1);
  EXPECT_EQ(curl(), 56);
  const auto log = log_with(2, 1);
  EXPECT_EQ(log.exchanges[1].outcome, Outcome::faulted);
  EXPECT_EQ(log.names.name_of(log.exchanges[1].fault), "hurt#1");
  EXPECT_EQ(log.faults[0].effect, Effect::acted);
  EXPECT_EQ(log.names.name_of(log.faults[0].detail), "reset");
  EXPECT_GT(log.faults[0].cut, 0U);
  dependencies_->heal();
  EXPECT_EQ(curl(), 0);
}

TEST_F(ConnectionFaults, ALatencyIsSeenByTheClientAndByTheLog) {
  dependencies_->apply({fault(faults::StreamLatency{.distribution = {.base = milliseconds(80)}})}, 1);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(support::http(proxy_, "/").value().status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(80));
  dependencies_->heal();
  const auto log = log_with(1, 1);
  EXPECT_GE(log.exchanges[0].end - log.exchanges[0].start, milliseconds(80)) << "until the client had it";
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::answered);
  EXPECT_EQ(log.names.name_of(log.exchanges[0].fault), "hurt#1");
  EXPECT_GE(log.faults[0].delayed, milliseconds(80));
}

// The relay has sent it all; to who waits for it, nothing came.
TEST_F(ConnectionFaults, AResponseThatVanishesIsNoAnsweredCall) {
  dependencies_->apply({fault(faults::Blackhole{})}, 1);
  {
    auto client = support::RawConnection::connect(proxy_).value();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: l\r\n\r\n"));
    EXPECT_FALSE(client.read(1, milliseconds(50)));
  }
  const auto log = log_with(1, 1);
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::cancelled) << "by who gave up";
  EXPECT_EQ(log.names.name_of(log.exchanges[0].fault), "hurt#1");
  EXPECT_GE(log.exchanges[0].end - log.exchanges[0].start, milliseconds(50));
}

TEST_F(ConnectionFaults, ARequestThatVanishesIsACallThatFailed) {
  dependencies_->apply({fault(faults::Blackhole{}, 1, faults::Direction::upstream)}, 1);
  {
    auto client = support::RawConnection::connect(proxy_).value();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: l\r\n\r\n"));
    EXPECT_FALSE(client.read(1, milliseconds(50)));
  }
  const auto log = log_with(1, 1);
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::faulted);
  EXPECT_EQ(log.exchanges[0].status, 0);
  EXPECT_TRUE(ledger_.asked().empty());
}

TEST_F(ConnectionFaults, ARefusedConnectionIsACallThatFailed) {
  dependencies_->apply({fault(faults::Opening{.refuse = true})}, 1);
  const int code = curl();
  EXPECT_TRUE(code == 56 || code == 55 || code == 52 || code == 7) << code << " " << said_;
  const auto log = log_with(1, 1);
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::faulted);
  EXPECT_EQ(log.names.name_of(log.faults[0].detail), "open");
}

TEST_F(ConnectionFaults, AWindowOpensAndCloses) {
  scenarios::Fault late = fault(faults::Reset{});
  late.targeting.after = milliseconds(100);
  late.targeting.lasting = milliseconds(200);
  dependencies_->apply({late}, 1);
  EXPECT_EQ(support::http(proxy_, "/").value().status, 200);
  EXPECT_TRUE(support::eventually(seconds(5), [&] { return !support::http(proxy_, "/"); }));
  EXPECT_TRUE(support::eventually(seconds(5), [&] {
    dependencies_->renew();
    return support::http(proxy_, "/").has_value();
  }));
}

// The same connections by the same seed, and again by replay, whatever the seed is then.
TEST_F(ConnectionFaults, TheShareIsDrawnBySeedAndMadeAgainByReplay) {
  const scenarios::Fault half = fault(faults::Reset{}, 0.5);
  dependencies_->apply({half}, 42);
  std::vector<bool> hit;
  for (int i = 0; i < 20; ++i) hit.push_back(!support::http(proxy_, "/"));
  for (std::uint64_t number = 1; number <= 20; ++number)
    EXPECT_EQ(hit[number - 1], half.connection->hits(42, number)) << number;
  const auto log = log_with(20, 20);
  auto fired = std::make_shared<faults::Replayed>();
  for (const events::FaultFired& one : log.faults) {
    EXPECT_EQ(one.effect, hit[one.identity - 1] ? Effect::acted : Effect::spared);
    if (events::acted(one)) fired->insert(faults::mark_of("hurt#1", one.identity));
  }
  open(std::nullopt);
  dependencies_->apply({half}, 43, fired);
  std::vector<bool> again;
  for (int i = 0; i < 20; ++i) again.push_back(!support::http(proxy_, "/"));
  EXPECT_EQ(again, hit);
}

TEST_F(ConnectionFaults, NobodyRenewsAndTheyAreGone) {
  dependencies_->apply({fault(faults::Reset{})}, 1);
  EXPECT_FALSE(support::http(proxy_, "/"));
  EXPECT_TRUE(support::eventually(seconds(2), [&] { return support::http(proxy_, "/").has_value(); }));
}

class TlsFaults : public ConnectionFaults {
 protected:
  void SetUp() override { open(scenarios::ProxyTls{.authority = authority(), .names = {}}); }
  std::string authority() const { return (folder_.path() / "authority.pem").string(); }
  int trusting() { return curl({"--cacert", authority(), "--http1.1"}, "https"); }
  std::string s_client(const std::vector<std::string>& more) {
    std::vector<std::string> argv = {
        "openssl",          "s_client",  "-connect",    fmt::format("127.0.0.1:{}", proxy_),
        "-CAfile",          authority(), "-servername", "localhost",
        "-verify_hostname", "localhost"};
    argv.insert(argv.end(), more.begin(), more.end());
    const auto done = support::run_to_end({.argv = argv});
    return done ? done->out + done->err : "";
  }
  void expect_call_failed(std::string_view detail) {
    const auto log = log_with(1, 1);
    EXPECT_EQ(log.exchanges[0].outcome, Outcome::faulted);
    EXPECT_EQ(log.names.name_of(log.exchanges[0].fault), "hurt#1");
    EXPECT_EQ(log.names.name_of(log.faults[0].detail), detail);
  }

  support::TempDir folder_;
};

TEST_F(TlsFaults, WithoutAFaultTheServiceTrustsTheProxy) {
  EXPECT_EQ(trusting(), 0) << said_;
  EXPECT_THAT(s_client({}), testing::HasSubstr("Verify return code: 0 (ok)"));
  open(scenarios::ProxyTls{.authority = authority(), .names = {}});
  EXPECT_EQ(trusting(), 0) << "the same authority as before";
}

TEST_F(TlsFaults, AnExpiredCertificateIsRefused) {
  dependencies_->apply({fault(faults::TlsFault{.expired = true})}, 1);
  EXPECT_EQ(trusting(), 60);
  EXPECT_THAT(said_, testing::HasSubstr("certificate has expired"));
  expect_call_failed("tls: the client refused the certificate");
  EXPECT_THAT(s_client({"-verify_return_error"}), testing::HasSubstr("certificate has expired"));
  dependencies_->heal();
  EXPECT_EQ(trusting(), 0);
}

TEST_F(TlsFaults, ASelfSignedCertificateIsRefused) {
  dependencies_->apply({fault(faults::TlsFault{.self_signed = true})}, 1);
  EXPECT_EQ(trusting(), 60);
  EXPECT_THAT(said_, testing::HasSubstr("self-signed certificate"));
  expect_call_failed("tls: the client refused the certificate");
}

TEST_F(TlsFaults, ACertificateForAnotherNameIsRefused) {
  dependencies_->apply({fault(faults::TlsFault{.wrong_host = true})}, 1);
  EXPECT_EQ(trusting(), 60);
  EXPECT_THAT(s_client({"-verify_return_error"}), testing::HasSubstr("hostname mismatch"));
  expect_call_failed("tls: the client refused the certificate");
}

TEST_F(TlsFaults, AClientThatDoesNotLookIsFound) {
  dependencies_->apply({fault(faults::TlsFault{.expired = true})}, 1);
  EXPECT_EQ(curl({"-k", "--http1.1"}, "https"), 0);
  const auto log = log_with(1, 1);
  EXPECT_EQ(log.exchanges[0].outcome, Outcome::answered);
  EXPECT_EQ(log.names.name_of(log.faults[0].detail), "tls: the client accepted the certificate");
}

TEST_F(TlsFaults, AHandshakeThatStallsIsGivenUpByTheClient) {
  dependencies_->apply({fault(faults::TlsFault{.stall = true})}, 1);
  EXPECT_EQ(curl({"--cacert", authority(), "--connect-timeout", "0.3"}, "https"), 28);
  expect_call_failed("tls: no handshake");
  const auto log = log_with(1, 1);
  EXPECT_GE(log.faults[0].delayed, milliseconds(250));
}

TEST_F(TlsFaults, AnAlertIsAnAlert) {
  dependencies_->apply({fault(faults::TlsFault{.alert = true})}, 1);
  EXPECT_EQ(trusting(), 35) << said_;
  EXPECT_THAT(s_client({}), testing::HasSubstr("alert handshake failure"));
  expect_call_failed("tls: no handshake");
}

TEST_F(TlsFaults, AProtocolThatNobodySpeaksIsRefused) {
  dependencies_->apply({fault(faults::TlsFault{.no_alpn = true})}, 1);
  EXPECT_EQ(trusting(), 35) << said_;
  EXPECT_THAT(s_client({"-alpn", "http/1.1"}), testing::HasSubstr("alert no application protocol"));
  expect_call_failed("tls: no handshake");
}

TEST_F(TlsFaults, OneThatIsStalledIsClosedWhenTheFaultGoes) {
  dependencies_->apply({fault(faults::TlsFault{.stall = true})}, 1);
  auto client = support::RawConnection::connect(proxy_).value();
  ASSERT_TRUE(client.send("\x16"));
  EXPECT_FALSE(client.read(1, milliseconds(30)));
  dependencies_->heal();
  EXPECT_TRUE(support::eventually(seconds(5), [&] { return !client.send("x"); }));
}

}  // namespace
}  // namespace stormproof::run
