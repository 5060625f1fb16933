#include "harness/verify/limiter_class.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/verify/bucket_fit.h"
#include "harness/verify/limiter_fits.h"

namespace stormproof::verify {
namespace {

using What = Decision::What;

constexpr std::array<double, 16> usual_windows = {0.1, 0.2, 0.25, 0.5, 1,   2,   5,   10,
                                                  15,  20,  30,   60,  120, 300, 600, 3600};
constexpr double queue_least = 0.5;  // of the wait that a queue would make
constexpr double no_queue_most = 0.2;
constexpr std::size_t windows_max = 10;
constexpr double shortest_window = 0.05;            // seconds
constexpr std::uint64_t contradictions_spared = 3;  // of a rival: a few may be chance
constexpr double same_burst = 1e-9;

double seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

std::uint64_t count_of(const Rulings& rulings, What what) {
  return static_cast<std::uint64_t>(std::ranges::count(rulings, what, &Ruled::what));
}

void add_once(std::vector<double>& values, double value) {
  if (!std::isfinite(value) || value <= 0) return;
  const bool known = std::ranges::any_of(values, [&](double one) { return std::abs(one - value) <= 0.002 * value; });
  if (!known) values.push_back(value);
}

// The rate at which it admits when it is reached: what is claimed, and what is seen.
std::vector<double> rates_of(const Decisions& decisions, const ClassHints& hints) {
  std::vector<double> rates = {hints.per_second};
  const double burst = hints.at_once > 0 ? hints.at_once : burst_of(decisions, hints.per_second).low;
  const Saturation seen = saturation_of(decisions, hints.per_second, burst);
  if (seen.admitted > 0 && seen.most > Nanoseconds(0))
    add_once(rates, static_cast<double>(seen.admitted) / seconds((seen.most + seen.least) / 2));
  if (seen.admitted_in > 0 && seen.lasted > Nanoseconds(0))
    add_once(rates, static_cast<double>(seen.admitted_in) / seconds(seen.lasted));
  return rates;
}

std::vector<double> bursts_of(const Decisions& decisions, const ClassHints& hints, const std::vector<double>& rates) {
  std::vector<double> bursts;
  const auto add = [&](double burst) {
    burst = std::max(1.0, std::round(burst));
    if (std::ranges::none_of(bursts, [&](double one) { return std::abs(one - burst) < same_burst; }))
      bursts.push_back(burst);
  };
  if (hints.at_once > 0) add(hints.at_once);
  // Who is admitted by a queue waits in it, and was decided on when it came.
  const Decisions early = narrowed(decisions);
  for (const double rate : rates) {
    const Burst burst = burst_of(decisions, rate);
    const double most = burst_of(early, rate).low;
    for (const double around : {-1.0, 0.0, 1.0}) add(std::ceil(most - 0.1) + around);
    for (const double around : {-1.0, 0.0, 1.0}) add(std::ceil(burst.low - 0.1) + around);
    add(std::floor(burst.high));
  }
  return bursts;
}

// The most that were admitted between two rests, and what is usual: what windows may be.
std::vector<double> windows_of(const Rulings& rulings, const ClassHints& hints, const std::vector<double>& rates,
                               const std::vector<double>& bursts) {
  std::vector<double> windows;
  // Shorter ones are not tried: too few decisions fall into one of them to contradict anything.
  const double least = std::max(shortest_window, seconds(hints.window) / 5);
  const auto add = [&](double window) {
    if (window >= least && windows.size() < windows_max) add_once(windows, window);
  };
  add(seconds(hints.window));
  for (const double rate : rates) {
    for (const double burst : bursts) {
      if (windows.size() < windows_max / 2) add(burst / rate);
    }
  }
  // From the first admission of a row to that of the next one, where refusals lie between.
  std::vector<double> periods;
  double row = -1;
  bool refused = true;
  for (const Ruled& one : rulings) {
    if (one.what == What::refused) refused = true;
    if (one.what != What::admitted || !refused) continue;
    if (row >= 0) periods.push_back(one.begin - row);
    row = one.begin;
    refused = false;
  }
  if (periods.size() >= 3) {
    std::ranges::nth_element(periods, periods.begin() + static_cast<std::ptrdiff_t>(periods.size() / 2));
    add(periods[periods.size() / 2]);
  }
  for (const double usual : usual_windows) {
    if (usual <= rulings.back().begin / 2) add(usual);
  }
  return windows;
}

double share_explained(const Fit& fit, std::uint64_t of) {
  return of == 0 ? 0 : 1 - static_cast<double>(fit.contradictions) / static_cast<double>(of);
}

std::string explained(const Fit& fit, std::uint64_t of) {
  return fmt::format("{} explains {} of {} decisions", describe(fit), of - std::min(of, fit.contradictions), of);
}

void conclude(Classification& found, std::optional<double> queue) {
  std::erase_if(found.fits, [&](const Fit& fit) { return fit.contradictions > found.decisions; });
  std::ranges::sort(found.fits, {}, [](const Fit& fit) { return std::pair(fit.contradictions, fit.what); });
  std::vector<const Fit*> fitting;
  for (const Fit& fit : found.fits) {
    if (share_explained(found.fits.front(), found.decisions) < explained_min) break;
    // As good, though it may itself explain too few: the best explains little more.
    if (fit.contradictions <= 2 * found.fits.front().contradictions + contradictions_spared) fitting.push_back(&fit);
  }
  // A queue holds as many as a limit of concurrency would, and is the more special of the two.
  const bool queues = queue && *queue >= queue_least;
  const bool has_queue =
      std::ranges::any_of(fitting, [](const Fit* fit) { return fit->what == LimiterClass::leaky_queue; });
  if (has_queue && queues)
    std::erase_if(fitting, [](const Fit* fit) { return fit->what == LimiterClass::concurrency; });
  if (fitting.empty()) {
    found.missing = "none of the known algorithms decides so: ";
    if (!found.fits.empty()) found.missing += explained(found.fits.front(), found.decisions) + " at best";
    return;
  }
  found.evidence = explained(*fitting.front(), found.decisions);
  if (fitting.size() > 1) {
    for (std::size_t i = 1; i < fitting.size(); ++i) found.evidence += "; " + explained(*fitting[i], found.decisions);
    found.missing = "these decisions do not tell them apart: " + found.evidence;
    return;
  }
  if (queues && fitting.front()->what == LimiterClass::concurrency) {
    found.missing = fmt::format("{}, but who is admitted waits as in a queue: state the burst", found.evidence);
    return;
  }
  found.what = fitting.front()->what;
  const auto next = std::ranges::find_if(
      found.fits, [&](const Fit& fit) { return fit.what != *found.what && share_explained(fit, found.decisions) < 1; });
  if (next != found.fits.end())
    found.evidence +=
        fmt::format("; {} only {:.1f}%", in_words(next->what), 100 * share_explained(*next, found.decisions));
}

// A bucket and a queue decide alike: who waits tells.
void tell_queue(Classification& found, const Fit& bucket, std::optional<double> queue) {
  Fit leaky = bucket;
  leaky.what = LimiterClass::leaky_queue;
  if (!queue || *queue < queue_least) found.fits.push_back(bucket);
  if (!queue || *queue > no_queue_most) found.fits.push_back(leaky);
}

}  // namespace

std::string_view name_of(LimiterClass what) {
  constexpr std::array<std::string_view, 7> names = {"token-bucket",    "leaky-queue", "fixed-window", "sliding-log",
                                                     "sliding-counter", "penalised",   "concurrency"};
  return names[static_cast<std::size_t>(what)];
}

std::string_view in_words(LimiterClass what) {
  constexpr std::array<std::string_view, 7> words = {
      "a token bucket (or GCRA)", "a leaky queue",
      "a fixed window",           "a sliding log",
      "a sliding counter",        "a window in which the refused count, too,",
      "a limit of concurrency"};
  return words[static_cast<std::size_t>(what)];
}

std::string describe(const Fit& fit) {
  if (fit.what == LimiterClass::concurrency)
    return fmt::format("{} of {:.0f} at a time", in_words(fit.what), fit.at_once);
  if (fit.window > Nanoseconds(0)) {
    const std::string_view begins = fit.what == LimiterClass::fixed_window
                                        ? (fit.by_request ? ", begun by a request," : ", of a clock,")
                                        : std::string_view();
    return fmt::format("{} of {:.0f} in {}{}", in_words(fit.what), fit.at_once, base::format_duration(fit.window),
                       begins);
  }
  return fmt::format("{} of {} and {:.0f} at once", in_words(fit.what), base::format_rate(fit.per_second), fit.at_once);
}

Classification classify(const Decisions& decisions, const ClassHints& hints) {
  Classification found;
  if (decisions.empty()) {
    found.missing = "there was no request";
    return found;
  }
  const Rulings rulings = rulings_of(decisions);
  found.decisions = rulings.size();
  if (count_of(rulings, What::refused) < class_refusals_min) {
    found.missing = fmt::format("{} of {} requests were refused: too few to tell how it counts",
                                count_of(rulings, What::refused), rulings.size());
    return found;
  }
  const std::vector<double> rates = rates_of(decisions, hints);
  const std::vector<double> bursts = bursts_of(decisions, hints, rates);
  const std::vector<double> windows = windows_of(rulings, hints, rates, bursts);
  const Fit bucket = fit_bucket(rulings, rates, bursts, hints.rested);
  const std::optional<double> queue = queueing(rulings, bucket);
  tell_queue(found, bucket, queue);
  found.fits.push_back(fit_fixed_window(rulings, windows));
  found.fits.push_back(fit_log(rulings, windows, false));
  found.fits.push_back(fit_counter(rulings, windows, false));
  const Fit by_log = fit_log(rulings, windows, true);
  const Fit by_counter = fit_counter(rulings, windows, true);
  found.fits.push_back(by_log.contradictions <= by_counter.contradictions ? by_log : by_counter);
  found.fits.push_back(fit_concurrency(rulings));
  conclude(found, queue);
  return found;
}

}  // namespace stormproof::verify
