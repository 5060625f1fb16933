#include "scenarios/probe_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/units.h"
#include "scenarios/diagnostic.h"
#include "scenarios/probe_schedule.h"
#include "scenarios/reading.h"

namespace stormproof::scenarios {
namespace {

constexpr std::size_t variations_max = 16;

const Record& variation_record() {
  static const Record record = {
      "variation",
      "A request like the others, but for one attribute: has it a quota of its own, when that of the others is spent?",
      {{"header", named(hideable(Form::header_value), Form::header_name), optional, "One header, and its other value.",
        "{X-Api-Key: another}"},
       {"path", a(Form::path), optional, "Another path.", "/orders/1"},
       {"method", a(Form::method), optional, "Another method.", "HEAD"},
       {"source", a(Form::ipv4), optional, "Another address of this machine to send from.", "127.0.0.2"},
       {"instance", a(Form::url), optional, "Another instance of the service.", "\"http://127.0.0.1:8083\""},
       {"quota", a(Form::quota), required, "What is claimed: its own, or shared with the others.", "own"}},
      Choice{true, {"header", "path", "method", "source", "instance"}}};
  return record;
}

const Record& slow_record() {
  static const Record record = {
      "slowing",
      "A dependency that is slowed for a while, to tell a limit of rate from one of concurrency.",
      {{"on", a(Form::line), required, "The dependency, by its name in topology.dependencies.", "payments"},
       {"by", a(Form::duration), required, "How much slower.", "200ms"}}};
  return record;
}

const Record& rate_probe_record() {
  static const Record record = {
      "rate-limit probe",
      "Which requests a rate limit is probed with.",
      {{"request", a(Form::line), optional,
        "The recorded request that is sent, by its method and path. Default: the first.", "GET /checkout/1"},
       {"vary", list_of(a(variation_record())), optional, "Who else is tried when the quota is spent.",
        "[{header: {X-Api-Key: another}, quota: own}]"},
       {"slow", a(slow_record()), optional, "A dependency that is slowed for a while.", "{on: payments, by: 200ms}"}}};
  return record;
}

const Record& probe_record() {
  static const Record record = {
      "probe",
      "What is found out with requests of stormproof's own making.",
      {{"rate-limit", a(rate_probe_record()), required, "A rate limit.", "{request: GET /checkout/1}"}}};
  return record;
}

ProbeVariant variant(const Node& node, Complaints& complaints) {
  using Attribute = ProbeVariant::Attribute;
  ProbeVariant variant{.value = {}};
  constexpr std::pair<std::string_view, Attribute> plain[] = {{"path", Attribute::path},
                                                              {"method", Attribute::method},
                                                              {"source", Attribute::source},
                                                              {"instance", Attribute::instance}};
  for (const auto& [key, attribute] : plain) {
    if (at(node, key) == nullptr) continue;
    variant.attribute = attribute;
    put(variant.value, in(node, key));
  }
  if (const Node* const header = at(node, "header")) {
    if (header->keys.size() != 1)
      complaints.add(header->place, "a variation has one header: else which one would it be?");
    for (const auto& [name, value] : text_map(*header)) variant.name = name, variant.value = value;
  }
  variant.own_quota = value<std::string>(in(node, "quota")) != "shared";
  return variant;
}

// The phase has what the probe is sized from, and no traffic or faults that would disturb it.
bool fits(const Node& node, Place place, const Phase& phase, Complaints& complaints) {
  for (const std::string_view key : {"faults", "processes"}) {
    if (at(node, key) == nullptr) continue;
    complaints
        .add(in(node, key).place, fmt::format("'{}' cannot stand beside 'probe': they would disturb each other", key))
        .hint = "a phase of its own before or after the probe";
  }
  const auto claims = std::ranges::count_if(
      phase.expect, [](const Expectation& one) { return std::holds_alternative<RateLimitExpectation>(one.what); });
  if (claims == 1) return true;
  complaints
      .add(place, claims == 0 ? "a probe is sized from what is claimed: this phase expects no rate-limit"
                              : "a probe is sized from one rate-limit: this phase expects several")
      .hint = "for example expect: [{rate-limit: {rate: 20/s, burst: 10}}]";
  return false;
}

bool small_enough(const RateLimitExpectation& claim, Place place, Complaints& complaints) {
  if (claim.rate_per_second > probe_rate_max) {
    complaints.add(place, fmt::format("a probe sends many times the rate: {} is more than the {} that it is for",
                                      base::format_rate(claim.rate_per_second), base::format_rate(probe_rate_max)));
    return false;
  }
  const double at_once = std::max(static_cast<double>(claim.burst.value_or(0)),
                                  claim.rate_per_second * std::chrono::duration<double>(refill_time(claim)).count());
  if (at_once <= static_cast<double>(probe_burst_max)) return true;
  complaints.add(place, fmt::format("a probe spends the whole quota at once: {:.0f} is more than the {} that it is for",
                                    at_once, probe_burst_max));
  return false;
}

}  // namespace

Key probe_key() {
  Shape shape = a(probe_record());
  shape.scalar = Form::probe;
  return {"probe", shape, optional,
          "In the place of 'for': stormproof makes the requests of this phase itself, to find out what its rate-limit "
          "does.",
          "rate-limit"};
}

std::optional<RateProbe> read_probe(const Node& phase_node, Phase& phase, Complaints& complaints) {
  const Node* const node = at(phase_node, "probe");
  if (node == nullptr) return std::nullopt;
  const Place place = phase_node.keys[static_cast<std::size_t>(node - phase_node.items.data())].place;
  RateProbe probe;
  const Node& options = in(*node, "rate-limit");
  put(probe.request, in(options, "request"));
  for (const Node& item : in(options, "vary").items) probe.vary.push_back(variant(item, complaints));
  if (probe.vary.size() > variations_max)
    complaints.add(in(options, "vary").place, fmt::format("at most {} variations", variations_max));
  put(probe.slow_on, in(in(options, "slow"), "on"));
  put(probe.slow_by, in(in(options, "slow"), "by"));
  if (!fits(phase_node, place, phase, complaints)) return std::nullopt;
  const RateLimitExpectation& claim = *probed_claim(phase);
  if (claim.rate_per_second <= 0 || !small_enough(claim, place, complaints)) return std::nullopt;
  const ProbeSchedule schedule = probe_schedule(probe, claim);
  phase.duration = schedule.lasting;
  if (schedule.lasting > probe_lasting_max)
    complaints.add(
        place, fmt::format("the probe would take {}, more than {}: its quota comes back too slowly",
                           base::format_duration(schedule.lasting), base::format_duration_exact(probe_lasting_max)));
  for (const ProbeStep& step : schedule.steps) {
    if (step.kind != ProbeStep::Kind::slowed) continue;
    Fault fault;
    fault.id = fmt::format("{}#1", phase.name);
    fault.on = probe.slow_on;
    fault.latency = LatencyFault{.base = probe.slow_by};
    fault.targeting.after = step.begin;
    fault.targeting.lasting = step.end - step.begin;
    phase.faults.push_back(std::move(fault));
  }
  return probe;
}

void check_needs_probe(const Node& expect, const Phase& phase, Complaints& complaints) {
  for (const Node& item : expect.items) {
    const Node* const isolated = at(in(item, "rate-limit"), "isolated");
    const bool varied = phase.probe && std::ranges::any_of(phase.probe->vary, &ProbeVariant::own_quota);
    if (isolated == nullptr || varied) continue;
    complaints.add(isolated->place, "this needs a probe that varies something with a quota of its own").hint =
        "probe: {rate-limit: {vary: [{header: {X-Api-Key: another}, quota: own}]}}";
  }
}

}  // namespace stormproof::scenarios
