#include "harness/app/commands.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "harness/app/version.h"

namespace stormproof::app {
namespace {

constexpr const char* about =
    "Tells, before a canary is promoted, whether a new version stands the traffic and the failures of production.";

constexpr const char* exit_codes =
    "Exit codes: 0 pass, 1 gate failed, 2 usage, 3 scenario or input invalid, 4 could not run, 5 inconclusive,\n"
    "70 internal error, 130/143 ended by SIGINT/SIGTERM.\n"
    "Results go to stdout, logs and progress to stderr.";

}  // namespace

ExitCode run_command_line(int argc, const char* const* argv) {
  CLI::App app(about, "stormproof");
  app.footer(exit_codes);
  app.set_version_flag("--version", std::string(version));
  app.require_subcommand(1);
  Call call;
  for (const auto add : {add_record, add_proxy, add_import, add_inspect, add_replay, add_compare, add_run, add_lint,
                         add_plan, add_heal, add_verify, add_report, add_schema}) {
    add(app, call);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? ExitCode::pass : ExitCode::usage;
  }
  return call();
}

}  // namespace stormproof::app
