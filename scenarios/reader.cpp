#include "scenarios/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "faults/client.h"
#include "harness/base/units.h"
#include "scenarios/breaker_claims.h"
#include "scenarios/caps.h"
#include "scenarios/comparing.h"
#include "scenarios/connection_faults.h"
#include "scenarios/fault_reader.h"
#include "scenarios/language.h"
#include "scenarios/mechanisms.h"
#include "scenarios/probe_reader.h"
#include "scenarios/reading.h"
#include "scenarios/suggestion.h"
#include "scenarios/traffic_records.h"

namespace stormproof::scenarios {
namespace {

// The "host:port" of a URL that was found right.
std::string_view authority_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme == url.npos ? url : url.substr(scheme + 3);
}

class Reader {
 public:
  explicit Reader(Complaints& complaints) : complaints_(complaints) {}

  Scenario scenario(const Node& root) {
    Scenario scenario;
    put(scenario.name, in(root, "name"));
    put(scenario.owner, in(root, "owner"));
    scenario.tags = texts(in(root, "tags"));
    scenario.topology = topology(in(root, "topology"));
    scenario.traffic = traffic_ = read_traffic(in(root, "traffic"), complaints_);
    scenario.steady_state = phase(in(root, "steady-state"), std::string(steady_state_name));
    scenario.phases = phases(in(root, "phases"));
    scenario.caps = read_caps(in(root, "caps"), complaints_);
    check_replicas(root, scenario, complaints_);
    scenario.gate = gate(in(root, "gate"));
    for (const Node& item : in(root, "expect").items) {
      if (auto one = expectation(item, Nanoseconds(0))) scenario.expect.push_back(std::move(*one));
    }
    scenario.comparison = read_comparison(in(root, "comparison"), complaints_);
    check_judged(root);
    check_comparing(root, scenario, complaints_);
    return scenario;
  }

 private:
  Topology topology(const Node& node) {
    Topology topology;
    const Node& service = in(node, "service");
    put(topology.service, in(service, "name"));
    topology.candidate = target(in(service, "candidate"));
    has_network_ = topology.candidate.network && !topology.candidate.network->harness.empty();
    if (const Node* const baseline = at(service, "baseline")) topology.baseline = beside(*baseline);
    if (const Node* const second = at(service, "second-baseline")) topology.second_baseline = beside(*second);
    const Node& dependencies = in(node, "dependencies");
    dependencies_known_ =
        node.kind == Node::Kind::map && (at(node, "dependencies") == nullptr || dependencies.kind == Node::Kind::map);
    for (std::size_t i = 0; i < dependencies.keys.size(); ++i) {
      topology.dependencies.push_back(dependency(dependencies.keys[i].text, dependencies.items[i]));
    }
    check_target_ports(service);
    return topology;
  }

  Target target(const Node& node) {
    Target target;
    put(target.url, in(node, "url"));
    target.command = texts(in(node, "command"));
    target.env = text_map(in(node, "env"));
    if (const Node* const check = at(node, "health")) {
      target.health.emplace();
      put(target.health->path, in(*check, "path"));
      put(target.health->within, in(*check, "within"));
    }
    if (const Node* const network = at(node, "network")) {
      target.network.emplace();
      put(target.network->harness, in(*network, "harness-address"));
      put(target.network->service, in(*network, "service-address"));
      for (const std::string_view key : {"harness-address", "service-address"}) {
        const auto address = value<std::string>(in(*network, key));
        if (address && !faults::Network::parse(*address + "/30"))
          complaints_.add(in(*network, key).place, fmt::format("{} is no address", in_quotes(*address)));
      }
    }
    return target;
  }

  // What the candidate is compared with.
  Target beside(const Node& node) {
    if (at(node, "network") != nullptr)
      complaints_.add(place_of_key(node, "network"), "only the candidate can have a network of its own").hint =
          "what happens to processes and their packets happens to the candidate alone";
    return target(node);
  }

