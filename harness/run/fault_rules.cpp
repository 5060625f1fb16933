#include "harness/run/fault_rules.h"

#include <algorithm>

namespace stormproof::run {
namespace {

faults::Change change_of(const scenarios::ChangeFault& change) {
  return {.headers = change.headers, .without = change.without, .body = change.body, .merge = change.merge};
}

template <typename Enum, std::size_t Count>
std::optional<Enum> named(const std::array<std::string_view, Count>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

void aim(faults::Rule& rule, const scenarios::Targeting& targeting) {
  rule.routes = targeting.routes;
  rule.headers = targeting.headers;
  for (const std::string& client : targeting.clients) {
    if (const auto network = faults::Network::parse(client)) rule.clients.push_back(*network);
  }
  rule.by_request = targeting.by_request;
  rule.after = targeting.after;
  rule.lasting = targeting.lasting;
  rule.ramp = targeting.ramp;
  rule.first = targeting.first;
  rule.first_tries = targeting.first_tries;
  rule.every = targeting.every;
  rule.at_most = targeting.at_most;
}

void arm(faults::Rule& rule, const scenarios::MessageFaults& message) {
  if (const auto& throttle = message.throttle)
    rule.throttle = {throttle->per_second, throttle->burst, throttle->status, throttle->retry_after};
  if (const auto& change = message.change_request)
    rule.request = {.method = change->method, .path = change->path, .change = change_of(*change)};
  if (const auto& change = message.change_response)
    rule.response = {.status = change->status, .change = change_of(*change)};
  if (const auto& truncate = message.truncate) rule.truncate = {truncate->at, truncate->bytes, truncate->legal};
  rule.framing = named<faults::IllegalFraming>(faults::illegal_framing_names, message.framing);
  rule.no_answer = named<faults::NoAnswer>(faults::no_answer_names, message.no_answer);
  if (const auto& slow = message.slow) rule.slow = {slow->head, slow->body};
  rule.head_grows = message.huge_head;
  rule.stale = message.stale;
  rule.duplicate = message.duplicate;
}

}  // namespace

faults::Rule rule_of(const scenarios::Fault& fault) {
  faults::Rule rule;
  rule.id = fault.id;
  rule.methods = fault.methods;
  rule.paths = fault.paths;
  rule.share = fault.share;
  if (fault.latency) {
    rule.latency = faults::Latency{fault.latency->base, fault.latency->jitter, fault.latency->drawn};
    rule.latency_of_response = fault.latency->at_response;
  }
  if (fault.abort) rule.abort = faults::Abort{fault.abort->status, fault.abort->headers, fault.abort->body};
  aim(rule, fault.targeting);
  arm(rule, fault.message);
  return rule;
}

faults::StreamRule stream_rule_of(const scenarios::Fault& fault) {
  const scenarios::Targeting& targeting = fault.targeting;
  return {*fault.connection, targeting.after, targeting.lasting, targeting.ramp};
}

}  // namespace stormproof::run
