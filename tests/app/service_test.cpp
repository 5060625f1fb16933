#include "harness/app/service.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>

#include "tests/support/http.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::app {
namespace {

using support::RawConnection;
using support::RawServer;

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const auto loopback = wire::asio::ip::address_v4::loopback();

void answer_gets(RawConnection& peer) {
  while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) && peer.send(ok)) {
  }
}

class ServiceTest : public ::testing::Test {
 protected:
  ServiceOptions options() {
    ServiceOptions options;
    options.gateway.relay.listen = {loopback, 0};
    options.gateway.relay.upstreams = {{{loopback, upstream_.port()}}};
    options.gateway.workers = 2;
    options.tell = [this](const std::string& sentence) {
      const std::lock_guard lock(mutex_);
      told_.push_back(sentence);
    };
    return options;
  }
  proxy::ShadowOptions shadow_at(const RawServer& candidate) {
    proxy::ShadowOptions shadow;
    shadow.candidate = {loopback, candidate.port()};
    shadow.added_p99_max = std::chrono::hours(1);
    return shadow;
  }
  static bool asked(const Service& service) {
    const auto answer = support::http(service.endpoint().port(), "/a");
    return answer && answer->body == "ok";
  }

  support::TempDir folder_;
  base::SystemClock clock_;
  RawServer upstream_{answer_gets};
  RawServer candidate_{answer_gets};
  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(ServiceTest, RecordsAndShadowsAndSaysSo) {
  ServiceOptions all = options();
  all.recording = {(folder_.path() / "x.traffic").string(), "a test", {}};
  all.shadow = shadow_at(candidate_);
  auto service = Service::start(clock_, std::move(all));
  ASSERT_TRUE(service) << service.error().message;
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(asked(**service));
  ASSERT_TRUE((*service)->stop());
  const std::string account = (*service)->account();
  EXPECT_TRUE(account.contains("         6  shadow: answered\n")) << account;
  EXPECT_TRUE(account.contains("        12  recorded")) << account;
  const Service::Figures figures = (*service)->figures();
  EXPECT_EQ(figures.gateway.counts.exchanges, 6U);
  EXPECT_EQ(figures.meter.with(events::Outcome::answered), 6U);
  EXPECT_EQ(figures.shadow.answered, 6U);
  EXPECT_EQ(figures.recorded.at("recorded").count, 12U);
}

TEST_F(ServiceTest, APortInUseLeavesNoCaptureBehind) {
  ServiceOptions taken = options();
  taken.gateway.relay.listen = {loopback, upstream_.port()};
  taken.recording = {(folder_.path() / "x.traffic").string(), "a test", {}};
  const auto service = Service::start(clock_, std::move(taken));
  ASSERT_FALSE(service);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x.traffic"));
}

TEST_F(ServiceTest, AReloadReplacesTheShadowAndLosesNoCount) {
  RawServer second(answer_gets);
  ServiceOptions first = options();
  first.shadow = shadow_at(candidate_);
  auto service = Service::start(clock_, std::move(first));
  ASSERT_TRUE(service) << service.error().message;
  EXPECT_TRUE(asked(**service));
  ServiceOptions next = options();
  next.shadow = shadow_at(second);
  ASSERT_TRUE((*service)->reload(next));
  EXPECT_TRUE(asked(**service));
  ASSERT_TRUE((*service)->reload(next)) << "the same again keeps the shadow";
  EXPECT_TRUE(asked(**service));
  ServiceOptions bad = options();
  bad.gateway.relay.upstreams.clear();
  EXPECT_FALSE((*service)->reload(bad));
  EXPECT_TRUE(asked(**service));
  ASSERT_TRUE((*service)->stop());
  EXPECT_TRUE((*service)->account().contains("         4  shadow: answered\n")) << (*service)->account();
  EXPECT_GT(second.accepted(), 0U);
}

TEST_F(ServiceTest, ItsDestructorEndsWhatRuns) {
  std::uint16_t port = 0;
  {
    ServiceOptions all = options();
    all.shadow = shadow_at(candidate_);
    auto service = Service::start(clock_, std::move(all));
    ASSERT_TRUE(service);
    port = (*service)->endpoint().port();
    EXPECT_TRUE(asked(**service));
  }
  EXPECT_FALSE(RawConnection::connect(port));
}

}  // namespace
}  // namespace stormproof::app
