// stormproof run: the main job. Runs scenarios, stores each run, writes its reports, answers with an exit code.

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <random>

#include "harness/app/commands.h"
#include "harness/app/gate.h"
#include "harness/app/inputs.h"
#include "harness/app/outputs.h"
#include "harness/app/signals.h"
#include "harness/app/version.h"
#include "harness/run/preview.h"
#include "harness/run/runner.h"
#include "reports/html.h"
#include "reports/json.h"
#include "reports/junit.h"
#include "reports/redaction.h"
#include "reports/run_store.h"
#include "reports/terminal.h"

namespace stormproof::app {
namespace {

struct RunOptions {
  std::vector<std::string> scenarios;
  std::string out = default_output_folder;
  std::string junit;
  std::string json;
  std::optional<std::uint64_t> seed;
  std::string replay_faults;
  bool strict = false;
};

// The run whose faults are to be made again. Its seed goes with them: without it the identities would be others.
base::Result<reports::RunRecord> run_with_faults(const RunOptions& options) {
  auto record = load_run(options.replay_faults, (std::filesystem::path(options.out) / store_name).string());
  if (record && options.seed && *options.seed != record->seed)
    return base::fail(fmt::format("the faults of {} go with its seed, {}", record->id, record->seed));
  return record;
}

// What `run` was asked to write of one run; the first trouble.
base::Result<void> store_and_render(const RunOptions& options, const reports::RunRecord& record,
                                    std::string& html_file) {
  const std::filesystem::path folder = options.out;
  auto store = reports::RunStore::open((folder / store_name).string());
  if (!store) return std::unexpected(store.error());
  if (const auto saved = store->save(record); !saved) return std::unexpected(saved.error());
  html_file = (folder / (record.id + ".html")).string();
  return write_whole(html_file, reports::render_html(record));
}

ExitCode run_one(const RunOptions& options, const std::string& file, std::vector<reports::RunRecord>& records) {
  std::map<std::string, std::string> variables;
  auto scenario = load_scenario(file, &variables);
  if (!scenario) return ExitCode::invalid_input;
  if (options.strict) scenario->gate.on_violated = scenario->gate.on_inconclusive = true;

  const base::SystemClock clock;
  run::Progress progress(std::cerr, run::terminal_is_live());
  progress.say(fmt::format("{} ({})", scenario->name, file));
  run::RunnerOptions runner_options;
  runner_options.seed = options.seed.value_or(std::random_device{}());
  runner_options.version = version;
  runner_options.output_folder = options.out;
  std::error_code no_proc;
  runner_options.watchdog = std::filesystem::read_symlink("/proc/self/exe", no_proc).string();
  std::string replayed_run;
  if (!options.replay_faults.empty()) {
    const auto earlier = run_with_faults(options);
    if (!earlier) return complain("run", ExitCode::invalid_input, earlier.error());
    replayed_run = earlier->id;
    runner_options.seed = earlier->seed;
    runner_options.replayed = std::make_shared<const faults::Replayed>(run::fired_in(earlier->log));
  }
  run::Runner runner(*scenario, runner_options, clock, progress);
  Signals signals(runner.io(), [&] {
    runner.interrupt(signals.exit_code(ExitCode::pass) == ExitCode::interrupted ? "interrupted (SIGINT)"
                                                                                : "interrupted (SIGTERM)");
  });
  auto record = runner.run();
  if (!record) {
    return complain("run", signals.exit_code(ExitCode::could_not_run), record.error());
  }
  record->variables = std::move(variables);
  if (!replayed_run.empty()) record->digests[std::string(reports::faults_of_run)] = replayed_run;
  reports::hide_secrets(*record, base::Secrets(scenario->secrets));

  std::string html_file;
  const auto written = store_and_render(options, *record, html_file);
  const bool to_terminal = options.json != "-" && options.junit != "-";
  if (to_terminal) {
    std::cout << reports::render_terminal(*record, run::terminal_has_colour());
    if (written) std::cout << "report    " << html_file << "\n";
    std::cout << "run       " << record->id << "\n" << std::flush;
  }
  const ExitCode code = exit_code_of(*record, scenario->gate);
  records.push_back(std::move(*record));
  if (!written) return worse(code, complain("run", ExitCode::could_not_run, written.error()));
  return code;
}

ExitCode run_all(const RunOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) {
    return complain("run", ExitCode::could_not_run,
                    {.message = "cannot make the folder " + options.out + ": " + error.message()});
  }
  ExitCode code = ExitCode::pass;
  std::vector<reports::RunRecord> records;
  for (const std::string& file : options.scenarios) {
    code = worse(code, run_one(options, file, records));
    if (code == ExitCode::interrupted || code == ExitCode::terminated) break;
  }
  if (records.empty()) return code;
  if (!options.junit.empty()) {
    const auto written = write_whole(options.junit, reports::render_junit(records));
    if (!written) code = worse(code, complain("run", ExitCode::could_not_run, written.error()));
  }
  if (!options.json.empty()) {
    std::string text;
    for (const reports::RunRecord& record : records) text += reports::render_json(record);
    const auto written = write_whole(options.json, text);
    if (!written) code = worse(code, complain("run", ExitCode::could_not_run, written.error()));
  }
  return code;
}

}  // namespace

void add_run(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("run", "Run scenarios: traffic, faults, verdicts; the main job");
  auto options = std::make_shared<RunOptions>();
  command->add_option("SCENARIO", options->scenarios, "scenario files")->required();
  command->add_option("--out", options->out, "folder for the run store and the HTML reports")->capture_default_str();
  command->add_option("--junit", options->junit, "also write JUnit XML to this file; - is standard output");
  command->add_option("--json", options->json, "also write JSON, a document a scenario; - is standard output");
  command->add_option("--seed", options->seed,
                      "seed of all chance; the same seed injects the same faults (default: random)");
  command->add_option("--replay-faults", options->replay_faults,
                      "make the faults of this run again, on the same requests, with its seed");
  command->add_flag("--strict", options->strict,
                    "fail on VIOLATED and on INCONCLUSIVE, whatever the scenario's gate says");
  command->callback([options, &call] { call = [options] { return run_all(*options); }; });
}

}  // namespace stormproof::app
