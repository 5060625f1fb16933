#include "tests/subjects/suspect/suspect.h"

#include <gtest/gtest.h>

#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"

namespace stormproof::subjects {
namespace {

TEST(Suspect, CallsItsDependencyForACheckout) {
  const std::uint16_t payments = support::free_port();
  const auto dependency = support::Process::start({.argv = Suspect::command(Suspect::Dependency{.port = payments})});
  ASSERT_TRUE(dependency && dependency->wait_until_listening(payments));
  const std::uint16_t port = support::free_port();
  const auto suspect =
      support::Process::start({.argv = Suspect::command(Suspect::Options{.port = port, .payments = payments})});
  ASSERT_TRUE(suspect && suspect->wait_until_listening(port));
  const auto well = support::http(port, "/healthz");
  ASSERT_TRUE(well) << well.error().message;
  EXPECT_EQ(well->status, 200);
  const auto answer = support::http(port, "/checkout/1");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

}  // namespace
}  // namespace stormproof::subjects
