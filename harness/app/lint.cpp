// stormproof lint: every mistake of every scenario at once.

#include <CLI/CLI.hpp>
#include <iostream>
#include <vector>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"

namespace stormproof::app {

void add_lint(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("lint", "Check scenarios; every mistake at once, with its place");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("SCENARIO", *files, "scenario files")->required();
  command->callback([files, &call] {
    call = [files] {
      ExitCode code = ExitCode::pass;
      for (const std::string& file : *files) {
        const auto scenario = load_scenario(file);
        if (scenario) std::cout << file << ": ok (" << scenario->name << ")\n";
        else code = ExitCode::invalid_input;
      }
      return code;
    };
  });
}

}  // namespace stormproof::app
