// Commands: one a file, each known here by the function that adds it to the command line.
//
// add_X() declares the options and sets `call` when the subcommand is chosen; nothing runs while the line is read.
#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "harness/app/exit_code.h"

namespace stormproof::app {

using Call = std::function<ExitCode()>;

void add_record(CLI::App& app, Call& call);
void add_proxy(CLI::App& app, Call& call);
void add_heal(CLI::App& app, Call& call);
void add_import(CLI::App& app, Call& call);
void add_inspect(CLI::App& app, Call& call);
void add_replay(CLI::App& app, Call& call);
void add_compare(CLI::App& app, Call& call);
void add_run(CLI::App& app, Call& call);
void add_lint(CLI::App& app, Call& call);
void add_plan(CLI::App& app, Call& call);
void add_verify(CLI::App& app, Call& call);
void add_report(CLI::App& app, Call& call);
void add_schema(CLI::App& app, Call& call);

// Reads the line, runs the subcommand; the whole program but for the start.
ExitCode run_command_line(int argc, const char* const* argv);

}  // namespace stormproof::app
