#include "tests/accuracy/real_runs.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/json.hpp>
#include <mutex>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::accuracy {
namespace {

using verify::Verdict;
using Clock = std::chrono::steady_clock;

constexpr int captured_requests = 50;
constexpr std::chrono::seconds run_time_max{90};

std::string program() { return STORMPROOF_BINARY_DIR "/stormproof"; }

// A capture of GETs of /checkout/1, /checkout/2 …
base::Result<void> write_capture(const std::filesystem::path& folder, const std::filesystem::path& capture) {
  std::string text;
  for (int i = 1; i <= captured_requests; ++i) {
    text += fmt::format("1 {:024x} {}\nGET /checkout/{} HTTP/1.1\r\nHost: shop\r\n\r\n\n🐵🙈🙉\n", i,
                        1'700'000'000'000'000'000 + i * 10'000'000LL, i);
  }
  const auto file = folder / "checkouts.gor";
  if (auto written = support::write_file(file, text); !written) return written;
  auto imported = support::run_to_end({.argv = {program(), "import", file.string(), "--out", capture.string()}});
  if (!imported) return std::unexpected(imported.error());
  if (imported->exit_code != 0) return base::fail(imported->err);
  return {};
}

Verdict verdict_named(std::string_view name) {
  if (name == "HOLDS") return Verdict::holds;
  return name == "VIOLATED" ? Verdict::violated : Verdict::inconclusive;
}

// Takes one core's time while anybody needs it: what "a busy second core" means. Not one for each: those would leave none.
class Busy {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    if (++wanted_ > 1) return;
    thread_ = std::jthread([](const std::stop_token& stop) {
      for (volatile std::uint64_t spins = 0; !stop.stop_requested();) spins = spins + 1;
    });
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (--wanted_ == 0) thread_ = {};
  }

 private:
  std::mutex mutex_;
  int wanted_ = 0;
  std::jthread thread_;
};

class Runs {
 public:
  Runs(const std::vector<RealCase>& cases, const RealOptions& options) : cases_(cases), options_(options) {}

  RealOutcome run() {
    capture_ = folder_.path() / "checkouts.traffic";
    if (auto written = write_capture(folder_.path(), capture_); !written) {
      outcome_.failures.push_back("no capture: " + written.error().to_string());
      return std::move(outcome_);
    }
    began_ = Clock::now();
    {
      std::vector<std::jthread> workers;
      for (int job = 0; job < options_.jobs; ++job) workers.emplace_back([this] { work(); });
    }
    return std::move(outcome_);
  }

 private:
  // A run of every case, then another: what is cut short has some of each.
  void work() {
    const std::size_t all = cases_.size() * static_cast<std::size_t>(options_.runs);
    for (std::size_t at = next_++; at < all; at = next_++) {
      if (Clock::now() - began_ > options_.time_max) {
        const std::lock_guard lock(mutex_);
        ++outcome_.left_out;
        continue;
      }
      run_one(cases_[at % cases_.size()], options_.seed + at);
    }
  }

  void run_one(const RealCase& one, std::uint64_t seed) {
    std::string trouble;
    for (int attempt = 0; attempt < options_.tries; ++attempt) {
      const support::TempDir folder;
      const Stage stage{.service = support::free_port(),
                        .proxy = support::free_port(),
                        .dependency = support::free_port(),
                        .folder = folder.path(),
                        .capture = capture_};
      const auto said = run_in(stage, one, seed + 1000 * static_cast<std::uint64_t>(attempt));
      if (!said) {
        trouble = said.error().to_string();
        continue;
      }
      const std::lock_guard lock(mutex_);
      if (one.shows && !one.shows(stage)) {
        outcome_.matrix.leave_out(one.place);
        trouble = "its defect did not show";
        continue;
      }
      count(one, *said);
      return;
    }
    const std::lock_guard lock(mutex_);
    outcome_.failures.push_back(fmt::format("{}, {}: {}", one.place.subject, one.place.setting, trouble));
  }

