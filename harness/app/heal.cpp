// stormproof heal: undoes what the journal of a run that was killed says.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "faults/journal.h"
#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/run/healing.h"

namespace stormproof::app {
namespace {

struct HealOptions {
  std::string journal;
  pid_t watch = 0;
};

// The journals that a path means: itself, or those in the folder whose runs are over.
std::vector<std::string> journals_of(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::string> journals;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".journal" && !faults::owner_lives(entry.path().string()))
      journals.push_back(entry.path().string());
  }
  return journals;
}

ExitCode heal_now(const HealOptions& options) {
  if (!std::filesystem::exists(options.journal) && options.watch == 0)
    return complain("heal", ExitCode::invalid_input, {.message = options.journal + " is not there"});
  ExitCode code = ExitCode::pass;
  bool any = false;
  for (const std::string& journal : journals_of(options.journal)) {
    const auto healed = options.watch > 0 ? run::heal_after(options.watch, journal) : run::heal(journal);
    if (!healed) return complain("heal", ExitCode::invalid_input, healed.error());
    for (const std::string& done : healed->undone) std::cout << "healed  " << done << "\n";
    for (const std::string& failed : healed->failed)
      code = complain("heal", ExitCode::could_not_run, {.message = failed});
    any = any || !healed->undone.empty() || !healed->clean();
  }
  if (!any) std::cout << "nothing to heal\n";
  return code;
}

}  // namespace

void add_heal(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("heal", "Undo the faults of a run that was killed, as its journal says");
  auto options = std::make_shared<HealOptions>();
  options->journal = default_output_folder;
  command->add_option("JOURNAL", options->journal, "the journal, or the output folder of the run")
      ->capture_default_str();
  command->add_option("--watch", options->watch, "wait until this process has ended, then heal: the watchdog of a run");
  command->callback([options, &call] { call = [options] { return heal_now(*options); }; });
}

}  // namespace stormproof::app
