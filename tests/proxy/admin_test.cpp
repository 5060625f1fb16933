#include "harness/proxy/admin.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>

#include "tests/proxy/exposition.h"
#include "tests/proxy/relay_run.h"
#include "tests/proxy/worker_thread.h"
#include "tests/support/http.h"
#include "tests/support/process.h"

namespace stormproof::proxy {
namespace {

using support::Answer;
using testing::HasSubstr;

class AdminRun {
 public:
  explicit AdminRun(std::vector<RollCall::Worker> workers = {}) {
    loop_.call([&] {
      admin_ = must(Admin::open(loop_.io, {wire::asio::ip::address_v4::loopback(), 0},
                                {.metrics = [this]() -> base::Task<MetricsInput> { co_return MetricsInput(metrics); },
                                 .draining = [this] { return draining.load(); },
                                 .workers = std::move(workers)}));
    });
    port = admin_->endpoint().port();
  }
  ~AdminRun() {
    loop_.run(admin_->close());
    loop_.call([this] { admin_.reset(); });
  }

  Answer get(std::string_view path, std::string_view method = "GET") const {
    return must(support::http(port, path, {.method = method}));
  }

  std::uint16_t port = 0;
  MetricsInput metrics{.version = "9.9"};
  std::atomic<bool> draining = false;

 private:
  WorkerThread loop_;
  std::unique_ptr<Admin> admin_;
};

TEST(Admin, MetricsAreForPrometheus) {
  const AdminRun run;
  const Answer answer = run.get("/metrics?x=y");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(expect_exposition(answer.body).at("stormproof_build_info{version=\"9.9\"}"), 1);
}

TEST(Admin, Health) {
  const AdminRun run;
  EXPECT_EQ(run.get("/healthz").status, 200);
  EXPECT_EQ(run.get("/healthz").body, "ok\n");
}

TEST(Admin, ReadyWhileEveryWorkerAnswersAndNothingDrains) {
  WorkerThread one;
  WorkerThread other;
  AdminRun run({one.pinged(), other.pinged()});
  EXPECT_EQ(run.get("/readyz").status, 200);
  EXPECT_EQ(run.get("/readyz").body, "ready\n");
  run.draining = true;
  EXPECT_EQ(run.get("/readyz").status, 503);
  EXPECT_EQ(run.get("/readyz").body, "not ready: draining\n");
  EXPECT_EQ(run.get("/healthz").status, 200) << "it drains, and lives";
}

TEST(Admin, AWorkerThatHangsIsNamedAndTheRestGoesOn) {
  WorkerThread well;
  WorkerThread stuck;
  AdminRun run({well.pinged(), stuck.pinged()});
  std::promise<void> release;
  std::promise<void> begun;
  wire::asio::post(stuck.io, [&] {
    begun.set_value();
    release.get_future().wait();
  });
  begun.get_future().wait();
  std::future<Answer> ready = std::async(std::launch::async, [&] { return run.get("/readyz"); });
  EXPECT_EQ(run.get("/healthz").status, 200);
  EXPECT_EQ(run.get("/metrics").status, 200);
  const Answer answer = ready.get();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "not ready: no answer within 1 s from worker 1\n");
  release.set_value();
  EXPECT_EQ(run.get("/readyz").status, 200);
}

TEST(Admin, TheIndexOtherPathsAndOtherMethods) {
  const AdminRun run;
  EXPECT_EQ(run.get("/").status, 200);
  for (const char* path : {"/metrics", "/healthz", "/readyz"}) EXPECT_THAT(run.get("/").body, HasSubstr(path));
  for (const char* path : {"/nothing", "/metrics/", "/healthz/x", "//", "/METRICS"})
    EXPECT_EQ(run.get(path).status, 404) << path;
  for (const char* method : {"POST", "DELETE", "PUT", "PATCH", "OPTIONS", "BREW"}) {
    const Answer answer = run.get("/metrics", method);
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.header("Allow"), "GET, HEAD");
  }
  EXPECT_EQ(run.get("/nothing", "POST").status, 404);
  EXPECT_EQ(run.get("/metrics", "HEAD").status, 200);
}

TEST(Admin, CurlAsksForAllOverOneConnection) {
  const AdminRun run;
  const std::string at = fmt::format("http://127.0.0.1:{}", run.port);
  const auto curl =
      must(support::run_to_end({.argv = {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n",
                                         at + "/metrics", at + "/", at + "/readyz", at + "/x"}}));
  EXPECT_EQ(curl.exit_code, 0) << curl.err;
  EXPECT_THAT(curl.out, HasSubstr("200 1\n"));
  const auto head = must(support::run_to_end({.argv = {"curl", "-sS", "-I", at + "/healthz"}}));
  EXPECT_THAT(head.out, testing::StartsWith("HTTP/1.1 200 OK"));
}

bool apart(std::string_view admin, std::string_view other) {
  const wire::Endpoint public_one = must(wire::parse_listen_address(other));
  return check_admin_address(must(wire::parse_listen_address(admin)), {&public_one, 1}).has_value();
}

TEST(AdminAddress, IsNeverAPublicOne) {
  EXPECT_FALSE(apart("127.0.0.1:80", "127.0.0.1:80"));
  EXPECT_FALSE(apart("127.0.0.1:80", "0.0.0.0:80"));
  EXPECT_FALSE(apart("0.0.0.0:80", "127.0.0.1:80"));
  EXPECT_FALSE(apart("127.0.0.1:80", ":80"));
  EXPECT_FALSE(apart("127.0.0.1:80", "[::]:80")) << "[::] takes IPv4 in";
  EXPECT_FALSE(apart("[::]:80", "0.0.0.0:80"));
  EXPECT_FALSE(apart("[::1]:80", "[::]:80"));
  EXPECT_FALSE(apart("[::1]:80", "[::1]:80"));
  EXPECT_FALSE(apart("[::ffff:127.0.0.1]:80", "127.0.0.1:80"));
  EXPECT_FALSE(apart("[::ffff:127.0.0.1]:80", "0.0.0.0:80"));
}

TEST(AdminAddress, ElsewhereItIsFine) {
  EXPECT_TRUE(apart("127.0.0.1:81", "127.0.0.1:80"));
  EXPECT_TRUE(apart("127.0.0.1:80", "127.0.0.2:80"));
  EXPECT_TRUE(apart("[::1]:80", "127.0.0.1:80"));
  EXPECT_TRUE(apart("[::1]:80", "0.0.0.0:80"));
  EXPECT_TRUE(apart("127.0.0.1:0", "127.0.0.1:0"));
  EXPECT_TRUE(check_admin_address(must(wire::parse_listen_address(":80")), {}));
}

TEST(AdminAddress, TheMessageNamesBoth) {
  const std::vector others = {must(wire::parse_listen_address("127.0.0.1:81")),
                              must(wire::parse_listen_address("0.0.0.0:80"))};
  const auto checked = check_admin_address(must(wire::parse_listen_address("127.0.0.1:80")), others);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("cannot listen on 127.0.0.1:80: 0.0.0.0:80 is public"));
}

}  // namespace
}  // namespace stormproof::proxy
