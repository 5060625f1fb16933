#include "harness/verify/likeness.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/base/units.h"

namespace stormproof::verify {
namespace {

using std::chrono::seconds;

enum class Fit : std::uint8_t { unseen, fits, tuned, contradicts };

Fit fit_of_failures(const Marks& marks, const Preset& preset) {
  if (!marks.opened || !preset.failures) return Fit::unseen;
  const bool within = marks.failures_low <= *preset.failures && *preset.failures <= marks.failures_high;
  return within ? Fit::fits : Fit::contradicts;
}

Fit fit_of_sleep(const Marks& marks, const Preset& preset) {
  if (marks.cycles < likeness_cycles_min || marks.window.law == Law::unknown) return Fit::unseen;
  if (marks.window.law != preset.law) return Fit::contradicts;
  const Interval& first = marks.window.first;
  // The first that anybody sets is how long it sleeps; by which law is in the code.
  return first.low <= preset.sleep && preset.sleep <= first.high ? Fit::fits : Fit::tuned;
}

Fit fit_of_width(const Marks& marks, const Preset& preset) {
  if (!marks.width) return Fit::unseen;
  // Without probes all that comes is let through, until as many as it opens after have failed again.
  if (!preset.width) return preset.failures && *marks.width >= *preset.failures ? Fit::fits : Fit::contradicts;
  return *marks.width == *preset.width ? Fit::fits : Fit::contradicts;
}

std::string behaviour(const Marks& marks) {
  const SleepWindow& window = marks.window;
  std::string text;
  switch (window.law) {
    case Law::constant: text = fmt::format("{} each time", base::format_duration(window.first.middle())); break;
    case Law::growing:
      text = fmt::format("{} at first and {:.2g} times as long each time", base::format_duration(window.first.middle()),
                         window.factor);
      break;
    case Law::linear:
      text = fmt::format("{} at first and {} longer each time", base::format_duration(window.first.middle()),
                         base::format_duration(window.step));
      break;
    case Law::jittered:
      text = fmt::format("{} to {}, with jitter", base::format_duration(window.first.low),
                         base::format_duration(window.first.high));
      break;
    case Law::unknown: return "";
  }
  text = " It slept for " + text;
  if (marks.width)
    text += fmt::format(" and let {} call{} through half-open", *marks.width, *marks.width == 1 ? "" : "s");
  return text;
}

}  // namespace

const std::vector<Preset>& presets() {
  // Reference: verification, breaker, table of presets. Those with neither a sleep nor probes are no breakers by these marks.
  static const std::vector<Preset> all = {
      {"Hystrix", std::nullopt, Law::constant, seconds(5), 1},
      {"Polly v8", std::nullopt, Law::constant, seconds(5), 1},
      {"opossum", std::nullopt, Law::constant, seconds(30), 1},
      {"resilience4j", std::nullopt, Law::constant, seconds(60), 10},
      {"gobreaker", 6, Law::constant, seconds(60), 1},
      {"Envoy's outlier detection", 5, Law::linear, seconds(30), std::nullopt},
      {"Linkerd", 7, Law::jittered, seconds(1), 1},
      {"Finagle", 5, Law::jittered, seconds(5), 1},
  };
  return all;
}

Marks marks_of(const Outage& outage) {
  Marks marks;
  const Openness& seen = outage.reading.seen;
  if (!seen.opened || seen.already_open || !seen.first_failure) return marks;
  marks.opened = true;
  const auto failed_until = [&](Time until) {
    const auto places = outage.calls->ended_between(*seen.first_failure, until);
    return static_cast<std::uint64_t>(
        std::ranges::count_if(places, [&](std::uint32_t place) { return outage.calls->calls[place].failed; }));
  };
  // The service may have taken note of two outcomes in another order than they came.
  marks.failures_low = failed_until(seen.opened->low - sight);
  marks.failures_high = failed_until(seen.opened->high);
  marks.window = outage.reading.window;
  marks.cycles = sleeps(seen).size();
  if (marks.cycles < likeness_cycles_min || !outage.calls->correlated) return marks;
  std::vector<std::size_t> widths;
  for (const Cycle& cycle : seen.cycles) {
    if (cycle.probe) widths.push_back(cycle.width);
  }
  // The last may have been cut short by the heal.
  if (widths.size() > likeness_cycles_min) widths.pop_back();
  const bool agree = std::ranges::count(widths, widths.front()) == std::ssize(widths);
  if (agree) marks.width = widths.front();
  return marks;
}

std::vector<Likeness> likenesses(const Marks& marks) {
  std::vector<Likeness> found;
  for (const Preset& preset : presets()) {
    Likeness likeness{.preset = &preset, .of = 2 + (preset.failures ? 1 : 0)};
    bool contradicted = false;
    for (const auto fit : {fit_of_failures, fit_of_sleep, fit_of_width}) {
      const Fit one = fit(marks, preset);
      likeness.seen += one == Fit::fits ? 1 : 0;
      likeness.sleeps_otherwise = likeness.sleeps_otherwise || one == Fit::tuned;
      contradicted = contradicted || one == Fit::contradicts;
    }
    if (!contradicted && likeness.seen >= marks_least) found.push_back(likeness);
  }
  // Equally sure ones stay in the order of the table.
  std::ranges::sort(found, [](const Likeness& a, const Likeness& b) {
    return std::tuple(-a.seen, a.preset) < std::tuple(-b.seen, b.preset);
  });
  return found;
}

std::string describe(const Marks& marks) {
  if (!marks.opened || marks.cycles < likeness_cycles_min) return "";
  std::string text = behaviour(marks);
  if (text.empty()) return "";
  const std::vector<Likeness> found = likenesses(marks);
  for (std::size_t at = 0; at < std::min(found.size(), likenesses_max); ++at) {
    text += fmt::format("{} {} ({} of {} marks{})", at == 0 ? ", as by default does" : " or", found[at].preset->name,
                        found[at].seen, found[at].of, found[at].sleeps_otherwise ? ", but that sleeps otherwise" : "");
  }
  return text + ".";
}

}  // namespace stormproof::verify
