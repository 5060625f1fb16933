// stormproof compare: the same requests to a baseline and a candidate, and whether the candidate is worse.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/compare_options.h"
#include "harness/app/inputs.h"
#include "harness/app/outputs.h"
#include "harness/app/signals.h"
#include "replay/confirmation.h"
#include "replay/pairing.h"
#include "replay/production.h"
#include "replay/recorded_pairs.h"
#include "reports/comparison_report.h"

namespace stormproof::app {
namespace {

constexpr std::size_t settled_max = 50;     // differences whose requests are sent again and again
constexpr std::size_t reproduced_max = 20;  // differences for which the fewest requests are looked for

bool is_no_noise(const verify::JudgedDifference& judged) { return judged.cause != verify::Cause::noise; }

// What the targets are asked, from the first request to the last.
class Asking {
 public:
  Asking(replay::Pairing& pairing, const replay::Script& script, replay::Comparison& comparison,
         const verify::ComparisonGates& gates, std::uint64_t warm_up)
      : pairing_(pairing),
        script_(script),
        comparison_(comparison),
        gates_(gates),
        warm_up_(warm_up),
        confirmation_(pairing, script, comparison.rules()) {}

  base::Task<> all(wire::IoContext& io) {
    co_await pairing_.run([this](std::uint64_t number, std::size_t place, std::span<const replay::Answer> answers) {
      take(number, place, answers);
    });
    co_await settle();
    co_await reproduce();
    co_await pairing_.close();
    io.stop();
  }

 private:
  void take(std::uint64_t number, std::size_t place, std::span<const replay::Answer> answers) {
    const replay::ScriptRequest& request = script_.requests[place];
    comparison_.add({request.id, place, request.method, request.target}, answers.front(),
                    answers.size() > 2 ? &answers[1] : nullptr, answers.back(), number >= warm_up_);
  }

  base::Task<> settle() {
    const auto keys = verify::unsettled(comparison_, gates_, settled_max);
    const std::uint64_t times = verify::repeats_to_settle(comparison_, keys.size(), gates_);
    for (const auto& key : keys) {
      replay::DifferenceCounts& counts = comparison_.differences().at(key);
      counts.repeats = co_await confirmation_.repeat(key, counts.samples.front().place, times);
    }
  }

  base::Task<> reproduce() {
    std::size_t left = reproduced_max;
    const auto verdict = verify::judge(comparison_, gates_);
    for (const auto& judged : verdict.differences) {
      if (!is_no_noise(judged) || judged.counts->samples.empty() || left == 0) continue;
      --left;
      comparison_.differences().at(judged.key).reproduction =
          co_await confirmation_.reproduce(judged.key, judged.counts->samples.front().place);
    }
  }

