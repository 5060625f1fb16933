// stormproof lint: every mistake of every scenario at once.

#include <CLI/CLI.hpp>
#include <iostream>
#include <vector>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "scenarios/probe_schedule.h"

namespace stormproof::app {
namespace {

// How long a probe takes is its own to say.
void tell(const std::string& file, const scenarios::Scenario& scenario) {
  std::cout << file << ": ok (" << scenario.name << ")\n";
  for (const scenarios::Phase& phase : scenario.phases) {
    if (!phase.probe) continue;
    const auto schedule = scenarios::probe_schedule(*phase.probe, *scenarios::probed_claim(phase));
    std::cout << "    the probe of '" << phase.name << "' takes " << describe(schedule) << "\n";
  }
}

}  // namespace

void add_lint(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("lint", "Check scenarios; every mistake at once, with its place");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("SCENARIO", *files, "scenario files")->required();
  command->callback([files, &call] {
    call = [files] {
      ExitCode code = ExitCode::pass;
      for (const std::string& file : *files) {
        const auto scenario = load_scenario(file);
        if (scenario) tell(file, *scenario);
        else code = ExitCode::invalid_input;
      }
      return code;
    };
  });
}

}  // namespace stormproof::app
