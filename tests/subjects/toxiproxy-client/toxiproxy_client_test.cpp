#include "tests/subjects/toxiproxy-client/toxiproxy_client.h"

#include <gtest/gtest.h>

#include "harness/app/fault_service.h"
#include "tests/faults/hurt_relay.h"

namespace stormproof::subjects {
namespace {

TEST(ToxiproxyClient, DrivesTheControlApiThroughEveryCall) {
  if (const auto reason = toxiproxy_client_missing()) {
    if (toxiproxy_client_skip_is_failure()) FAIL() << *reason;
    GTEST_SKIP() << *reason;
  }
  const base::SystemClock clock;
  support::RawServer echo(faults::HurtRelay::echo);
  const auto service = app::FaultService::start(clock, wire::parse_listen_address("127.0.0.1:0").value(), "", 1);
  ASSERT_TRUE(service) << service.error().message;
  const auto driven = drive_with_toxiproxy_client((*service)->admin_endpoint().port(), echo.port());
  ASSERT_TRUE(driven) << driven.error().message;
  EXPECT_EQ(driven->exit_code, 0) << driven->err;
  EXPECT_TRUE(driven->out.starts_with("ok ")) << driven->out;
}

}  // namespace
}  // namespace stormproof::subjects