  Dependency dependency(const std::string& name, const Node& node) {
    Dependency dependency{.name = name, .proxy = {}, .upstream = {}};
    dependency_names_.push_back(name);
    put(dependency.proxy, in(node, "proxy"));
    put(dependency.baseline_proxy, in(node, "baseline-proxy"));
    put(dependency.second_baseline_proxy, in(node, "second-baseline-proxy"));
    put(dependency.upstream, in(node, "upstream"));
    put(dependency.replica_of, in(node, "replica-of"));
    for (const std::string_view key : {"proxy", "baseline-proxy", "second-baseline-proxy"})
      check_proxy(dependency, node, key);
    if (const Node* const tls = at(node, "tls")) {
      dependency.tls.emplace();
      put(dependency.tls->authority, in(*tls, "authority"));
      dependency.tls->names = texts(in(*tls, "names"));
      speaking_tls_.push_back(name);
    }
    return dependency;
  }

  void check_proxy(const Dependency& dependency, const Node& node, std::string_view key) {
    const auto address = value<std::string>(in(node, key));
    if (!address) return;
    const auto [other, is_new] = proxies_.emplace(*address, dependency.name);
    if (!is_new)
      complaints_.add(in(node, key).place, fmt::format("the proxy of '{}' has this address already", other->second));
    if (authority_of(dependency.upstream) == *address) {
      complaints_.add(in(node, "upstream").place, "the upstream is the proxy itself: it would call itself").hint =
          "upstream is where the dependency really listens";
    }
  }

  void check_target_ports(const Node& service) {
    for (const std::string_view role : {"candidate", "baseline", "second-baseline"}) {
      const Node& url = in(in(service, role), "url");
      const auto text = value<std::string>(url);
      if (!text) continue;
      const auto taken = proxies_.find(std::string(authority_of(*text)));
      if (taken == proxies_.end()) continue;
      complaints_.add(url.place, fmt::format("the {} listens where the proxy of '{}' does", role, taken->second));
    }
  }

  std::vector<Phase> phases(const Node& list) {
    std::vector<Phase> all;
    std::map<std::string, int> lines;
    for (const Node& item : list.items) {
      const Node& name = in(item, "name");
      const auto text = value<std::string>(name);
      all.push_back(phase(item, text.value_or("")));
      if (!text) continue;
      const auto [first, is_new] = lines.emplace(*text, name.place.line);
      if (!is_new)
        complaints_.add(name.place, fmt::format("two phases are named {}; the other stands on line {}",
                                                in_quotes(*text), first->second));
      if (*text == steady_state_name) complaints_.add(name.place, "the name 'steady state' is taken by steady-state");
    }
    return all;
  }

  Phase phase(const Node& node, std::string name) {
    Phase phase{.name = std::move(name), .duration = {}, .faults = {}, .expect = {}};
    put(phase.duration, in(node, "for"));
    for (const Node& item : in(node, "faults").items) {
      phase.faults.push_back(fault(item, phase.duration));
      Fault& made = phase.faults.back();
      made.id = fmt::format("{}#{}", phase.name, phase.faults.size());
      if (made.connection) made.connection->name = made.id;
    }
    for (const Node& item : in(node, "processes").items) {
      phase.processes.push_back(read_process_fault(item, phase.duration, complaints_));
      if (phase.processes.back().kind == ProcessFault::Kind::network && !has_network_)
        complaints_.add(in(item, "network").place, "the service has no network of its own").hint =
            "give the candidate network: {harness-address: 10.213.7.1, service-address: 10.213.7.2}";
      phase.processes.back().id = fmt::format("{}/process#{}", phase.name, phase.processes.size());
    }
    for (const Node& item : in(node, "expect").items) {
      if (auto one = expectation(item, phase.duration)) phase.expect.push_back(std::move(*one));
    }
    phase.probe = read_probe(node, phase, complaints_);
    if (phase.probe && !phase.probe->slow_on.empty())
      known_dependency(in(in(in(in(node, "probe"), "rate-limit"), "slow"), "on"));
    check_needs_probe(in(node, "expect"), phase, complaints_);
    return phase;
  }

