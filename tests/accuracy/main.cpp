// Accuracy: `./dev accuracy`: how often the verifier is right. See README.md.
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/accuracy/document.h"
#include "tests/accuracy/simulated.h"

namespace {

using namespace stormproof::accuracy;

constexpr int simulated_runs = 200;
constexpr int simulated_runs_quick = 20;
constexpr int real_runs = 20;
constexpr int real_runs_quick = 1;
// Runs are mostly waiting; fewer at a time where figures are for the record.
constexpr int jobs_full = 4;
constexpr int jobs_quick = 5;
constexpr std::chrono::seconds quick_time_max = std::chrono::minutes(6);

struct Options {
  bool quick = false;
  bool examples = false;
  int simulated = -1;
  int real = -1;
  int jobs = 0;
  int minutes = 0;
  std::string only;
  std::string mechanism;
  std::uint64_t seed = 1;
  std::string out;
};

// All mechanisms, or the one of this name.
Matrix simulated(int runs, std::uint64_t seed, std::string_view mechanism) {
  Matrix matrix;
  if (runs == 0) return matrix;
  using Judge = void (*)(Matrix&, int, std::uint64_t);
  const std::pair<std::string_view, Judge> all[] = {
      {"breakers", judge_breakers},   {"scopes", judge_scopes},         {"limiters", judge_limiters},
      {"probes", judge_probes},       {"timeouts", judge_timeouts},     {"retries", judge_retries},
      {"failovers", judge_failovers}, {"bulkheads", judge_bulkheads},   {"overloads", judge_overloads},
      {"fallbacks", judge_fallbacks}, {"recoveries", judge_recoveries}, {"traces", judge_traces}};
  for (const auto& [name, judge] : all) {
    if (mechanism.empty() || mechanism == name) judge(matrix, runs, seed);
  }
  return matrix;
}

std::string today() {
  const auto day = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::chrono::year_month_day date(day);
  return fmt::format("{}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

RealOutcome real(const Options& options, int runs, std::vector<std::string>& skipped) {
  std::vector<RealCase> cases = real_cases(skipped);
  std::erase_if(cases, [&](const RealCase& one) {
    return !(one.place.subject + ", " + one.place.setting).contains(options.only);
  });
  RealOptions how{.runs = runs,
                  .jobs = options.jobs > 0 ? options.jobs
                          : options.quick  ? jobs_quick
                                           : jobs_full,
                  .seed = options.seed};
  if (options.quick) how.time_max = quick_time_max;
  if (options.minutes > 0) how.time_max = std::chrono::minutes(options.minutes);
  how.progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  return run_all(cases, how);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("How often the verifier is right: subjects by settings");
  app.add_flag("--quick", options.quick, "the half that CI runs");
  app.add_flag("--examples", options.examples, "print runs with a verdict that was not due");
  app.add_option("--simulated", options.simulated, "runs of each simulated subject in each setting");
  app.add_option("--mechanism", options.mechanism, "of the simulated ones only this: breakers, limiters, probes, ...");
  app.add_option("--real", options.real, "runs of each real one");
  app.add_option("--only", options.only, "real subjects whose name, or \"name, setting\", has these letters");
  app.add_option("--jobs", options.jobs, "real runs at a time")->check(CLI::PositiveNumber);
  app.add_option("--minutes", options.minutes, "no real run begins later");
  app.add_option("--seed", options.seed, "of the first run");
  app.add_option("--out", options.out,
                 "also write the document here; with --real 0 the real half that stands there is kept");
  CLI11_PARSE(app, argc, argv);
  Halves halves{.quick = options.quick};
  halves.simulated_runs = options.simulated >= 0 ? options.simulated
                          : options.quick        ? simulated_runs_quick
                                                 : simulated_runs;
  halves.real_runs = options.real >= 0 ? options.real : options.quick ? real_runs_quick : real_runs;
  halves.simulated = simulated(halves.simulated_runs, options.seed, options.mechanism);
  if (halves.real_runs > 0) halves.real = real(options, halves.real_runs, halves.skipped);
  halves.day = today();
  if (std::ifstream earlier(options.out); halves.real_runs == 0 && earlier)
    halves.earlier_real = real_half_of(std::string(std::istreambuf_iterator<char>(earlier), {}));
  const std::string document = document_of(halves);
  fmt::print("{}", document);
  if (!options.out.empty()) std::ofstream(options.out) << document;
  if (options.examples) {
    fmt::print("\n{}\n", fmt::join(halves.simulated.examples(), "\n"));
    fmt::print("\n{}\n", fmt::join(halves.real.matrix.examples(), "\n"));
  }
  const char* const ci = std::getenv("CI");
  const bool nothing_skipped = halves.skipped.empty() || ci == nullptr || std::string_view(ci) != "true";
  return good(halves) && nothing_skipped ? 0 : 1;
}
