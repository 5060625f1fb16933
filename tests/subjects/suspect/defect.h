// Defect: what is wrong with a suspect, by name; each has its correct twin in the suspect without one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace stormproof::subjects {

enum class Defect : std::uint8_t {
  none,
  // of its breaker
  never_opens,
  leaks,                // 1 % of what it should keep back goes through
  never_half_opens,     // once open, open for ever
  stuck_half_open,      // a probe that succeeds does not close it
  closes_on_straggler,  // a late success of a call from before it opened closes it
  retry_bypass,         // a request that it refused is sent all the same
  // of its rate limit
  off_by_some,     // a burst that is larger by three
  too_generous,    // a rate that is higher by a fifth
  counts_refused,  // what it refuses costs as much as what it admits
  lies,            // Retry-After says ten times what is true
  per_instance,    // two instances, each with the whole limit
  unlimited,
  // of its calls
  never_gives_up,  // waits for as long as it takes
  gives_up_late,   // half as long again as it says
  call_leaks,      // answers in time, and lets the call go on
  endless_retries,
  no_jitter,
  drops_trace,  // of 1 call in 10
};

inline constexpr std::array<std::pair<Defect, std::string_view>, 19> defect_names = {{
    {Defect::none, "none"},
    {Defect::never_opens, "never-opens"},
    {Defect::leaks, "leaks"},
    {Defect::never_half_opens, "never-half-opens"},
    {Defect::stuck_half_open, "stuck-half-open"},
    {Defect::closes_on_straggler, "closes-on-straggler"},
    {Defect::retry_bypass, "retry-bypass"},
    {Defect::off_by_some, "off-by-some"},
    {Defect::too_generous, "too-generous"},
    {Defect::counts_refused, "counts-refused"},
    {Defect::lies, "lies"},
    {Defect::per_instance, "per-instance"},
    {Defect::unlimited, "unlimited"},
    {Defect::never_gives_up, "never-gives-up"},
    {Defect::gives_up_late, "gives-up-late"},
    {Defect::call_leaks, "call-leaks"},
    {Defect::endless_retries, "endless-retries"},
    {Defect::no_jitter, "no-jitter"},
    {Defect::drops_trace, "drops-trace"},
}};

constexpr std::string_view to_string(Defect defect) { return defect_names[static_cast<std::size_t>(defect)].second; }

// Defect::none for a name that is not known.
constexpr Defect defect_named(std::string_view name) {
  for (const auto& [defect, its_name] : defect_names) {
    if (its_name == name) return defect;
  }
  return Defect::none;
}

}  // namespace stormproof::subjects
