#include "scenarios/comparing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "replay/difference_rules.h"
#include "scenarios/reading.h"
#include "scenarios/suggestion.h"

namespace stormproof::scenarios {
namespace {

const Record& not_worse_record() {
  static const Record record = {
      "not-worse expectation",
      "The candidate is no worse than the baseline, on the same requests at the same instants under the same faults.",
      {{"latency", a(Form::percent), optional, "It is slower by at most this, request by request.", "5%"},
       {"p99", a(Form::percent), optional, "Its p99 is slower by at most this.", "20%"},
       {"errors", a(Form::percent), optional,
        "It fails in at most this share of the requests more: no answer, or a status of 500 and above.", "1%"}},
      Choice{false, {"latency", "p99", "errors"}}};
  return record;
}

const Record& differences_record() {
  static const Record record = {
      "differences expectation",
      "The candidate answers as the baseline does, but for what differs between the two baselines, too.",
      {{"at-most", a(Form::percent), required,
        "The share of requests in which it may differ for reasons that cannot be told from noise. What is no noise is "
        "VIOLATED however rare.",
        "0.5%"}}};
  return record;
}

std::vector<std::string> read_patterns(const Node& list,
                                       base::Result<void> (replay::DifferenceRules::*add)(std::string_view),
                                       Complaints& complaints) {
  replay::DifferenceRules rules;
  std::vector<std::string> patterns;
  for (const Node& item : list.items) {
    const auto pattern = value<std::string>(item);
    if (!pattern) continue;
    if (const auto added = (rules.*add)(*pattern); !added) complaints.add(item.place, added.error().message);
    else patterns.push_back(*pattern);
  }
  return patterns;
}

// Rules whose counts the two versions would share, where they call through one proxy. Connections are counted, too.
bool counts(const Fault& fault) {
  const Targeting& targeting = fault.targeting;
  return targeting.first || targeting.every || targeting.at_most || fault.message.throttle || fault.connection;
}

class Check {
 public:
  Check(const Node& root, const Scenario& scenario, Complaints& complaints)
      : root_(root), service_(in(in(root, "topology"), "service")), scenario_(scenario), complaints_(complaints) {}

  void all() {
    check_versions();
    if (!scenario_.topology.baseline) return check_absent();
    if (!compares(scenario_)) {
      complaints_
          .warn(place_of_key(service_, "baseline"),
                "baseline is not used by any expectation: nothing is compared with it")
          .hint = "it is neither started nor sent requests; expect not-worse or differences, of a phase or of the run";
      return;
    }
    check_second();
    check_proxies();
    check_processes();
  }

 private:
  // The first expectation that compares, anywhere.
  const Node* comparing() const {
    const Node* found = nullptr;
    const auto look = [&](const Node& list) {
      for (const Node& item : list.items) {
        const bool one =
            !item.keys.empty() && (item.keys.front().text == "not-worse" || item.keys.front().text == "differences");
        if (one && found == nullptr) found = &item.keys.front();
      }
    };
    look(in(in(root_, "steady-state"), "expect"));
    for (const Node& phase : in(root_, "phases").items) look(in(phase, "expect"));
    look(in(root_, "expect"));
    return found;
  }

  void check_absent() {
    // Beside a baseline that is there and was found wrong, nothing more is said.
    if (at(service_, "baseline") != nullptr) return;
    if (const Node* const expectation = comparing(); expectation != nullptr) {
      complaints_
          .add(expectation->place, fmt::format("{} compares with a baseline, and there is none", expectation->text))
          .hint = "name it in topology.service.baseline: {url: \"http://127.0.0.1:8081\"}";
    }
    if (at(service_, "second-baseline") != nullptr) {
      complaints_.add(place_of_key(service_, "second-baseline"), "a second baseline without a first one").hint =
          "baseline is the version in production, second-baseline another instance of it";
    }
    for (const std::string_view key : {"baseline-proxy", "second-baseline-proxy"}) unused_proxies(key);
  }

  void unused_proxies(std::string_view key) {
    for (const Node& dependency : in(in(root_, "topology"), "dependencies").items) {
      if (at(dependency, key) == nullptr) continue;
      complaints_.add(place_of_key(dependency, key),
                      fmt::format("{} is for calls of the {}, and there is none", key,
                                  key.substr(0, key.size() - std::string_view("-proxy").size())));
    }
  }

  // No two versions listen at one place, or one would be compared with itself.
  void check_versions() {
    std::vector<std::pair<std::string, std::string_view>> known;
    for (const std::string_view role : {"candidate", "baseline", "second-baseline"}) {
      const Node& url = in(in(service_, role), "url");
      const auto text = value<std::string>(url);
      if (!text) continue;
      const auto same = std::ranges::find(known, *text, &std::pair<std::string, std::string_view>::first);
      if (same != known.end())
        complaints_.add(url.place, fmt::format("the {} listens where the {} does: it would be compared with itself",
                                               role, same->second));
      known.emplace_back(*text, role);
    }
  }

  void check_second() {
    const Topology& topology = scenario_.topology;
    if (!topology.second_baseline && at(service_, "second-baseline") == nullptr) {
      unused_proxies("second-baseline-proxy");
      if (compares_answers(scenario_))
        complaints_
            .warn(place_of_key(service_, "baseline"),
                  "without a second baseline no difference can be told from noise: one that is seen is INCONCLUSIVE")
            .hint = "name another instance of the baseline's version in topology.service.second-baseline";
    }
    if (!compares_answers(scenario_) && at(root_, "comparison") != nullptr) {
      complaints_.warn(place_of_key(root_, "comparison"),
                       "no expectation looks at differences: these rules do nothing");
    }
  }

