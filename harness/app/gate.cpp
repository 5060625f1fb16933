#include "harness/app/gate.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace stormproof::app {

ExitCode exit_code_of(const reports::RunRecord& record, const scenarios::Gate& gate) {
  const std::string_view ended = record.ended_because;
  if (ended.starts_with("interrupted (SIGINT)")) return ExitCode::interrupted;
  if (ended.starts_with("interrupted (SIGTERM)")) return ExitCode::terminated;
  if (ended.starts_with("steady state")) return ExitCode::could_not_run;
  const auto found = [&record](verify::Verdict verdict) {
    return std::ranges::any_of(record.findings,
                               [&](const verify::Finding& finding) { return finding.verdict == verdict; });
  };
  const bool aborted = ended.starts_with("aborted");
  if (gate.on_violated && (aborted || found(verify::Verdict::violated))) return ExitCode::gate_failed;
  if (gate.on_inconclusive && (record.findings.empty() || found(verify::Verdict::inconclusive)))
    return ExitCode::inconclusive;
  return ExitCode::pass;
}

ExitCode worse(ExitCode a, ExitCode b) {
  // From the least to the most that must be known first.
  constexpr std::array order = {ExitCode::pass,          ExitCode::inconclusive,  ExitCode::gate_failed,
                                ExitCode::could_not_run, ExitCode::invalid_input, ExitCode::usage,
                                ExitCode::interrupted,   ExitCode::terminated,    ExitCode::internal};
  return std::max(a, b,
                  [&](ExitCode x, ExitCode y) { return std::ranges::find(order, x) < std::ranges::find(order, y); });
}

}  // namespace stormproof::app
