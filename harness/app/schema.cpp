// stormproof schema: prints the JSON Schema of scenarios.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "harness/app/commands.h"
#include "scenarios/fault_page.h"
#include "scenarios/schema.h"

namespace stormproof::app {

void add_schema(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("schema", "Print the JSON Schema of scenarios, for editors");
  auto faults = std::make_shared<bool>(false);
  command->add_flag("--faults", *faults, "print docs/faults.md instead: what can go wrong, with examples");
  command->callback([faults, &call] {
    call = [faults] {
      std::cout << (*faults ? scenarios::fault_page() : scenarios::schema());
      return ExitCode::pass;
    };
  });
}

}  // namespace stormproof::app
