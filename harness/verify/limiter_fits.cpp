#include "harness/verify/limiter_fits.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stormproof::verify {
namespace {

using What = Decision::What;

constexpr int phases_tried = 24;  // of a window of a clock
constexpr std::size_t anchors_tried = 16;

// How many a limiter had counted at each decision: surely at an admission, possibly at a refusal.
struct Counts {
  std::vector<double> sure = {};
  std::vector<double> possible = {};
};

struct Threshold {
  double quota = 0;
  std::uint64_t contradictions = std::numeric_limits<std::uint64_t>::max();
};

// The quota with the fewest contradictions: an admission when it was surely reached, a refusal when it was surely not. `slack`:
// how much below the quota a refusal may come.
Threshold threshold_of(Counts counts, double slack) {
  std::ranges::sort(counts.sure);
  std::ranges::sort(counts.possible);
  Threshold best;
  const double most =
      std::max(counts.sure.empty() ? 0 : counts.sure.back(), counts.possible.empty() ? 0 : counts.possible.back());
  for (double quota = 1; quota <= std::floor(most) + 1; ++quota) {
    const auto full = std::ranges::lower_bound(counts.sure, quota - 1e-9);
    const auto room = std::ranges::lower_bound(counts.possible, quota - slack - 1e-9);
    const auto wrong = static_cast<std::uint64_t>((counts.sure.end() - full) + (room - counts.possible.begin()));
    if (wrong < best.contradictions) best = {quota, wrong};
  }
  return best;
}

// Ascending instants; how many lie at or before, or before, one of them.
class Instants {
 public:
  void add(double at) { at_.push_back(at); }
  void sort() { std::ranges::sort(at_); }
  double until(double at) const { return static_cast<double>(std::ranges::upper_bound(at_, at) - at_.begin()); }
  double before(double at) const { return static_cast<double>(std::ranges::lower_bound(at_, at) - at_.begin()); }

 private:
  std::vector<double> at_;
};

bool counted(const Ruled& one, bool penalises) {
  return one.what == What::admitted || (penalises && one.what == What::refused);
}
bool perhaps_counted(const Ruled& one, bool penalises) { return one.what == What::unknown || counted(one, penalises); }

// In each window, how many were surely, and possibly, counted in it before an instant.
class Windows {
 public:
  Windows(const Rulings& rulings, std::vector<std::pair<int, int>> windows, bool penalises)
      : windows_(std::move(windows)) {
    int last = 0;
    for (const auto& [from, to] : windows_) last = std::max(last, to);
    sure_.resize(static_cast<std::size_t>(last) + 1);
    possible_.resize(static_cast<std::size_t>(last) + 1);
    for (std::size_t i = 0; i < rulings.size(); ++i) {
      const auto [from, to] = windows_[i];
      if (counted(rulings[i], penalises) && from == to) sure_[static_cast<std::size_t>(from)].add(rulings[i].end);
      if (!perhaps_counted(rulings[i], penalises)) continue;
      possible_[static_cast<std::size_t>(from)].add(rulings[i].begin);
      if (to != from) possible_[static_cast<std::size_t>(to)].add(rulings[i].begin);
    }
    for (Instants& one : sure_) one.sort();
    for (Instants& one : possible_) one.sort();
  }
  double sure(int window, double before) const {
    return window < 0 ? 0 : sure_[static_cast<std::size_t>(window)].until(before);
  }
  double possible(int window, double until) const {
    return window < 0 ? 0 : possible_[static_cast<std::size_t>(window)].until(until);
  }

