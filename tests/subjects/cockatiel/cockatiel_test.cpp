#include "tests/subjects/cockatiel/cockatiel.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/subjects/service.h"
#include "tests/subjects/shop/web.h"
#include "tests/support/http.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::eventually;

class CockatielSubject : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = Cockatiel::missing()) {
      if (skip_is_failure()) FAIL() << *why;
      GTEST_SKIP() << *why;
    }
  }
  void start(const std::string& kind, const std::string& defect) {
    auto started = Service::start([&](std::uint16_t port, const std::filesystem::path& folder) {
      return Cockatiel::command({.port = port,
                                 .payments = "http://127.0.0.1:" + std::to_string(payments_.port()),
                                 .kind = kind,
                                 .defect = defect,
                                 .half_open_after = milliseconds(200),
                                 .truth = folder / "truth"});
    });
    ASSERT_TRUE(started.has_value()) << started.error().to_string();
    service_.emplace(std::move(*started));
  }
  int status() { return support::http(service_->port(), "/checkout/17").value().status; }
  std::vector<base::Time> times(std::string_view state) { return times_of(service_->truth().value(), state); }

  std::atomic<bool> fails_ = true;
  std::atomic<int> calls_ = 0;
  WebServer payments_{[this]() -> WebServer::Handler {
                        return [this](const Message&) {
                          return ++calls_, Reply{.status = fails_ ? 503 : 200, .body = "{}"};
                        };
                      },
                      0};
  std::optional<Service> service_;
};

TEST_F(CockatielSubject, BothBreakersOpenProbeAndClose) {
  for (const std::string kind : {"consecutive", "sampling"}) {
    fails_ = true;
    start(kind, "none");
    EXPECT_TRUE(eventually(seconds(20), [&] { return status() == 503 && !times("open").empty(); })) << kind;
    fails_ = false;
    EXPECT_TRUE(eventually(seconds(10), [&] { return status() == 200; })) << kind;
    EXPECT_EQ(times("close").size(), 1u) << kind;
    EXPECT_GE(times("halfOpen").front() - times("open").front(), milliseconds(199)) << kind;
  }
}

TEST_F(CockatielSubject, FiveFailuresInARowOpenIt) {
  start("consecutive", "none");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status(), 503);
  EXPECT_EQ(calls_, 5);
}

TEST_F(CockatielSubject, OneMadeForEachRequestNeverOpens) {
  start("consecutive", "each-request");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status(), 503);
  EXPECT_EQ(calls_, 20);
  EXPECT_TRUE(times("open").empty());
}

TEST_F(CockatielSubject, OneThatIsIsolatedNeverProbes) {
  start("consecutive", "isolates");
  EXPECT_TRUE(eventually(seconds(10), [&] { return status() == 503 && !times("open").empty(); }));
  fails_ = false;
  const auto later = std::chrono::steady_clock::now() + milliseconds(500);
  while (std::chrono::steady_clock::now() < later) EXPECT_EQ(status(), 503);
  EXPECT_TRUE(times("halfOpen").empty());
}

TEST_F(CockatielSubject, OneThatBacksOffProbesEverMoreSeldom) {
  start("consecutive", "backs-off");
  EXPECT_TRUE(eventually(seconds(10), [&] { return status() == 503 && times("halfOpen").size() >= 2; }));
  const auto opened = times("open");
  const auto probed = times("halfOpen");
  EXPECT_GE(probed[1] - opened[1], milliseconds(399));
}

}  // namespace
}  // namespace stormproof::subjects
