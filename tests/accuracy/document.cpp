#include "tests/accuracy/document.h"

#include <fmt/format.h>

namespace stormproof::accuracy {
namespace {

constexpr std::string_view introduction = R"(# How often the verifier is right

`./dev accuracy` makes this page; do not edit it by hand. `./dev accuracy --quick` is CI's half: fewer runs of the same cases, and
exit code 1 where a verdict is wrong. Its two halves may be made apart: each says on which day it was run.

Every subject is right, or has one seeded defect, and is judged in three settings. **Clean**: nothing else is wrong. **Noisy**: 5 % of
the dependency's answers are errors anyway, its latencies vary by ± 30 %, and (real subjects) another program takes a core.
**Starved**: too little traffic to tell. A cell counts verdicts: H holds, V violated, I inconclusive; wrong ones are bold.

What is due: HOLDS for a subject that is right, VIOLATED for a defect, INCONCLUSIVE for a starved subject that is right. A starved
defect must never hold; VIOLATED is right there, too, where one counterexample is proof (a call too many, a write sent twice).
A *wrong HOLDS* is one where another verdict was due, a *wrong VIOLATED* one of a subject without a defect. "Not counted" are runs in
which a defect of chance (a leak of 1 %) happened not to act, by the subject's own account.
)";

constexpr std::string_view real_heading = "\n## Real subjects";

std::string run_on(const std::string& day) { return day.empty() ? "" : fmt::format("Run on {}. ", day); }

constexpr std::string_view precision_introduction = R"(
How wide an interval may be, by theory: a **sleep window** lies between the last request that was suppressed and the probe, so 2 gaps
between requests, divided by the cycles where arrivals are random, and 4 ms that two clocks may differ by. A **rate** is known to one admission
at either end of the phase: 2 divided by its length. A **burst** is whole. A **timeout** is known to what the proxy and the service see apart
(5 ms). **Attempts** and **half-open calls** are counted. A **recovery** is known to one stretch of 100 ms, or of 20 requests.
)";

void add_half(std::string& text, const Matrix& matrix, const std::string& day) {
  text += fmt::format("{}\n{}\n{}{}", run_on(day) + matrix.summary() + ".\n", matrix.verdict_table(),
                      precision_introduction.substr(1), "\n" + matrix.precision_table());
}

void add_list(std::string& text, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  text += fmt::format("\n{}\n\n", title);
  for (const std::string& line : lines) text += fmt::format("- {}\n", line);
}

}  // namespace

bool good(const Halves& halves) {
  const Matrix& simulated = halves.simulated;
  const Matrix& real = halves.real.matrix;
  const bool all_there =
      (halves.simulated_runs == 0 || simulated.runs() > 0) && (halves.real_runs == 0 || real.runs() > 0);
  const auto allowed = wrong_violated_share_max * static_cast<double>(simulated.innocent() + real.innocent());
  const bool few_violated = static_cast<double>(simulated.wrong_violated() + real.wrong_violated()) <= allowed;
  return all_there && simulated.wrong_holds() + real.wrong_holds() == 0 && few_violated && halves.real.failures.empty();
}

std::string document_of(const Halves& halves) {
  std::string text(introduction);
  if (halves.simulated_runs > 0) {
    text += fmt::format("\n## Simulated time: {} runs of each subject in each setting\n\n", halves.simulated_runs);
    add_half(text, halves.simulated, halves.day);
  }
  if (halves.real_runs > 0) {
    text += fmt::format("{}, on loopback, with the real program: {} run{} of each\n\n", real_heading, halves.real_runs,
                        halves.real_runs == 1 ? "" : "s");
    text += fmt::format("{}{}.\n\n{}\n{}", run_on(halves.day), halves.real.matrix.summary(),
                        halves.real.matrix.verdict_table(), halves.real.matrix.precision_table());
    if (!halves.real.sentences.empty())
      text += fmt::format(
          "\nHAProxy with `retry-on 500`, whose ingress looks well, in the words of the report ({} of {} runs):\n\n> "
          "{}\n",
          halves.real.sentences.size(), halves.real.sentences.size(), halves.real.sentences.front());
    if (halves.real.left_out > 0)
      text += fmt::format("\n{} runs were left out for want of time.\n", halves.real.left_out);
    add_list(text, "Runs that could not take place:", halves.real.failures);
    add_list(text, "Subjects that were skipped:", halves.skipped);
  }
  if (halves.real_runs == 0) text += halves.earlier_real;
  return text;
}

std::string real_half_of(const std::string& document) {
  const auto at = document.find(real_heading);
  return at == std::string::npos ? "" : document.substr(at);
}

}  // namespace stormproof::accuracy