  replay::Pairing& pairing_;
  const replay::Script& script_;
  replay::Comparison& comparison_;
  const verify::ComparisonGates& gates_;
  std::uint64_t warm_up_;
  replay::Confirmation confirmation_;
};

ExitCode exit_code_of(verify::Verdict verdict) {
  switch (verdict) {
    case verify::Verdict::holds: return ExitCode::pass;
    case verify::Verdict::violated: return ExitCode::gate_failed;
    case verify::Verdict::inconclusive: break;
  }
  return ExitCode::inconclusive;
}

ExitCode finish(reports::ComparisonReport& report, const CompareOptions& options,
                const verify::ComparisonGates& gates) {
  auto verdict = verify::judge(*report.comparison, gates);
  if (report.timing != nullptr) {
    if (const std::string lagged = reports::lagged(*report.timing); !lagged.empty()) withhold(verdict, lagged, false);
    if (const std::string held = reports::held_up(*report.timing); !held.empty()) withhold(verdict, held, true);
  }
  report.verdict = &verdict;
  report.gates = &gates;
  report.capture = options.file;
  report.seed = options.seed;
  const bool colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  const auto written =
      write_whole("-", options.json ? reports::comparison_json(report) : reports::comparison_text(report, colour));
  if (!written) return complain("compare", ExitCode::could_not_run, written.error());
  return exit_code_of(verdict.verdict);
}

ExitCode compare_recorded(const CompareOptions& options, const replay::DifferenceRules& rules,
                          const verify::ComparisonGates& gates) {
  replay::Comparison comparison(rules);
  const auto pairs = replay::compare_recorded(options.file, comparison);
  if (!pairs) return complain("compare", ExitCode::invalid_input, pairs.error());
  if (pairs->compared == 0) {
    return complain("compare", ExitCode::invalid_input,
                    {.message = fmt::format("{} holds no request with a shadow of it", options.file)});
  }
  reports::ComparisonReport report;
  report.comparison = &comparison;
  report.baseline = "the live answers";
  report.candidate = "their shadows";
  report.without_partner = pairs->live_only + pairs->shadow_only;
  return finish(report, options, gates);
}

bool nobody_answered(const replay::Comparison& comparison) {
  const auto silent = [](const std::map<int, std::uint64_t>& statuses) {
    return statuses.empty() || (statuses.size() == 1 && statuses.contains(0));
  };
  return silent(comparison.statuses()[0]) || silent(comparison.statuses()[2]);
}

ExitCode compare_live(const CompareOptions& options, const replay::DifferenceRules& rules,
                      const verify::ComparisonGates& gates, replay::PairingOptions pairing_options) {
  const auto script = replay::load_script(options.file, {.filter = {options.methods, options.paths},
                                                         .allow_writes = options.allow_writes,
                                                         .memory_max = ~std::uint64_t{0}});
  if (!script) return complain("compare", ExitCode::invalid_input, script.error());
  if (script->requests.empty()) {
    return complain(
        "compare", ExitCode::invalid_input,
        {.message = fmt::format("{} has no request to send ({} write and need --allow-writes, {} are not whole)",
                                options.file, script->writes_refused, script->not_replayable)});
  }
  auto targets = options.targets();
  if (!targets) return complain("compare", ExitCode::could_not_run, targets.error());
  for (const replay::PairingTarget& target : *targets) {
    const auto allowed = replay::refuse_production(script->meta, target.endpoint, wire::addresses_of);
    if (!allowed) return complain("compare", ExitCode::usage, allowed.error());
  }
  replay::Links links;
  if (!options.no_links) {
    auto found = replay::links_of(*script);
    if (!found) return complain("compare", ExitCode::invalid_input, found.error());
    links = std::move(*found);
    pairing_options.links = &links;
  }
  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  replay::Comparison comparison(rules);
  const std::size_t pairing_targets = targets->size();
  replay::Pairing pairing(io, clock, std::move(*targets), pairing_options, *script);
  Asking asking(pairing, *script, comparison, gates, options.warm_up(script->requests.size() * options.loop));
  Signals signals(io, [&] { pairing.stop(); });
  base::TaskGroup tasks;
  tasks.spawn(asking.all(io));
  io.run();

  if (!signals.caught() && nobody_answered(comparison)) {
    return complain("compare", ExitCode::could_not_run,
                    {.message = fmt::format("{} or {} answered nothing", options.baseline, options.candidate)});
  }
  reports::ComparisonReport report;
  report.comparison = &comparison;
  report.script = &*script;
  report.baseline = options.baseline;
  report.second = options.second;
  report.candidate = options.candidate;
  report.interrupted = signals.caught();
  if (pairing_options.pacing) report.timing = &pairing.timing();
  report.links = pairing.links_of(pairing_targets - 1);
  const ExitCode code = finish(report, options, gates);
  return signals.exit_code(code);
}

ExitCode run_compare(const CompareOptions& options) {
  if (const auto sound = options.check(); !sound) return complain("compare", ExitCode::usage, sound.error());
  const auto rules = options.rules();
  if (!rules) return complain("compare", ExitCode::usage, rules.error());
  const auto gates = options.gates();
  if (!gates) return complain("compare", ExitCode::usage, gates.error());
  const auto pairing = options.pairing();
  if (!pairing) return complain("compare", ExitCode::usage, pairing.error());
  return options.recorded ? compare_recorded(options, *rules, *gates) : compare_live(options, *rules, *gates, *pairing);
}

}  // namespace

void add_compare(CLI::App& app, Call& call) {
  auto* command =
      app.add_subcommand("compare", "Send the same requests to a baseline and a candidate, and judge the candidate");
  auto options = std::make_shared<CompareOptions>();
  options->add_to(*command);
  command->callback([options, &call] { call = [options] { return run_compare(*options); }; });
}

}  // namespace stormproof::app
