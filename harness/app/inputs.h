// Inputs: what several subcommands read in the same way, with their words to standard error.
#pragma once

#include <optional>
#include <string>

#include "harness/app/exit_code.h"
#include "harness/base/error.h"
#include "reports/run_record.h"
#include "scenarios/model.h"

namespace stormproof::app {

// "stormproof run: cannot listen on …" to standard error; gives `code` back.
ExitCode complain(std::string_view command, ExitCode code, const base::Error& error);

// A scenario from its file, with every diagnostic printed where it has mistakes, and its warnings where
// it has none. The values of the environment
// that it used are put into `variables`, secrets left out.
std::optional<scenarios::Scenario> load_scenario(const std::string& file,
                                                 std::map<std::string, std::string>* variables = nullptr);

// The scenario of a stored run, as it was read then.
base::Result<scenarios::Scenario> scenario_of(const reports::RunRecord& record);

// A stored run: its id in the store `db`, the path of a store or of a folder with one (its latest run), or "latest".
base::Result<reports::RunRecord> load_run(const std::string& run, const std::string& db);

inline constexpr const char* default_output_folder = "stormproof-out";
inline constexpr const char* store_name = "stormproof.db";

}  // namespace stormproof::app
