#include "tests/accuracy/matrix.h"

#include <fmt/format.h>

#include <algorithm>

namespace stormproof::accuracy {
namespace {

using verify::Verdict;

void remember(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "–" : fmt::format("{:.3g} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

// "20 V", or "19 V, 1 I" with what is wrong in bold.
std::string shown(const Cell& cell) {
  std::string text;
  for (const Verdict verdict : {Verdict::holds, Verdict::violated, Verdict::inconclusive}) {
    const std::uint64_t count = cell.of(verdict);
    if (count == 0) continue;
    const bool wrong = !right(cell.due, verdict) && verdict != Verdict::inconclusive;
    const std::string one = fmt::format("{} {}", count, verify::to_string(verdict).front());
    text += fmt::format("{}{}", text.empty() ? "" : ", ", wrong ? "**" + one + "**" : one);
  }
  return text;
}

}  // namespace

bool innocent(Due due) { return due == Due::holds || due == Due::inconclusive; }

bool right(Due due, Verdict found) {
  switch (due) {
    case Due::holds: return found == Verdict::holds;
    case Due::violated: return found == Verdict::violated;
    case Due::inconclusive: return found == Verdict::inconclusive;
    case Due::no_holds: break;
  }
  return found != Verdict::holds;
}

std::uint64_t Cell::right() const {
  std::uint64_t sum = 0;
  for (const Verdict verdict : {Verdict::holds, Verdict::violated, Verdict::inconclusive})
    sum += accuracy::right(due, verdict) ? of(verdict) : 0;
  return sum;
}

std::uint64_t Cell::of(Verdict verdict) const {
  switch (verdict) {
    case Verdict::holds: return holds;
    case Verdict::violated: return violated;
    case Verdict::inconclusive: break;
  }
  return inconclusive;
}

void Matrix::count(const Place& place, Due due, Verdict found, const std::string& example) {
  remember(subjects_, place.subject);
  remember(settings_, place.setting);
  Cell& cell = cells_[place];
  cell.due = due;
  if (found == Verdict::holds) ++cell.holds;
  else if (found == Verdict::violated) ++cell.violated;
  else ++cell.inconclusive;
  if (right(due, found) || example.empty() || examples_.size() >= examples_max) return;
  examples_.push_back(
      fmt::format("{}, {}: it said {}\n{}", place.subject, place.setting, verify::to_string(found), example));
}

void Matrix::measure(const std::string& parameter, const std::string& setting, const verify::Estimate& found,
                     double truth, double allowed, double grain) {
  remember(parameters_, parameter);
  remember(settings_, setting);
  Precision& precision = precisions_[{parameter, setting}];
  ++precision.runs;
  precision.inside += found.low <= truth + grain / 2 && truth <= found.high + grain / 2 ? 1 : 0;
  precision.width += found.high - found.low;
  precision.allowed += allowed + grain;
}

std::uint64_t Matrix::runs() const {
  std::uint64_t sum = 0;
  for (const auto& [place, cell] : cells_) sum += cell.runs();
  return sum;
}

std::uint64_t Matrix::wrong_holds() const {
  std::uint64_t sum = 0;
  for (const auto& [place, cell] : cells_) sum += cell.due == Due::holds ? 0 : cell.holds;
  return sum;
}

std::uint64_t Matrix::wrong_violated() const {
  std::uint64_t sum = 0;
  for (const auto& [place, cell] : cells_) sum += accuracy::innocent(cell.due) ? cell.violated : 0;
  return sum;
}

std::uint64_t Matrix::innocent() const {
  std::uint64_t sum = 0;
  for (const auto& [place, cell] : cells_) sum += accuracy::innocent(cell.due) ? cell.runs() : 0;
  return sum;
}

bool Matrix::good() const {
  const auto allowed = wrong_violated_share_max * static_cast<double>(innocent());
  return runs() > 0 && wrong_holds() == 0 && static_cast<double>(wrong_violated()) <= allowed;
}

std::string Matrix::verdict_table() const {
  std::string text = "| subject |";
  std::string line = "|---|";
  for (const std::string& setting : settings_) {
    text += fmt::format(" {} |", setting);
    line += "---|";
  }
  text += " not counted |\n" + line + "---|\n";
  for (const std::string& subject : subjects_) {
    text += fmt::format("| {} |", subject);
    std::uint64_t left_out = 0;
    for (const std::string& setting : settings_) {
      const auto cell = cells_.find({subject, setting});
      const auto unseen = left_out_.find({subject, setting});
      left_out += unseen == left_out_.end() ? 0 : unseen->second;
      text += fmt::format(" {} |", cell == cells_.end() ? "" : shown(cell->second));
    }
    text += fmt::format(" {} |\n", left_out == 0 ? "" : std::to_string(left_out));
  }
  return text;
}

std::string Matrix::precision_table() const {
  std::string text =
      "| parameter | setting | runs | truth inside | mean width | theory allows | ratio "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const std::string& parameter : parameters_) {
    for (const std::string& setting : settings_) {
      const auto found = precisions_.find({parameter, setting});
      if (found == precisions_.end()) continue;
      const Precision& precision = found->second;
      const double runs = static_cast<double>(precision.runs);
      text += fmt::format("| {} | {} | {} | {} | {:.3g} | {:.3g} | {:.2f} |\n", parameter, setting, precision.runs,
                          percent(precision.inside, precision.runs), precision.width / runs, precision.allowed / runs,
                          precision.allowed == 0 ? 0 : precision.width / precision.allowed);
    }
  }
  return text;
}

std::string Matrix::summary() const {
  std::uint64_t missed = 0;
  for (const auto& [place, cell] : cells_) missed += right(cell.due, Verdict::inconclusive) ? 0 : cell.inconclusive;
  return fmt::format(
      "{} wrong HOLDS, {} wrong VIOLATED of {} ({}), {} inconclusive where a verdict was due, in {} runs",
      wrong_holds(), wrong_violated(), innocent(), percent(wrong_violated(), innocent()), missed, runs());
}

}  // namespace stormproof::accuracy
