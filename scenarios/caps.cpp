#include "scenarios/caps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "harness/base/units.h"
#include "scenarios/reading.h"

namespace stormproof::scenarios {
namespace {

using Groups = std::map<std::string, std::vector<std::string>>;

Groups groups_of(const Topology& topology) {
  Groups groups;
  for (const Dependency& dependency : topology.dependencies) {
    if (!dependency.replica_of.empty()) groups[dependency.replica_of].push_back(dependency.name);
  }
  return groups;
}

bool hurts(const Phase& phase, const std::string& dependency) {
  return std::ranges::find(phase.faults, dependency, &Fault::on) != phase.faults.end();
}

bool hurts_even_the_last(const Phase& phase, const std::vector<std::string>& members) {
  return std::ranges::any_of(phase.faults, [&](const Fault& fault) {
    return fault.targeting.even_the_last && std::ranges::find(members, fault.on) != members.end();
  });
}

}  // namespace

const Record& caps_record() {
  static const Record record = {
      "caps",
      "How much may be hurt at a time, whatever the faults of a phase say.",
      {{"faults-at-once", a(Form::count), optional,
        "Of each dependency at most so many requests, and so many connections, are hurt at a time. What is beyond it "
        "goes by; the ledger says so.",
        "50"},
       {"instances", a(Form::percent), optional,
        "A phase may hurt at most this share of the instances of one thing (dependencies with the same replica-of).",
        "50%"}},
      Choice{false, {"faults-at-once", "instances"}}};
  return record;
}

Caps read_caps(const Node& node, Complaints& complaints) {
  Caps caps;
  caps.faults_at_once = count_in(in(node, "faults-at-once"));
  if (caps.faults_at_once == std::uint64_t{0})
    complaints.add(in(node, "faults-at-once").place, "'faults-at-once' is 0: no fault would ever fire");
  caps.instances = value<double>(in(node, "instances"));
  return caps;
}

void check_replicas(const Node& root, const Scenario& scenario, Complaints& complaints) {
  const auto& places = in(root, "phases").items;
  for (const auto& [name, members] : groups_of(scenario.topology)) {
    for (std::size_t i = 0; i < scenario.phases.size() && i < places.size(); ++i) {
      const Phase& phase = scenario.phases[i];
      std::vector<std::string> hurt;
      std::ranges::copy_if(members, std::back_inserter(hurt), [&](const auto& member) { return hurts(phase, member); });
      const auto share = static_cast<double>(hurt.size()) / static_cast<double>(members.size());
      const Place place = place_of_key(places[i], "faults");
      if (scenario.caps.instances && share > *scenario.caps.instances)
        complaints.add(place,
                       fmt::format("this phase hurts {} of {} instances of {}, and caps.instances is {}", hurt.size(),
                                   members.size(), in_quotes(name), base::format_percent(*scenario.caps.instances)));
      else if (hurt.size() == members.size() && !hurts_even_the_last(phase, members))
        complaints
            .add(place, fmt::format("this phase hurts every instance of {} ({}): none is left to take over",
                                    in_quotes(name), fmt::join(members, ", ")))
            .hint = "if that is what you want, add even-the-last: true to one of these faults";
    }
  }
}

}  // namespace stormproof::scenarios