 private:
  std::vector<std::pair<int, int>> windows_;
  std::vector<Instants> sure_, possible_;
};

using Assigned = std::vector<std::pair<int, int>>;  // the window in which a decision began, and that in which it ended

Assigned by_clock(const Rulings& rulings, double window, double phase) {
  Assigned assigned;
  const auto number = [&](double at) { return static_cast<int>(std::floor((at - phase) / window)) + 1; };
  for (const Ruled& one : rulings)
    assigned.emplace_back(std::max(0, number(one.begin - clock_slack)), std::max(0, number(one.end + clock_slack)));
  return assigned;
}

// A window begins with the first request after the one before; where that is not sure, an admission says that it did.
Assigned by_request(const Rulings& rulings, double window) {
  Assigned assigned;
  int number = -1;
  double least = 0, most = 0;  // where it began
  for (const Ruled& one : rulings) {
    const bool may_be_new = number < 0 || one.end + clock_slack >= least + window;
    const bool is_new = number < 0 || one.begin - clock_slack >= most + window;
    if (is_new || (may_be_new && one.what == What::admitted)) {
      ++number;
      least = one.begin;
      most = one.end;
    }
    assigned.emplace_back(number, number);
  }
  return assigned;
}

Threshold window_threshold(const Rulings& rulings, const Assigned& assigned) {
  const Windows windows(rulings, assigned, false);
  Counts counts;
  for (std::size_t i = 0; i < rulings.size(); ++i) {
    const auto [from, to] = assigned[i];
    if (rulings[i].what == What::admitted) {
      counts.sure.push_back(from == to ? windows.sure(from, rulings[i].begin) : 0);
    } else if (rulings[i].what == What::refused) {
      counts.possible.push_back(std::max(windows.possible(from, rulings[i].end), windows.possible(to, rulings[i].end)));
    }
  }
  return threshold_of(std::move(counts), 0);
}

// The windows of a counter that weighs the one before: which decisions are in which, and where each begins.
struct Paned {
  Assigned assigned = {};
  std::vector<double> begins = {};
};

Paned panes_of_clock(const Rulings& rulings, double window, double phase) {
  Paned paned{.assigned = by_clock(rulings, window, phase)};
  int last = 0;
  for (const auto& [from, to] : paned.assigned) last = std::max(last, to);
  for (int number = 0; number <= last; ++number) paned.begins.push_back(phase + (number - 1) * window);
  return paned;
}

// They follow each other from the first request that is counted after two without any (HAProxy's freq_ctr).
Paned panes_of_requests(const Rulings& rulings, double window, bool penalises) {
  Paned paned{.begins = {-2 * window}};
  for (const Ruled& one : rulings) {
    const double at = (one.begin + one.end) / 2;
    while (at - paned.begins.back() >= window && at - paned.begins.back() < 2 * window)
      paned.begins.push_back(paned.begins.back() + window);
    if (at - paned.begins.back() >= 2 * window && counted(one, penalises)) {
      paned.begins.push_back(at - window);  // with nothing in it
      paned.begins.push_back(at);
    }
    const int number = static_cast<int>(paned.begins.size()) - 1;
    const bool may_be_before = number > 0 && one.begin - clock_slack < paned.begins.back();
    const bool may_be_next = one.end + clock_slack >= paned.begins.back() + window;
    paned.assigned.emplace_back(may_be_before ? number - 1 : number, may_be_next ? number + 1 : number);
  }
  paned.begins.push_back(paned.begins.back() + window);
  return paned;
}

Threshold counter_threshold(const Rulings& rulings, double window, const Paned& paned, bool penalises) {
  const Assigned& assigned = paned.assigned;
  const Windows windows(rulings, assigned, penalises);
  const auto left = [&](double at, int number) {
    return std::clamp(1 - (at - paned.begins[static_cast<std::size_t>(number)]) / window, 0.0, 1.0);
  };
  Counts counts;
  for (std::size_t i = 0; i < rulings.size(); ++i) {
    const Ruled& one = rulings[i];
    const auto [from, to] = assigned[i];
    if (one.what == What::admitted) {
      const double before = windows.sure(from - 1, one.begin) * left(one.end + clock_slack, from);
      counts.sure.push_back(from == to ? before + windows.sure(from, one.begin) : 0);
    } else if (one.what == What::refused) {
      double most =
          windows.possible(from - 1, one.end) * left(one.begin - clock_slack, from) + windows.possible(from, one.end);
      if (to != from) most = std::max(most, windows.possible(to - 1, one.end) + windows.possible(to, one.end));
      counts.possible.push_back(penalises ? most - 1 : most);  // not itself
    }
  }
  return threshold_of(std::move(counts), 1);
}

Threshold log_threshold(const Rulings& rulings, double window, bool penalises) {
  Instants sure_end, possible_begin, any_begin, possible_end;
  for (const Ruled& one : rulings) {
    if (counted(one, penalises)) sure_end.add(one.end), any_begin.add(one.begin);
    if (perhaps_counted(one, penalises)) possible_begin.add(one.begin), possible_end.add(one.end);
  }
  for (Instants* all : {&sure_end, &possible_begin, &any_begin, &possible_end}) all->sort();
  Counts counts;
  for (const Ruled& one : rulings) {
    if (one.what == What::admitted) {
      counts.sure.push_back(std::max(0.0, sure_end.until(one.begin) - any_begin.until(one.end + clock_slack - window)));
    } else if (one.what == What::refused) {
      const double most = possible_begin.until(one.end) - possible_end.before(one.begin - clock_slack - window);
      counts.possible.push_back(penalises ? most - 1 : most);
    }
  }
  return threshold_of(std::move(counts), 0);
}

// Where windows of a clock may begin: where refusals end.
std::vector<double> phases_of(const Rulings& rulings, double window) {
  std::vector<double> phases;
  for (int i = 0; i < phases_tried; i += 2) phases.push_back(window * i / phases_tried);
  std::vector<double> returns;
  const Ruled* refusal = nullptr;
  for (const Ruled& one : rulings) {
    if (one.what == What::refused) refusal = &one;
    if (one.what != What::admitted || refusal == nullptr) continue;
    returns.push_back(std::fmod((refusal->begin + one.end) / 2, window));
    returns.push_back(std::fmod(one.begin, window));
    refusal = nullptr;
  }
  const std::size_t step = std::max<std::size_t>(1, returns.size() / anchors_tried);
  for (std::size_t i = 0; i < returns.size(); i += step) phases.push_back(returns[i]);
  return phases;
}

Nanoseconds of_seconds(double value) { return Nanoseconds(std::llround(value * 1e9)); }

}  // namespace