  base::Result<Said> run_in(const Stage& stage, const RealCase& one, std::uint64_t seed) {
    Kept kept;
    const auto text = one.prepare(stage, kept);
    if (!text) return std::unexpected(text.error());
    const auto scenario = stage.folder / "scenario.yaml";
    if (auto written = support::write_file(scenario, *text); !written) return std::unexpected(written.error());
    const auto json = stage.folder / "run.json";
    const bool noisy = one.place.setting == "noisy";
    if (noisy) busy_.begin();
    const auto finished =
        support::run_to_end({.argv = {program(), "run", scenario.string(), "--out", (stage.folder / "out").string(),
                                      "--json", json.string(), "--seed", std::to_string(seed)}},
                            run_time_max);
    if (noisy) busy_.end();
    if (!finished) return std::unexpected(finished.error());
    const auto document = support::read_file(json);
    if (!document) return base::fail(fmt::format("exit code {}: {}", finished->exit_code, finished->err));
    return said_of(*document, one.expectation, one.parameter ? one.parameter->name : "");
  }

  void count(const RealCase& one, const Said& said) {
    outcome_.matrix.count(one.place, one.due, said.verdict, said.summaries);
    if (one.parameter && said.estimate)
      outcome_.matrix.measure(one.parameter->name, one.place.setting, *said.estimate, one.parameter->truth,
                              one.parameter->allowed, one.parameter->grain);
    if (!one.says.empty()) {
      if (said.summaries.contains(one.says)) outcome_.sentences.push_back(said.summaries);
      else
        outcome_.failures.push_back(fmt::format("{}, {}: the report does not say \"{}\" but \"{}\"", one.place.subject,
                                                one.place.setting, one.says, said.summaries));
    }
    if (!options_.progress) return;
    const char* const mark = right(one.due, said.verdict)            ? ""
                             : said.verdict == Verdict::inconclusive ? " (missed)"
                                                                     : " (WRONG)";
    options_.progress(fmt::format("{:>4} s  {}, {}: {}{}",
                                  std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began_).count(),
                                  one.place.subject, one.place.setting, verify::to_string(said.verdict), mark));
  }

  const std::vector<RealCase>& cases_;
  const RealOptions& options_;
  const support::TempDir folder_;
  std::filesystem::path capture_;
  Clock::time_point began_{};
  std::atomic<std::size_t> next_ = 0;
  Busy busy_;
  std::mutex mutex_;  // of the outcome
  RealOutcome outcome_;
};

}  // namespace

base::Result<Said> said_of(const std::string& json, const std::string& expectation, const std::string& parameter) try {
  Said said;
  std::vector<Verdict> verdicts;
  const boost::json::value document = boost::json::parse(json);
  for (const auto& finding : document.at("findings").as_array()) {
    if (finding.at("expectation").as_string() != expectation) continue;
    verdicts.push_back(verdict_named(finding.at("verdict").as_string()));
    said.summaries += (said.summaries.empty() ? "" : " | ") + std::string(finding.at("summary").as_string());
    for (const auto& check : finding.at("checks").as_array()) {
      const auto& estimate = check.at("estimate");
      if (estimate.is_null() || estimate.at("of").as_string() != parameter) continue;
      said.estimate =
          verify::Estimate{parameter, estimate.at("low").to_number<double>(), estimate.at("high").to_number<double>()};
    }
  }
  if (verdicts.empty()) {
    return base::fail(fmt::format("no finding on {}: the run ended because {}", expectation,
                                  std::string(document.at("ended_because").as_string())));
  }
  said.verdict = verify::worst(verdicts);
  return said;
} catch (const std::exception& error) {
  return base::fail(std::string("the run's JSON cannot be read: ") + error.what());
}

RealOutcome run_all(const std::vector<RealCase>& cases, const RealOptions& options) {
  return Runs(cases, options).run();
}

}  // namespace stormproof::accuracy
