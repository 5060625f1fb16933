// Judged: what `stormproof run` said of a scenario, and its report in JSON.
#pragma once

#include <boost/json.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/temp_dir.h"

namespace stormproof::e2e {

struct Judged {
  int exit_code = 0;
  std::string out;
  std::string err;
  boost::json::value report;

  // Of a quantity that a check of the report estimates ("sleep window"), in seconds.
  struct Estimate {
    double low = 0;
    double high = 0;
  };
  std::optional<Estimate> estimate(std::string_view of) const;
  // How often an instant of this name ("probe") stands on the timeline of a finding.
  std::size_t instants(std::string_view what) const;
  // The summaries of all findings, one a line.
  std::string summaries() const;
};

// Runs a scenario's text, or its file, with its report. Where there is no verdict because this machine lagged, it is run again, up to
// three times in all; `before_each` makes a fresh start.
Judged judge(const support::TempDir& folder, std::string_view scenario);
Judged judge_file(const support::TempDir& folder, const std::filesystem::path& scenario,
                  const std::function<void()>& before_each = {});

}  // namespace stormproof::e2e
