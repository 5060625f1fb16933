// Matrix: how often the verifier is right: subjects by settings, with the verdicts counted, and its estimates.
//
// A value without I/O. A cell is a subject in a setting, with the verdict that is due there. A wrong HOLDS is one where
// another is due; a wrong VIOLATED is one of a subject without a defect. An INCONCLUSIVE is never wrong, but where a verdict
// was due it is a miss, and counted as one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/verify/finding.h"

namespace stormproof::accuracy {

inline constexpr double wrong_violated_share_max = 0.01;
inline constexpr double inside_share_min = 0.95;
inline constexpr double width_ratio_max = 2;  // of an estimate, in comparison with what theory allows
inline constexpr std::size_t examples_max = 20;

struct Place {
  std::string subject;  // "breaker that leaks 1 %"
  std::string setting;  // "clean", "noisy", "starved"
  auto operator<=>(const Place&) const = default;
};

enum class Due : std::uint8_t {
  holds,
  violated,
  inconclusive,  // starved, and nothing is wrong with it
  no_holds,      // starved, and defective: there may be too little to see it, but one counterexample is proof
};
bool innocent(Due due);
bool right(Due due, verify::Verdict found);

struct Cell {
  Due due = Due::holds;
  std::uint64_t holds = 0;
  std::uint64_t violated = 0;
  std::uint64_t inconclusive = 0;
  std::uint64_t runs() const { return holds + violated + inconclusive; }
  std::uint64_t of(verify::Verdict verdict) const;
  std::uint64_t right() const;
};

// One parameter in one setting.
struct Precision {
  std::uint64_t runs = 0;
  std::uint64_t inside = 0;
  double width = 0;    // sums over the runs
  double allowed = 0;  // by theory
};

class Matrix {
 public:
  // Which of the subjects and settings come first is the order in which they are first counted.
  void count(const Place& place, Due due, verify::Verdict found, const std::string& example = "");
  // A run in which the defect had no effect on anything that could be seen: not counted, but said.
  void leave_out(const Place& place) { ++left_out_[place]; }
  // `allowed`: the width of the interval that theory gives for so much traffic; `grain`: the finest that can be told.
  void measure(const std::string& parameter, const std::string& setting, const verify::Estimate& found, double truth,
               double allowed, double grain);

  std::uint64_t runs() const;
  std::uint64_t wrong_holds() const;
  std::uint64_t wrong_violated() const;
  // Runs of subjects without a defect: what a wrong VIOLATED is a share of.
  std::uint64_t innocent() const;
  bool good() const;  // no wrong HOLDS, few wrong VIOLATED

  const std::map<Place, Cell>& cells() const { return cells_; }
  // As "parameter, setting".
  const std::map<Place, Precision>& precisions() const { return precisions_; }
  const std::vector<std::string>& examples() const { return examples_; }  // of wrong verdicts and of misses

  // Tables in Markdown, without a heading.
  std::string verdict_table() const;
  std::string precision_table() const;
  // "0 wrong HOLDS, 1 wrong VIOLATED of 200 (0.5 %), 12 inconclusive where a verdict was due, in 620 runs".
  std::string summary() const;

 private:
  std::vector<std::string> subjects_;
  std::vector<std::string> settings_;
  std::vector<std::string> parameters_;
  std::map<Place, Cell> cells_;
  std::map<Place, std::uint64_t> left_out_;
  std::map<Place, Precision> precisions_;
  std::vector<std::string> examples_;
};

}  // namespace stormproof::accuracy
