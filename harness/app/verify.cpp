// stormproof verify: judges a stored run again, to the same result.

#include <CLI/CLI.hpp>

#include "harness/app/commands.h"
#include "harness/app/gate.h"
#include "harness/app/inputs.h"
#include "harness/app/outputs.h"
#include "harness/verify/judge.h"
#include "reports/json.h"

namespace stormproof::app {
namespace {

struct VerifyOptions {
  std::string run;
  std::string db;
};

ExitCode verify_again(const VerifyOptions& options) {
  auto record = load_run(options.run, options.db);
  if (!record) return complain("verify", ExitCode::invalid_input, record.error());
  const auto scenario = scenario_of(*record);
  if (!scenario) return complain("verify", ExitCode::invalid_input, scenario.error());
  record->findings = verify::judge(record->log, *scenario);
  if (const auto written = write_whole("-", reports::render_json(*record)); !written) {
    return complain("verify", ExitCode::could_not_run, written.error());
  }
  return exit_code_of(*record, scenario->gate);
}

}  // namespace

void add_verify(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("verify", "Judge a stored run again; prints the run's JSON");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("RUN", options->run, "a run's id, 'latest', a run store, or the folder of one")->required();
  command->add_option("--db", options->db, "the run store (default: stormproof-out/stormproof.db)");
  command->callback([options, &call] { call = [options] { return verify_again(*options); }; });
}

}  // namespace stormproof::app
