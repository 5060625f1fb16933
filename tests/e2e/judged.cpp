#include "tests/e2e/judged.h"

#include <gtest/gtest.h>

#include "tests/e2e/program.h"
#include "tests/support/files.h"

namespace stormproof::e2e {
namespace {

constexpr std::chrono::seconds whole_run{60};
constexpr int tries_max = 3;

const boost::json::array& list(const boost::json::value& value, std::string_view key) {
  static const boost::json::array none;
  const auto* const object = value.if_object();
  const auto* const found = object == nullptr ? nullptr : object->if_contains(key);
  return found != nullptr && found->is_array() ? found->get_array() : none;
}

Judged judge_once(const support::TempDir& folder, const std::filesystem::path& scenario) {
  const auto json = folder.path() / "run.json";
  auto finished = stormproof(
      {"run", scenario.string(), "--out", (folder.path() / "out").string(), "--seed", "7", "--json", json.string()}, {},
      whole_run);
  Judged judged{.exit_code = finished.exit_code, .out = finished.out, .err = finished.err, .report = {}};
  boost::system::error_code broken;
  judged.report = boost::json::parse(support::read_file(json).value_or(""), broken);
  EXPECT_FALSE(broken) << "no report: " << judged.err;
  return judged;
}

}  // namespace

std::optional<Judged::Estimate> Judged::estimate(std::string_view of) const {
  for (const auto& finding : list(report, "findings")) {
    for (const auto& check : list(finding, "checks")) {
      const auto* const found = check.as_object().if_contains("estimate");
      if (found == nullptr || !found->is_object() || found->at("of").as_string() != of) continue;
      return Estimate{found->at("low").to_number<double>(), found->at("high").to_number<double>()};
    }
  }
  return std::nullopt;
}

std::size_t Judged::instants(std::string_view what) const {
  std::size_t count = 0;
  for (const auto& finding : list(report, "findings")) {
    for (const auto& instant : list(finding, "timeline")) count += instant.at("what").as_string() == what ? 1 : 0;
  }
  return count;
}

std::string Judged::summaries() const {
  std::string all;
  for (const auto& finding : list(report, "findings")) all += std::string(finding.at("summary").as_string()) + "\n";
  return all;
}

Judged judge_file(const support::TempDir& folder, const std::filesystem::path& scenario,
                  const std::function<void()>& before_each) {
  for (int tries = 1;; ++tries) {
    if (before_each) before_each();
    Judged judged = judge_once(folder, scenario);
    const bool lagged = judged.exit_code == 5 && judged.out.find("the generator lagged") != std::string::npos;
    if (!lagged || tries == tries_max) return judged;
  }
}

Judged judge(const support::TempDir& folder, std::string_view scenario) {
  const auto file = folder.path() / "scenario.yaml";
  EXPECT_TRUE(support::write_file(file, scenario));
  return judge_file(folder, file);
}

}  // namespace stormproof::e2e
