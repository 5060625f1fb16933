#include "reports/planned_faults.h"

#include <fmt/format.h>

#include "harness/base/units.h"

namespace stormproof::reports {
namespace {

std::string effect_of(const scenarios::Fault& fault) {
  std::string effect;
  if (fault.latency) {
    effect = "hold back " + base::format_duration_exact(fault.latency->base);
    if (fault.latency->jitter > base::Nanoseconds(0)) {
      effect += " ± " + base::format_duration_exact(fault.latency->jitter);
    }
  }
  if (fault.abort) effect += fmt::format("{}abort with {}", effect.empty() ? "" : ", then ", fault.abort->status);
  return effect;
}

}  // namespace

std::vector<PlannedFault> planned_faults(const scenarios::Scenario& scenario) {
  std::vector<PlannedFault> planned;
  for (const scenarios::Phase& phase : scenario.phases) {
    for (const scenarios::Fault& fault : phase.faults) {
      planned.push_back({fault.id, phase.name, fault.on, effect_of(fault), fault.share});
    }
  }
  return planned;
}

}  // namespace stormproof::reports
