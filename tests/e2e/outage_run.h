// OutageRun: a service with a real breaker, nginx as its payments behind the harness's proxy, an outage of those, and the verdict.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/judged.h"
#include "tests/e2e/program.h"
#include "tests/subjects/nginx/nginx.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {

class OutageRun : public ::testing::Test {
 protected:
  // Why the subject cannot run here.
  virtual std::optional<std::string> missing() const = 0;

  // Skips, or fails in CI, where it is missing. Sets `outage_` up for a breaker that sleeps for half a second, as quick as its
  // claims allow: its steady state has the 300 requests that decide about 1 % of errors.
  void SetUp() override;

  // What the service calls.
  std::string payments() const { return "http://127.0.0.1:" + std::to_string(outage_.payments_proxy); }
  std::filesystem::path truth() const { return folder_.path() / "truth"; }

  // Of outage_ as it stands, with the service that `command` starts.
  Judged judged(std::vector<std::string> command);

  support::TempDir folder_;
  std::optional<subjects::Nginx> nginx_;
  Outage outage_;
};

}  // namespace stormproof::e2e
