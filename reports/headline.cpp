#include "reports/headline.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/escape.h"

namespace stormproof::reports {
namespace {

using verify::Finding;
using verify::Verdict;

const Finding* first_with(const RunRecord& record, Verdict verdict) {
  const auto found = std::ranges::find(record.findings, verdict, &Finding::verdict);
  return found == record.findings.end() ? nullptr : &*found;
}

// What a finding says for itself: its summary, else what it lacked, else its name.
std::string words_of(const Finding& finding) {
  std::string words = finding.summary;
  if (words.empty()) {
    const auto lacking =
        std::ranges::find_if(finding.checks, [](const verify::Check& check) { return !check.missing.empty(); });
    words = lacking != finding.checks.end() ? lacking->missing : finding.expectation;
  }
  if (!words.empty() && !words.ends_with('.')) words += '.';
  return words;
}

std::string sentence_of(const RunRecord& record, const Headline& told) {
  const std::uint64_t all = told.holds + told.violated + told.inconclusive;
  if (all == 0) return "Nothing was judged: the scenario has no expectations, or the run did not come to them.";
  if (told.verdict == Verdict::holds) {
    return all == 1 ? "The one expectation holds." : fmt::format("All {} expectations hold.", all);
  }
  const Finding* const first = first_with(record, told.verdict);
  std::string sentence = words_of(*first);
  const std::uint64_t count = told.verdict == Verdict::violated ? told.violated : told.inconclusive;
  if (count > 1) {
    sentence += fmt::format(" ({} more {} {}.)", count - 1, count == 2 ? "expectation is" : "expectations are",
                            told.verdict == Verdict::violated ? "violated" : "inconclusive");
  }
  return sentence;
}

}  // namespace

bool is_complete(const RunRecord& record) { return record.ended_because == "completed"; }

Headline headline(const RunRecord& record) {
  Headline told;
  std::vector<Verdict> verdicts;
  for (const Finding& finding : record.findings) {
    verdicts.push_back(finding.verdict);
    switch (finding.verdict) {
      case Verdict::holds: ++told.holds; break;
      case Verdict::violated: ++told.violated; break;
      case Verdict::inconclusive: ++told.inconclusive; break;
    }
  }
  told.verdict = verify::worst(verdicts);
  told.sentence = sentence_of(record, told);
  if (!is_complete(record)) {
    const std::string why = record.ended_because.empty() ? "no reason is recorded" : record.ended_because;
    told.sentence = fmt::format("The run ended early: {}. {}", why, told.sentence);
  }
  return told;
}

std::string rerun_command(const RunRecord& record) {
  return fmt::format("stormproof run {} --seed {}", shell_word(record.scenario_file), record.seed);
}

std::string verify_command(const RunRecord& record) { return "stormproof verify " + shell_word(record.id); }

}  // namespace stormproof::reports
