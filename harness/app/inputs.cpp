#include "harness/app/inputs.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "reports/run_store.h"
#include "scenarios/parser.h"

namespace stormproof::app {

ExitCode complain(std::string_view command, ExitCode code, const base::Error& error) {
  std::cerr << "stormproof " << command << ": " << error.to_string() << "\n";
  return code;
}

std::optional<scenarios::Scenario> load_scenario(const std::string& file,
                                                 std::map<std::string, std::string>* variables) {
  const scenarios::Environment outer = scenarios::process_environment();
  auto scenario = scenarios::load(file, [&](std::string_view name) {
    const auto value = outer(name);
    if (value && variables != nullptr && !name.starts_with(scenarios::secret_prefix)) {
      variables->insert_or_assign(std::string(name), *value);
    }
    return value;
  });
  if (scenario) {
    for (const std::string& warning : scenario->warnings) std::cerr << warning;
    return std::move(*scenario);
  }
  std::cerr << scenarios::render(scenario.error());
  return std::nullopt;
}

base::Result<scenarios::Scenario> scenario_of(const reports::RunRecord& record) {
  // Secrets were not stored, and no verdict depends on them.
  auto scenario = scenarios::parse(record.scenario_text, record.scenario_file,
                                   [&](std::string_view name) -> std::optional<std::string> {
                                     if (name.starts_with(scenarios::secret_prefix)) return "(secret)";
                                     const auto known = record.variables.find(std::string(name));
                                     if (known == record.variables.end()) return std::nullopt;
                                     return known->second;
                                   });
  if (scenario) return std::move(*scenario);
  return base::fail("the scenario of the stored run cannot be read any more:\n" + scenarios::render(scenario.error()));
}

base::Result<reports::RunRecord> load_run(const std::string& run, const std::string& db) {
  namespace fs = std::filesystem;
  std::string store_file = db.empty() ? (fs::path(default_output_folder) / store_name).string() : db;
  bool latest = run == "latest";
  std::error_code ignored;
  if (fs::is_directory(run, ignored)) {
    store_file = (fs::path(run) / store_name).string();
    latest = true;
  } else if (fs::is_regular_file(run, ignored)) {
    store_file = run;
    latest = true;
  }
  if (!fs::exists(store_file, ignored)) {
    return base::fail("there is no run store at " + store_file + "; name one with --db, or the folder of --out");
  }
  auto store = reports::RunStore::open(store_file);
  if (!store) return std::unexpected(store.error());
  return latest ? store->latest() : store->load(run);
}

}  // namespace stormproof::app