  Fault fault(const Node& node, Nanoseconds phase) {
    Fault fault;
    fault.on = known_dependency(in(node, "on"));
    if (const Node* const latency = at(node, "latency")) fault.latency = read_latency_fault(*latency, complaints_);
    if (const Node* const abort = at(node, "abort")) fault.abort = read_abort_fault(*abort, complaints_);
    put(fault.share, in(node, "share"));
    fault.methods = texts(in(node, "methods"));
    fault.paths = texts(in(node, "paths"));
    fault.message = read_message_faults(node, complaints_);
    fault.targeting = read_targeting(node, phase, complaints_);
    if (const Node* const connection = at(node, "connection")) {
      fault.connection = read_connection_fault(*connection, complaints_);
      fault.connection->share = fault.share;
      check_beside_connection(node, complaints_);
      const bool speaks = std::ranges::find(speaking_tls_, fault.on) != speaking_tls_.end();
      if (std::holds_alternative<faults::TlsFault>(fault.connection->kind) && dependencies_known_ && !speaks) {
        complaints_
            .add(in(*connection, "tls").place,
                 fmt::format("the service does not speak TLS with the proxy of {}", in_quotes(fault.on)))
            .hint =
            "give the dependency tls: {authority: stormproof-authority.pem}, and let the service trust that file";
      }
    }
    return fault;
  }

  std::string known_dependency(const Node& node) {
    const auto name = value<std::string>(node);
    if (!name || !dependencies_known_ || std::ranges::find(dependency_names_, *name) != dependency_names_.end())
      return name.value_or("");
    Diagnostic& diagnostic = complaints_.add(node.place, fmt::format("unknown dependency {}", in_quotes(*name)));
    diagnostic.suggestion = nearest(*name, dependency_names_);
    diagnostic.allowed = dependency_names_;
    if (dependency_names_.empty())
      diagnostic.hint = "name it in topology.dependencies, with its proxy and its upstream";
    return *name;
  }

  std::optional<Expectation> expectation(const Node& node, Nanoseconds phase_duration) {
    if (node.keys.empty()) return std::nullopt;
    Expectation expectation{.what = {}, .text = in_one_line(node), .line = node.keys.front().place.line};
    const std::string& kind = node.keys.front().text;
    const Node& what = node.items.front();
    if (kind == "errors") {
      ErrorsExpectation errors;
      put(errors.at_most, in(what, "at-most"));
      expectation.what = errors;
    } else if (kind == "latency") {
      expectation.what = latency(what);
    } else if (kind == "circuit-breaker") {
      expectation.what = breaker(what, phase_duration);
    } else if (kind == "recovers") {
      RecoversExpectation recovers;
      put(recovers.within, in(what, "within"));
      recovers.first_success_within = value<Nanoseconds>(in(what, "first-success-within"));
      recovers.windows = count_in(in(what, "windows")).value_or(recovers.windows);
      if (recovers.windows == 0) complaints_.add(in(what, "windows").place, "one window at least");
      check_fits(in(what, "within"), phase_duration);
      check_fits(in(what, "first-success-within"), phase_duration);
      expectation.what = recovers;
    } else if (auto comparing = read_comparing(kind, what)) {
      expectation.what = std::move(*comparing);
    } else if (auto mechanism = read_mechanism(kind, what, complaints_)) {
      expectation.what = std::move(*mechanism);
      if (at(what, "on") != nullptr) known_dependency(in(what, "on"));
      for (const Node& replica : in(what, "others").items) known_dependency(replica);
      check_traffic_for(kind, node);
      for (const std::string_view key : keys_within_phase(kind)) check_fits(in(what, key), phase_duration);
      if (const auto per = value<std::string>(in(what, "per"))) check_per(*per, in(what, "per"));
    }
    return expectation;
  }

