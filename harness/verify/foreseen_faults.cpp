#include "harness/verify/foreseen_faults.h"

#include <algorithm>
#include <cctype>

namespace stormproof::verify {
namespace {

using base::Nanoseconds;
using scenarios::Fault;

template <typename Look>
void each_on(const scenarios::Phase& phase, std::string_view on, const Look& look) {
  for (const Fault& fault : phase.faults) {
    if (fault.on == on) look(fault);
  }
}

bool only_answers(const Fault& fault) {
  return fault.abort && !fault.latency && !fault.connection && fault.message.no_answer.empty() && !fault.message.slow &&
         !fault.message.truncate && fault.message.framing.empty();
}

// Nothing: no limit that the scenario tells.
std::optional<Nanoseconds> hold_of(const Fault& fault) {
  if (fault.connection || fault.message.slow || fault.message.truncate || !fault.message.framing.empty() ||
      !fault.message.no_answer.empty())
    return std::nullopt;
  if (!fault.latency) return Nanoseconds(0);
  if (fault.latency->drawn) return std::nullopt;
  return fault.latency->base + fault.latency->jitter;
}

bool is_retry_after(std::string_view name) {
  constexpr std::string_view wanted = "retry-after";
  return std::ranges::equal(name, wanted, [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

}  // namespace

bool is_hurt(const scenarios::Phase& phase, std::string_view on) {
  return std::ranges::find(phase.faults, on, &Fault::on) != phase.faults.end();
}

double share_hurt(const scenarios::Phase& phase, std::string_view on) {
  double share = 0;
  each_on(phase, on, [&](const Fault& fault) { share = std::max(share, fault.connection ? 1 : fault.share); });
  return share;
}

Nanoseconds longest_fault(const scenarios::Phase& phase, std::string_view on) {
  Nanoseconds longest{0};
  each_on(phase, on, [&](const Fault& fault) {
    const Nanoseconds left = std::max(Nanoseconds(0), phase.duration - fault.targeting.after);
    longest = std::max(longest, std::min(left, fault.targeting.lasting.value_or(left)));
  });
  return longest;
}

std::optional<Nanoseconds> longest_hold(const scenarios::Phase& phase, std::string_view on) {
  std::optional<Nanoseconds> longest = Nanoseconds(0);
  each_on(phase, on, [&](const Fault& fault) {
    const auto hold = hold_of(fault);
    if (!hold) longest.reset();
    else if (longest) longest = std::max(*longest, *hold);
  });
  return longest;
}

bool never_fails(const scenarios::Phase& phase, std::string_view on) {
  bool all = is_hurt(phase, on);
  each_on(phase, on, [&](const Fault& fault) { all = all && only_answers(fault) && fault.abort->status < 500; });
  return all;
}

bool says_retry_after(const scenarios::Phase& phase, std::string_view on) {
  bool says = false;
  each_on(phase, on, [&](const Fault& fault) {
    const auto named = [](const auto& header) { return is_retry_after(header.first); };
    says = says || fault.message.throttle.has_value() ||
           (fault.abort && std::ranges::any_of(fault.abort->headers, named)) ||
           (fault.message.change_response && std::ranges::any_of(fault.message.change_response->headers, named));
  });
  return says;
}

}  // namespace stormproof::verify
