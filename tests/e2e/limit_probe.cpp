#include "tests/e2e/limit_probe.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {
namespace {

constexpr std::string_view scenario = R"(version: 1
name: the limit, found out
topology:
  service:
    name: shop
    candidate: {{url: "http://127.0.0.1:{}"}}
traffic: {{capture: "{}", rate: 20/s}}
steady-state:
  for: 300ms
  expect: [errors: {{at-most: 90%}}]
phases:
  - name: the limit
    probe: {}
    expect:
      - rate-limit: {}
)";

}  // namespace

Judged probed(std::uint16_t port, std::string_view probe, std::string_view claim) {
  const support::TempDir folder;
  const auto capture = folder.path() / "checkout.traffic";
  auto recorded = subjects::Nginx::start({});
  if (!recorded) {
    ADD_FAILURE() << "nginx does not start";
    return {};
  }
  record_checkouts(recorded->port(), capture, 2);
  return judge(folder, fmt::format(scenario, port, capture.string(), probe, claim));
}

}  // namespace stormproof::e2e