  static LatencyExpectation latency(const Node& node) {
    LatencyExpectation latency;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const auto at_most = value<Nanoseconds>(node.items[i]);
      if (at_most) latency.limits.push_back({quantile_of(node.keys[i].text), *at_most});
    }
    return latency;
  }

  BreakerExpectation breaker(const Node& node, Nanoseconds phase_duration) {
    known_dependency(in(node, "on"));
    for (const Node& host : in(node, "others").items) known_dependency(host);
    check_fits(in(node, "opens-within"), phase_duration);
    check_fits(in(node, "closes-within"), phase_duration);
    return read_breaker(node, complaints_);
  }

  // What the traffic cannot show.
  void check_traffic_for(std::string_view kind, const Node& node) {
    const Place place = node.keys.front().place;
    if (kind != "overload" && kind != "metastability") return;
    if (traffic_.affinity != Affinity::none) {
      complaints_
          .warn(place, fmt::format("'{}' gives no verdict with these connections: a request waits for the one "
                                   "before it, so that the load falls as the service gets slow",
                                   kind))
          .hint = "leave traffic.connections out";
    }
    if (kind == "overload" && (traffic_.rate_per_second || traffic_.poisson_per_second)) {
      complaints_.warn(place, "'overload' gives no verdict at one rate: the peak is that of another").hint =
          "for example traffic steps: [{rate: 100/s, for: 10s}, {rate: 200/s, for: 10s}, {rate: 600/s}]";
    }
  }

  // A request has one key in the event log.
  void check_per(const std::string& header, const Node& node) {
    if (per_.empty()) per_ = header;
    if (per_ != header)
      complaints_.add(node.place, fmt::format("one header tells the callers of a run apart: {} already does", per_));
  }

  // A limit beyond the end of the phase is never reached: nothing could violate it.
  void check_fits(const Node& node, Nanoseconds phase_duration) {
    const auto limit = value<Nanoseconds>(node);
    if (!limit || phase_duration <= Nanoseconds(0) || *limit <= phase_duration) return;
    complaints_.add(node.place, fmt::format("the phase ends after {}: it is over before this limit",
                                            base::format_duration_exact(phase_duration)));
  }

  static Gate gate(const Node& node) {
    Gate gate;
    if (const Node* const fail_on = at(node, "fail-on")) {
      const std::vector<std::string> verdicts = texts(*fail_on);
      gate.on_violated = std::ranges::find(verdicts, "violated") != verdicts.end();
      gate.on_inconclusive = std::ranges::find(verdicts, "inconclusive") != verdicts.end();
    }
    if (const Node* const abort_when = at(node, "abort-when")) {
      gate.abort_when.emplace();
      put(gate.abort_when->errors_above, in(in(*abort_when, "errors"), "above"));
      put(gate.abort_when->lasting, in(in(*abort_when, "errors"), "for"));
    }
    return gate;
  }

  // A scenario whose phases expect nothing would pass without having judged anything.
  void check_judged(const Node& root) {
    const Node& list = in(root, "phases");
    const bool none = std::ranges::none_of(list.items, [](const Node& item) { return at(item, "expect") != nullptr; });
    if (list.items.empty() || !none || at(root, "expect") != nullptr) return;
    const auto key = std::ranges::find(root.keys, std::string_view("phases"), &Node::text);
    complaints_.add(key->place, "no phase has an 'expect': the run would judge nothing").hint =
        "for example expect: [{latency: {p99: 400ms}}]";
  }

  Complaints& complaints_;
  bool has_network_ = false;
  std::vector<std::string> speaking_tls_;  // dependencies
  std::vector<std::string> dependency_names_;
  Traffic traffic_;
  std::string per_;                             // of rate limits
  bool dependencies_known_ = false;             // where topology itself is wrong, every name would be
  std::map<std::string, std::string> proxies_;  // address to dependency
};

}  // namespace

Scenario read_scenario(const Node& root, Complaints& complaints) { return Reader(complaints).scenario(root); }

}  // namespace stormproof::scenarios
