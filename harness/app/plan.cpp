// stormproof plan: the timeline of a scenario, and which recorded requests each of its rules will hit. Nothing is sent.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/base/units.h"
#include "harness/run/preview.h"
#include "harness/run/traffic_shape.h"
#include "harness/verify/foresight.h"
#include "harness/verify/judge.h"
#include "replay/script.h"

namespace stormproof::app {
namespace {

struct PlanOptions {
  std::string scenario;
  std::uint64_t seed = 0;
  std::string check;
  std::string db;
  std::size_t show = 10;
  bool json = false;
};

double seconds(base::Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

boost::json::array json_of(const std::vector<run::ProbeStepPreview>& steps) {
  boost::json::array all;
  for (const run::ProbeStepPreview& step : steps) {
    all.push_back(boost::json::object{{"step", step.name},
                                      {"begin_s", seconds(step.begin)},
                                      {"end_s", seconds(step.end)},
                                      {"requests", step.requests}});
  }
  return all;
}

// What will have no answer, however well the service does.
std::vector<verify::Foreseen> foreseen(const run::Preview& preview, const scenarios::Scenario& scenario) {
  std::vector<verify::PlannedTraffic> planned;
  for (const run::PhasePreview& phase : preview.phases) planned.push_back({phase.requests, phase.end - phase.begin});
  return verify::foresee(scenario, planned);
}

boost::json::array json_of(const std::vector<verify::Foreseen>& foreseen) {
  boost::json::array all;
  for (const verify::Foreseen& one : foreseen)
    all.push_back(boost::json::object{{"phase", one.phase},
                                      {"line", one.line},
                                      {"claim", one.claim},
                                      {"missing", one.missing},
                                      {"enough", one.enough}});
  return all;
}

boost::json::object json_of(const run::Preview& preview, const PlanOptions& options,
                            const scenarios::Scenario& scenario) {
  boost::json::array phases, rules;
  for (const run::PhasePreview& phase : preview.phases) {
    boost::json::object one{{"name", phase.name},
                            {"begin_s", seconds(phase.begin)},
                            {"end_s", seconds(phase.end)},
                            {"requests", phase.requests}};
    if (!phase.probe_steps.empty()) one["probe"] = json_of(phase.probe_steps);
    phases.push_back(std::move(one));
  }
  for (const run::RulePreview& rule : preview.rules) {
    boost::json::array hits;
    for (const run::Hit& hit : rule.hits) {
      hits.push_back(boost::json::object{
          {"request", hit.request}, {"recorded", hit.recorded}, {"at_s", seconds(hit.at)}, {"call", hit.call}});
    }
    rules.push_back(boost::json::object{{"rule", rule.id},
                                        {"phase", rule.phase},
                                        {"on", rule.on},
                                        {"effect", rule.effect},
                                        {"begin_s", seconds(rule.begin)},
                                        {"end_s", seconds(rule.end)},
                                        {"basis", rule.basis},
                                        {"known", rule.known},
                                        {"considered", rule.considered},
                                        {"hits", std::move(hits)}});
  }
  return {{"schema", "stormproof.plan/1"},
          {"scenario", scenario.name},
          {"seed", options.seed},
          {"requests", preview.requests},
          {"phases", std::move(phases)},
          {"rules", std::move(rules)},
          {"no_verdict", json_of(foreseen(preview, scenario))}};
}

void print_of(std::string_view phase, const std::vector<verify::Foreseen>& warnings) {
  for (const verify::Foreseen& one : warnings) {
    if (one.phase == phase)
      std::cout << fmt::format("    line {}: {} cannot be answered: {}\n      enough: {}\n", one.line, one.claim,
                               one.missing, one.enough);
  }
}

void print(const run::Preview& preview, const PlanOptions& options, const scenarios::Scenario& scenario) {
  std::cout << fmt::format("{}, seed {}: {} requests, nothing is sent\n\n", scenario.name, options.seed,
                           preview.requests);
  const std::vector<verify::Foreseen> warnings = foreseen(preview, scenario);
  for (const run::PhasePreview& phase : preview.phases) {
    std::cout << fmt::format("{:>9} to {:>9}  {}: {} requests\n", base::format_duration_exact(phase.begin),
                             base::format_duration_exact(phase.end), phase.name, phase.requests);
    if (!phase.probe_steps.empty())
      std::cout << "    a probe, of stormproof's own making; the traffic of the capture rests meanwhile\n";
    for (const run::ProbeStepPreview& step : phase.probe_steps) {
      if (step.requests == 0) continue;
      std::cout << fmt::format("    {:>9} to {:>9}  {}: {} requests\n", base::format_duration(step.begin),
                               base::format_duration(step.end), step.name, step.requests);
    }
    for (const run::RulePreview& rule : preview.rules) {
      if (rule.phase != phase.name) continue;
      std::cout << fmt::format("    {} on {}: {}, from {} to {}\n", rule.id, rule.on, rule.effect,
                               base::format_duration_exact(rule.begin), base::format_duration_exact(rule.end));
      if (rule.hits.empty() && !rule.basis.empty() && rule.considered == 0) {
        std::cout << fmt::format("      no request is known to cause a call that it matches ({})\n", rule.basis);
        continue;
      }
      std::cout << fmt::format("      hits {} of {} requests: {}\n",
                               rule.hits.empty() ? "some" : std::to_string(rule.hits.size()), rule.considered,
                               rule.basis);
      for (std::size_t i = 0; i < std::min(rule.hits.size(), options.show); ++i) {
        const run::Hit& hit = rule.hits[i];
        std::cout << fmt::format("        request {} (recorded as {}) at {:.3f}s{}{}\n", hit.request, hit.recorded,
                                 seconds(hit.at), hit.call.empty() ? "" : ", ", hit.call);
      }
      if (rule.hits.size() > options.show)
        std::cout << fmt::format("        and {} more (--json names all)\n", rule.hits.size() - options.show);
    }
    for (const scenarios::Phase& planned : scenario.phases) {
      if (planned.name != phase.name) continue;
      for (const scenarios::ProcessFault& fault : planned.processes)
        std::cout << fmt::format("    {} at {}\n", fault.id, base::format_duration_exact(phase.begin + fault.after));
    }
    print_of(phase.name, warnings);
  }
  if (!scenario.expect.empty()) std::cout << fmt::format("{:>25}{}\n", "", verify::whole_run_name);
  print_of(verify::whole_run_name, warnings);
}

// Whether it hit what the run hit whose faults it made again; that one is in the same store.
ExitCode check_replay(const PlanOptions& options, const scenarios::Scenario& scenario, const reports::RunRecord& record,
                      const std::string& earlier_id) {
  std::error_code ignored;
  const auto store = std::filesystem::is_directory(options.check, ignored)      ? options.check + "/" + store_name
                     : std::filesystem::is_regular_file(options.check, ignored) ? options.check
                                                                                : options.db;
  const auto earlier = load_run(earlier_id, store);
  if (!earlier) return complain("plan", ExitCode::invalid_input, earlier.error());
  const faults::Replayed fired = run::fired_in(earlier->log);
  const run::Agreement found = run::agreement(scenario, record.log, record.seed, &fired);
  std::cout << fmt::format("the ledger of {}: {} of {} decisions are those of {}, whose faults it made again\n",
                           record.id, found.agreeing, found.decisions, earlier->id);
  return found.agreeing == found.decisions ? ExitCode::pass : ExitCode::gate_failed;
}

// Whether the ledger of a run says what this plan draws.
ExitCode check(const PlanOptions& options, const scenarios::Scenario& scenario) {
  const auto record = load_run(options.check, options.db);
  if (!record) return complain("plan", ExitCode::invalid_input, record.error());
  const auto again = record->digests.find(std::string(reports::faults_of_run));
  if (again != record->digests.end()) return check_replay(options, scenario, *record, again->second);
  const run::Agreement found = run::agreement(scenario, record->log, record->seed);
  std::cout << fmt::format(
      "the ledger of {}: {} of {} drawn decisions agree; {} were made by counts, quotas or ramps\n", record->id,
      found.agreeing, found.decisions, found.undrawn);
  return found.agreeing == found.decisions ? ExitCode::pass : ExitCode::gate_failed;
}

ExitCode plan(const PlanOptions& options) {
  const auto scenario = load_scenario(options.scenario);
  if (!scenario) return ExitCode::invalid_input;
  if (!options.check.empty()) return check(options, *scenario);
  const auto capture = std::filesystem::path(scenario->file).parent_path() / scenario->traffic.capture;
  replay::ScriptOptions script_options = run::script_of(*scenario, options.seed);
  script_options.memory_max = ~std::uint64_t{0};  // what is hit is told by its head
  const auto script = replay::load_script(capture.string(), script_options);
  if (!script) return complain("plan", ExitCode::invalid_input, script.error());
  const auto preview = run::preview(*scenario, *script, options.seed);
  if (!preview) return complain("plan", ExitCode::invalid_input, preview.error());
  if (options.json) std::cout << boost::json::serialize(json_of(*preview, options, *scenario)) << "\n";
  else print(*preview, options, *scenario);
  return ExitCode::pass;
}

}  // namespace

void add_plan(CLI::App& app, Call& call) {
  auto* command =
      app.add_subcommand("plan", "Show a scenario's timeline and which requests its faults will hit; nothing is sent");
  auto options = std::make_shared<PlanOptions>();
  command->add_option("SCENARIO", options->scenario, "the scenario file")->required();
  command->add_option("--seed", options->seed, "the seed that the run will have")->capture_default_str();
  command->add_option("--check", options->check, "compare the ledger of this run with what its rules draw, instead");
  command->add_option("--db", options->db, "the run store of --check (default: stormproof-out/stormproof.db)");
  command->add_option("--show", options->show, "how many hits of a rule are printed")->capture_default_str();
  command->add_flag("--json", options->json, "print stormproof.plan/1 with every hit");
  command->callback([options, &call] { call = [options] { return plan(*options); }; });
}

}  // namespace stormproof::app
