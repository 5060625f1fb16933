#include "tests/e2e/outage_run.h"

#include "tests/subjects/service.h"
#include "tests/support/ports.h"

namespace stormproof::e2e {
void OutageRun::SetUp() {
  if (const auto why = missing()) {
    if (subjects::skip_is_failure()) FAIL() << *why;
    GTEST_SKIP() << *why;
  }
  auto nginx = subjects::Nginx::start({});
  ASSERT_TRUE(nginx.has_value()) << nginx.error().to_string();
  nginx_.emplace(std::move(*nginx));
  outage_.payments = nginx_->port();
  outage_.service_port = support::free_port();
  outage_.payments_proxy = support::free_port();
  outage_.capture = folder_.path() / "checkout.traffic";
  outage_.rate = "150/s";
  outage_.steady = "2200ms";
  outage_.down = "2500ms";
  outage_.recovery = "1600ms";
  outage_.opens_within = "1s";
  outage_.probes_every = "500ms";
  outage_.closes_within = "1s";
  outage_.recovers = false;
  record_checkouts(nginx_->port(), outage_.capture, 40);
}

Judged OutageRun::judged(std::vector<std::string> command) {
  outage_.command = std::move(command);
  const auto scenario = folder_.path() / "scenario.yaml";
  write_outage(outage_, scenario);
  return judge_file(folder_, scenario, [this] { std::filesystem::remove(truth()); });
}

}  // namespace stormproof::e2e
