#include "reports/planned_faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "harness/base/units.h"

namespace stormproof::reports {

std::string effect_of(const scenarios::Fault& fault) {
  std::vector<std::string> effects;
  const scenarios::MessageFaults& message = fault.message;
  if (fault.latency) {
    std::string held = fault.latency->at_response ? "hold back the response " : "hold back ";
    held += base::format_duration_exact(fault.latency->base);
    if (fault.latency->jitter > base::Nanoseconds(0))
      held += " ± " + base::format_duration_exact(fault.latency->jitter);
    effects.push_back(std::move(held));
  }
  if (fault.abort) effects.push_back(fmt::format("abort with {}", fault.abort->status));
  if (message.throttle) {
    effects.push_back(
        fmt::format("{} beyond {}", message.throttle->status, base::format_rate(message.throttle->per_second)));
  }
  if (message.change_request) effects.emplace_back("change the request");
  if (message.change_response) effects.emplace_back("change the response");
  if (message.stale) effects.emplace_back("answer with a stale response");
  if (message.huge_head > 0) effects.push_back("grow the head by " + base::format_bytes(message.huge_head));
  if (message.truncate) effects.emplace_back(message.truncate->legal ? "truncate" : "truncate with illegal framing");
  if (!message.framing.empty()) effects.push_back("frame illegally: " + message.framing);
  if (!message.no_answer.empty()) effects.push_back("no answer: " + message.no_answer);
  if (message.duplicate) effects.emplace_back("send the response twice");
  if (message.slow) effects.emplace_back("send slowly");
  return fmt::format("{}", fmt::join(effects, ", then "));
}

std::vector<PlannedFault> planned_faults(const scenarios::Scenario& scenario) {
  std::vector<PlannedFault> planned;
  for (const scenarios::Phase& phase : scenario.phases) {
    for (const scenarios::Fault& fault : phase.faults) {
      planned.push_back({fault.id, phase.name, fault.on, effect_of(fault), fault.share});
    }
    for (const scenarios::ProcessFault& fault : phase.processes) {
      constexpr std::array<std::string_view, 8> effects = {
          "kill the program",      "terminate the program", "pause the program", "crash the program again and again",
          "limit its descriptors", "limit its processor",   "limit its memory",  "run a command that hurts"};
      planned.push_back({fault.id, phase.name, scenario.topology.service,
                         std::string(effects[static_cast<std::size_t>(fault.kind)]), 1});
    }
  }
  return planned;
}

}  // namespace stormproof::reports
