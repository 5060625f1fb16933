#include "scenarios/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "faults/client.h"
#include "harness/base/units.h"
#include "scenarios/connection_faults.h"
#include "scenarios/fault_reader.h"
#include "scenarios/language.h"
#include "scenarios/mechanisms.h"
#include "scenarios/probe_reader.h"
#include "scenarios/reading.h"
#include "scenarios/suggestion.h"

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
    scenario.traffic = traffic_ = traffic(in(root, "traffic"));
    scenario.steady_state = phase(in(root, "steady-state"), std::string(steady_state_name));
    scenario.phases = phases(in(root, "phases"));
    scenario.faults_at_once = count_in(in(in(root, "caps"), "faults-at-once"));
    if (scenario.faults_at_once == std::uint64_t{0})
      complaints_.add(in(in(root, "caps"), "faults-at-once").place, "'faults-at-once' is 0: no fault would ever fire");
    scenario.gate = gate(in(root, "gate"));
    check_judged(root);
    return scenario;
  }

 private:
  Topology topology(const Node& node) {
    Topology topology;
    const Node& service = in(node, "service");
    put(topology.service, in(service, "name"));
    topology.candidate = target(in(service, "candidate"));
    if (const Node* const baseline = at(service, "baseline")) {
      topology.baseline = target(*baseline);
      warn_of_baseline(service);
    }
    const Node& dependencies = in(node, "dependencies");
    dependencies_known_ =
        node.kind == Node::Kind::map && (at(node, "dependencies") == nullptr || dependencies.kind == Node::Kind::map);
    for (std::size_t i = 0; i < dependencies.keys.size(); ++i) {
      topology.dependencies.push_back(dependency(dependencies.keys[i].text, dependencies.items[i]));
    }
    check_target_ports(service);
    return topology;
  }

  // Until there are expectations that compare the two.
  void warn_of_baseline(const Node& service) {
    const auto key = std::ranges::find(service.keys, std::string_view("baseline"), &Node::text);
    if (key == service.keys.end()) return;
    complaints_.warn(key->place, "baseline is not used by any expectation: nothing is compared with it").hint =
        "only the candidate is sent requests and judged";
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
      has_network_ = !target.network->harness.empty();
    }
    return target;
  }

  Dependency dependency(const std::string& name, const Node& node) {
    Dependency dependency{.name = name, .proxy = {}, .upstream = {}};
    dependency_names_.push_back(name);
    const Node& proxy = in(node, "proxy");
    put(dependency.proxy, proxy);
    put(dependency.upstream, in(node, "upstream"));
    if (const Node* const tls = at(node, "tls")) {
      dependency.tls.emplace();
      put(dependency.tls->authority, in(*tls, "authority"));
      dependency.tls->names = texts(in(*tls, "names"));
      speaking_tls_.push_back(name);
    }
    if (dependency.proxy.empty()) return dependency;
    const auto [other, is_new] = proxies_.emplace(dependency.proxy, name);
    if (!is_new) complaints_.add(proxy.place, fmt::format("the proxy of '{}' has this address already", other->second));
    if (authority_of(dependency.upstream) == dependency.proxy) {
      complaints_.add(in(node, "upstream").place, "the upstream is the proxy itself: it would call itself").hint =
          "upstream is where the dependency really listens";
    }
    return dependency;
  }

  void check_target_ports(const Node& service) {
    for (const std::string_view role : {"candidate", "baseline"}) {
      const Node& url = in(in(service, role), "url");
      const auto text = value<std::string>(url);
      if (!text) continue;
      const auto taken = proxies_.find(std::string(authority_of(*text)));
      if (taken == proxies_.end()) continue;
      complaints_.add(url.place, fmt::format("the {} listens where the proxy of '{}' does", role, taken->second));
    }
  }

  Traffic traffic(const Node& node) {
    Traffic traffic;
    put(traffic.capture, in(node, "capture"));
    traffic.rate_per_second = value<double>(in(node, "rate"));
    traffic.speed = value<double>(in(node, "speed"));
    if (const Node* const ramp = at(node, "ramp")) {
      traffic.ramp.emplace();
      put(traffic.ramp->from_per_second, in(*ramp, "from"));
      put(traffic.ramp->to_per_second, in(*ramp, "to"));
      put(traffic.ramp->over, in(*ramp, "over"));
    }
    for (const Node& item : in(node, "steps").items) {
      RateStep step;
      put(step.per_second, in(item, "rate"));
      step.lasting = value<Nanoseconds>(in(item, "for"));
      traffic.steps.push_back(step);
    }
    check_steps(in(node, "steps"), traffic.steps);
    traffic.poisson_per_second = value<double>(in(node, "poisson"));
    if (const Node* const arrivals = at(node, "arrivals")) {
      traffic.arrivals.emplace();
      put(traffic.arrivals->file, in(*arrivals, "file"));
      put(traffic.arrivals->column, in(*arrivals, "column"));
      put(traffic.arrivals->speed, in(*arrivals, "speed"));
    }
    if (const auto connections = value<std::string>(in(node, "connections"))) {
      if (*connections == "recorded") traffic.affinity = Affinity::recorded;
      else if (*connections == "session") traffic.affinity = Affinity::session;
      else traffic.connections = std::stoull(*connections);
    }
    traffic.methods = texts(in(in(node, "only"), "methods"));
    traffic.paths = texts(in(in(node, "only"), "paths"));
    put(traffic.allow_writes, in(node, "allow-writes"));
    return traffic;
  }

  // Each step but the last ends, and the last one sends something.
  void check_steps(const Node& list, const std::vector<RateStep>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool last = i + 1 == steps.size();
      if (!last && !steps[i].lasting && at(list.items[i], "for") == nullptr)
        complaints_.add(list.items[i].place, "a step before the last one says how long it lasts").hint =
            "for example {rate: 100/s, for: 10s}";
      const bool read = value<double>(in(list.items[i], "rate")).has_value();
      if (last && read && steps[i].per_second <= 0)
        complaints_.add(in(list.items[i], "rate").place, "the last step stays: its rate must be above 0");
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
    BreakerExpectation breaker;
    breaker.on = known_dependency(in(node, "on"));
    breaker.opens_within = value<Nanoseconds>(in(node, "opens-within"));
    if (const auto leaks = value<std::int64_t>(in(node, "leaks-at-most")))
      breaker.leaks_at_most = static_cast<std::uint64_t>(*leaks);
    breaker.probes_every = value<Around>(in(node, "probes-every"));
    breaker.fails_fast_within = value<Nanoseconds>(in(node, "fails-fast-within"));
    breaker.closes_within = value<Nanoseconds>(in(node, "closes-within"));
    check_fits(in(node, "opens-within"), phase_duration);
    check_fits(in(node, "closes-within"), phase_duration);
    return breaker;
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
    if (list.items.empty() || !none) return;
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