  // Hurt dependencies that versions reach through one proxy.
  void check_proxies() {
    const Topology& topology = scenario_.topology;
    for (const Dependency& dependency : topology.dependencies) {
      bool hurt = false, counted = false;
      for (const Phase& phase : scenario_.phases) {
        for (const Fault& fault : phase.faults) {
          if (fault.on != dependency.name) continue;
          hurt = true;
          counted |= counts(fault);
        }
      }
      if (!hurt) continue;
      if (dependency.baseline_proxy.empty()) shares_proxy(dependency, "baseline", counted);
      if (topology.second_baseline && dependency.second_baseline_proxy.empty())
        shares_proxy(dependency, "second-baseline", counted);
    }
  }

  void shares_proxy(const Dependency& dependency, std::string_view role, bool counted) {
    const Place place = place_of_key(in(in(root_, "topology"), "dependencies"), dependency.name);
    const std::string name = in_quotes(dependency.name);
    Diagnostic& said =
        counted ? complaints_.add(place, fmt::format("faults on {} count calls or connections, and the {}'s would be "
                                                     "counted with the candidate's",
                                                     name, role))
                : complaints_.warn(place, fmt::format("the {} calls {} through the candidate's proxy: calls are told "
                                                      "apart by traceparent alone",
                                                      role, name));
    said.hint = fmt::format("give it a proxy of its own: {}-proxy: \"127.0.0.1:{}\", and point it there", role,
                            role == "baseline" ? 19101 : 19201);
  }

  void check_processes() {
    const auto hurts = [](const Phase& phase) { return !phase.processes.empty(); };
    if (std::ranges::none_of(scenario_.phases, hurts)) return;
    const auto phase = std::ranges::find_if(in(root_, "phases").items,
                                            [](const Node& one) { return at(one, "processes") != nullptr; });
    if (phase == in(root_, "phases").items.end()) return;
    complaints_
        .warn(place_of_key(*phase, "processes"),
              "what happens to processes happens to the candidate alone: this phase is not alike for the baseline")
        .hint = "expect not-worse and differences of the other phases";
  }

  const Node& root_;
  const Node& service_;
  const Scenario& scenario_;
  Complaints& complaints_;
};

}  // namespace

std::vector<Key> comparing_keys() {
  return {{"not-worse", a(not_worse_record()), optional, "How the candidate compares with the baseline.",
           "{latency: 5%, errors: 1%}"},
          {"differences", a(differences_record()), optional, "Whether its answers are those of the baseline.",
           "{at-most: 0.5%}"}};
}

const Record& run_expectation() {
  static const Record record = {
      "expectation of the run", "One statement about the whole run, from the steady state to the last phase.",
      comparing_keys(), Choice{true, {"not-worse", "differences"}, "begin each expectation with '- '"}};
  return record;
}

const Record& comparison_record() {
  static const Record record = {
      "comparison",
      "What does not matter where answers are compared. A pattern is a JSONPath with wildcards, and covers what is "
      "below it; "
      "a route may stand before it: 'GET /orders/{id} $.total'.",
      {{"ignore", list_of(a(Form::text)), optional, "What need not be equal.",
        "[$.updated_at, $..requestId, \"header:x-*\"]"},
       {"unordered", list_of(a(Form::text)), optional, "Lists whose order does not matter.", "[$.items]"},
       {"tolerance", list_of(a(Form::text)), optional, "Numbers that may differ by so much.",
        "[$.price=0.01, $.score=1%]"}},
      Choice{false, {"ignore", "unordered", "tolerance"}}};
  return record;
}

std::optional<decltype(Expectation::what)> read_comparing(std::string_view kind, const Node& node) {
  if (kind == "not-worse") {
    return NotWorseExpectation{value<double>(in(node, "latency")), value<double>(in(node, "p99")),
                               value<double>(in(node, "errors"))};
  }
  if (kind != "differences") return std::nullopt;
  DifferencesExpectation differences;
  put(differences.at_most, in(node, "at-most"));
  return differences;
}

ComparisonRules read_comparison(const Node& node, Complaints& complaints) {
  return {.ignored = read_patterns(in(node, "ignore"), &replay::DifferenceRules::ignore, complaints),
          .unordered = read_patterns(in(node, "unordered"), &replay::DifferenceRules::unordered, complaints),
          .tolerated = read_patterns(in(node, "tolerance"), &replay::DifferenceRules::tolerate, complaints)};
}

bool compares(const Expectation& expectation) {
  return std::holds_alternative<NotWorseExpectation>(expectation.what) ||
         std::holds_alternative<DifferencesExpectation>(expectation.what);
}

namespace {

template <typename Is>
bool any_expectation(const Scenario& scenario, Is is) {
  const auto in_phase = [&](const Phase& phase) { return std::ranges::any_of(phase.expect, is); };
  return in_phase(scenario.steady_state) || std::ranges::any_of(scenario.phases, in_phase) ||
         std::ranges::any_of(scenario.expect, is);
}

}  // namespace

bool compares(const Scenario& scenario) {
  return any_expectation(scenario, [](const Expectation& one) { return compares(one); });
}

bool compares_answers(const Scenario& scenario) {
  return any_expectation(
      scenario, [](const Expectation& one) { return std::holds_alternative<DifferencesExpectation>(one.what); });
}

void check_comparing(const Node& root, const Scenario& scenario, Complaints& complaints) {
  Check(root, scenario, complaints).all();
}

}  // namespace stormproof::scenarios