Rulings rulings_of(const Decisions& decisions) {
  const Decisions decided = narrowed(decisions);
  Rulings rulings;
  const auto seconds = [&](Time at) { return static_cast<double>((at - decisions.front().start).count()) / 1e9; };
  for (std::size_t i = 0; i < std::min(decisions.size(), class_decisions_max); ++i)
    rulings.push_back({seconds(decided[i].start), seconds(decided[i].end), seconds(decisions[i].end), decided[i].what});
  return rulings;
}

Fit fit_fixed_window(const Rulings& rulings, const std::vector<double>& windows) {
  Fit best = nothing_yet(LimiterClass::fixed_window);
  const auto tried = [&](double window, const Assigned& assigned, bool by_request) {
    const Threshold found = window_threshold(rulings, assigned);
    keep_better(best, {.what = LimiterClass::fixed_window,
                       .at_once = found.quota,
                       .window = of_seconds(window),
                       .by_request = by_request,
                       .contradictions = found.contradictions});
  };
  for (const double window : windows) {
    if (best.contradictions == 0) break;
    tried(window, by_request(rulings, window), true);
    for (const double phase : phases_of(rulings, window)) tried(window, by_clock(rulings, window, phase), false);
  }
  return best;
}

Fit fit_log(const Rulings& rulings, const std::vector<double>& windows, bool penalises) {
  const LimiterClass what = penalises ? LimiterClass::penalised : LimiterClass::sliding_log;
  Fit best = nothing_yet(what);
  for (const double window : windows) {
    const Threshold found = log_threshold(rulings, window, penalises);
    keep_better(
        best,
        {.what = what, .at_once = found.quota, .window = of_seconds(window), .contradictions = found.contradictions});
  }
  return best;
}

Fit fit_counter(const Rulings& rulings, const std::vector<double>& windows, bool penalises) {
  const LimiterClass what = penalises ? LimiterClass::penalised : LimiterClass::sliding_counter;
  const auto fit = [what](double window, const Threshold& found) {
    return Fit{
        .what = what, .at_once = found.quota, .window = of_seconds(window), .contradictions = found.contradictions};
  };
  Fit best = nothing_yet(what);
  for (const double window : windows) {
    if (best.contradictions == 0) break;
    double best_phase = -1;
    const auto tried = [&](double phase) {
      const Threshold found = counter_threshold(rulings, window, panes_of_clock(rulings, window, phase), penalises);
      if (found.contradictions < best.contradictions) best_phase = phase;
      keep_better(best, fit(window, found));
    };
    keep_better(best, fit(window, counter_threshold(rulings, window, panes_of_requests(rulings, window, penalises),
                                                    penalises)));
    for (int i = 0; i < phases_tried; ++i) tried(window * i / phases_tried);
    if (best_phase < 0) continue;  // another window is better with any beginning
    const double around = best_phase;
    for (int i = -9; i <= 9; ++i) tried(std::fmod(around + window * (1 + i / 10.0 / phases_tried), window));
  }
  return best;
}

Fit fit_concurrency(const Rulings& rulings) {
  Instants decided, begun, finished;
  for (const Ruled& one : rulings) {
    if (one.what == What::refused) continue;
    if (one.what == What::admitted) decided.add(one.end);
    begun.add(one.begin);
    finished.add(one.finish);
  }
  for (Instants* all : {&decided, &begun, &finished}) all->sort();
  Counts counts;
  for (const Ruled& one : rulings) {
    if (one.what == What::admitted)
      counts.sure.push_back(std::max(0.0, decided.until(one.begin) - finished.until(one.end)));
    else if (one.what == What::refused) counts.possible.push_back(begun.until(one.end) - finished.before(one.begin));
  }
  const Threshold found = threshold_of(std::move(counts), 0);
  return {.what = LimiterClass::concurrency, .at_once = found.quota, .contradictions = found.contradictions};
}

}  // namespace stormproof::verify
