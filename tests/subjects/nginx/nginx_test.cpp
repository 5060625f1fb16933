#include "tests/subjects/nginx/nginx.h"

#include <gtest/gtest.h>

#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/waiting.h"

namespace stormproof::subjects {
namespace {

using support::eventually;
using support::http;

TEST(Nginx, ChargesAndServesFilesAndLogsWhatArrived) {
  const auto nginx = Nginx::start({.files = {{"small.txt", 30}, {"deep/big.bin", 3'000'000}, {"empty", 0}}});
  ASSERT_TRUE(nginx.has_value()) << nginx.error().message;
  const auto before = std::chrono::system_clock::now();

  const auto charge = http(nginx->port(), "/charge/17", {.headers = "traceparent: 00-ab-cd-01\r\n"}).value();
  EXPECT_EQ(charge.status, 200);
  EXPECT_EQ(charge.body, "{\"charged\":true}\n");
  EXPECT_EQ(charge.header("content-type"), "application/json");
  EXPECT_EQ(http(nginx->port(), "/charge/18", {.method = "POST", .body = "x"}).value().status, 200);
  EXPECT_EQ(http(nginx->port(), "/any/thing", {.method = "DELETE"}).value().body, "any\n");
  EXPECT_EQ(http(nginx->port(), "/small.txt").value().body, "abcdefghijklmnopqrstuvwxyzabcd");
  EXPECT_EQ(http(nginx->port(), "/deep/big.bin").value().body.size(), 3'000'000u);
  EXPECT_EQ(http(nginx->port(), "/empty").value().body, "");
  EXPECT_EQ(http(nginx->port(), "/none").value().status, 404);

  ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] { return nginx->arrivals().size() == 7; }));
  const auto arrivals = nginx->arrivals();
  EXPECT_EQ(arrivals[0].request, "GET /charge/17 HTTP/1.1");
  EXPECT_EQ(arrivals[0].traceparent, "00-ab-cd-01");
  EXPECT_EQ(arrivals[1].traceparent, "-");
  EXPECT_EQ(arrivals[6].status, 404);
  EXPECT_NE(arrivals[0].connection, arrivals[1].connection);
  EXPECT_GE(arrivals[0].ended, before - std::chrono::milliseconds(2));
  EXPECT_LE(arrivals[6].ended, std::chrono::system_clock::now() + std::chrono::milliseconds(2));
  EXPECT_EQ(nginx->process().stop(), 0);
}

TEST(Nginx, SpeaksTls) {
  support::Certificates certificates;
  const auto nginx = Nginx::start({.tls = certificates.issue({"localhost"})});
  ASSERT_TRUE(nginx.has_value()) << nginx.error().message;
  EXPECT_EQ(nginx->url(), "https://127.0.0.1:" + std::to_string(nginx->port()));
  const auto got = support::run_to_end({.argv = {"curl", "-sS", "--cacert", certificates.authority().string(),
                                                 "https://localhost:" + std::to_string(nginx->port()) + "/charge/1"}});
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->out, "{\"charged\":true}\n") << got->err;
}

TEST(Nginx, TwoRunSideBySide) {
  const auto a = Nginx::start({});
  const auto b = Nginx::start({});
  ASSERT_TRUE(a.has_value() && b.has_value());
  EXPECT_EQ(http(a->port(), "/charge/1").value().status, 200);
  EXPECT_EQ(http(b->port(), "/charge/1").value().status, 200);
  EXPECT_NE(a->port(), b->port());
}

TEST(Nginx, APortInUseIsAnError) {
  const auto first = Nginx::start({});
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(Nginx::start({.port = first->port()}).error().message,
            "127.0.0.1:" + std::to_string(first->port()) + " is in use");
}

}  // namespace
}  // namespace stormproof::subjects
