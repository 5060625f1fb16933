// stormproof schema: prints the JSON Schema of scenarios.

#include <CLI/CLI.hpp>
#include <iostream>

#include "harness/app/commands.h"
#include "scenarios/schema.h"

namespace stormproof::app {

void add_schema(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("schema", "Print the JSON Schema of scenarios, for editors");
  command->callback([&call] {
    call = [] {
      std::cout << scenarios::schema();
      return ExitCode::pass;
    };
  });
}

}  // namespace stormproof::app
