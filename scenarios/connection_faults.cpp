#include "scenarios/connection_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <utility>

#include "harness/base/units.h"
#include "scenarios/fault_records.h"
#include "scenarios/reading.h"

namespace stormproof::scenarios {
namespace {

using faults::Distribution;
using faults::StreamFaultKind;

struct Example {
  std::string_view of;  // "reset" or "reset/after-bytes"
  std::string_view yaml;
};

constexpr std::array<Example, 33> examples = {{
    {"latency", "{p50: 20ms, p99: 200ms}"},
    {"bandwidth", "64KiB"},
    {"slow-close", "{delay: 2s}"},
    {"slow-close/delay", "2s"},
    {"blackhole", "{close-after: 5s}"},
    {"blackhole/close-after", "5s"},
    {"reset", "{after-bytes: 1KiB}"},
    {"reset/after-bytes", "1KiB"},
    {"reset/after", "500ms"},
    {"reset/from-start", "true"},
    {"slicer", "{average-size: 64B, size-variation: 16B, delay: 5ms}"},
    {"slicer/average-size", "64B"},
    {"slicer/size-variation", "16B"},
    {"slicer/delay", "5ms"},
    {"limit", "{bytes: 4KiB}"},
    {"limit/bytes", "4KiB"},
    {"half-open", "{after-bytes: 1KiB}"},
    {"half-open/after-bytes", "1KiB"},
    {"half-open/after", "1s"},
    {"corrupt", "{one-in: 1KB}"},
    {"corrupt/one-in", "1KB"},
    {"corrupt/after-bytes", "512B"},
    {"open", "{delay: 300ms}"},
    {"open/delay", "{base: 300ms, jitter: 100ms}"},
    {"open/refuse", "true"},
    {"open/hang", "true"},
    {"tls", "{expired: true}"},
    {"tls/expired", "true"},
    {"tls/self-signed", "true"},
    {"tls/wrong-host", "true"},
    {"tls/stall", "true"},
    {"tls/alert", "true"},
    {"tls/no-alpn", "true"},
}};

std::string_view example_of(std::string_view type, std::string_view field = {}) {
  const std::string of = field.empty() ? std::string(type) : fmt::format("{}/{}", type, field);
  const auto found = std::ranges::find(examples, of, &Example::of);
  return found == examples.end() ? std::string_view() : found->yaml;
}

Shape delay_shape() { return {.scalar = Form::duration, .map = &delay_record()}; }

// What means nothing while it is not said.
bool is_required(std::string_view type, std::string_view field) {
  return (type == "limit" && field == "bytes") || (type == "slow-close" && field == "delay");
}

// "of a piece" as "Of a piece.", for good: keys hold views.
std::string_view as_sentence(std::string_view words) {
  static std::deque<std::string> sentences;
  std::string& made = sentences.emplace_back(words);
  if (made.front() >= 'a' && made.front() <= 'z') made.front() = static_cast<char>(made.front() - 'a' + 'A');
  if (!made.ends_with('.')) made += '.';
  return made;
}

// The fields of a kind, as keys.
class KeyMaker {
 public:
  KeyMaker(std::string_view type, std::vector<Key>& keys) : type_(type), keys_(keys) {}

  void duration(std::string_view name, base::Nanoseconds, std::string_view about) {
    add(name, a(Form::duration_or_zero), about);
  }
  void bytes(std::string_view name, std::uint64_t, std::string_view about) { add(name, a(Form::size), about); }
  void flag(std::string_view name, bool, std::string_view about) { add(name, a(Form::flag), about); }
  void distribution(std::string_view name, const Distribution&, std::string_view about) {
    add(name, delay_shape(), about);
  }

 private:
  void add(std::string_view name, Shape shape, std::string_view about) {
    keys_.push_back({name, std::move(shape), is_required(type_, name), as_sentence(about), example_of(type_, name)});
  }
  std::string_view type_;
  std::vector<Key>& keys_;
};

// The same fields, read from a node.
class NodeReader {
 public:
  NodeReader(const Node& node, Complaints& complaints) : node_(node), complaints_(complaints) {}

  void duration(std::string_view name, base::Nanoseconds& into, std::string_view) { put(into, in(node_, name)); }
  void bytes(std::string_view name, std::uint64_t& into, std::string_view) {
    if (const auto found = count_in(in(node_, name))) into = *found;
  }
  void flag(std::string_view name, bool& into, std::string_view) { put(into, in(node_, name)); }
  void distribution(std::string_view name, Distribution& into, std::string_view) {
    if (const Node* const found = at(node_, name)) into = read_delay(*found, complaints_);
  }

 private:
  const Node& node_;
  Complaints& complaints_;
};

// Of the kinds that a scenario may name: noop is for clients of the API, and `connect` is about a relay's own pool.
template <typename Kind>
constexpr bool in_language = Kind::type != faults::Noop::type && Kind::type != faults::Connecting::type;

template <typename Visit, std::size_t... index>
void each_kind(Visit&& visit, std::index_sequence<index...>) {
  const auto one = [&]<typename Kind>(Kind kind) {
    if constexpr (in_language<Kind>) visit(kind);
  };
  (one(std::variant_alternative_t<index, StreamFaultKind>{}), ...);
}
template <typename Visit>
void each_kind(Visit&& visit) {
  each_kind(visit, std::make_index_sequence<std::variant_size_v<StreamFaultKind>>());
}

template <typename Kind>
const Record& record_of(const Kind& kind) {
  static const Record record = [&] {
    static const std::string name = fmt::format("connection {}", Kind::type);
    Record made{name, Kind::about, {}};
    KeyMaker maker(Kind::type, made.keys);
    Kind::fields(kind, maker);
    return made;
  }();
  return record;
}

struct Family {
  Distribution::Kind kind;
  std::string_view first;
  std::string_view second;
};
constexpr std::array<Family, 4> families = {{{Distribution::Kind::uniform, "base", "jitter"},
                                             {Distribution::Kind::normal, "mean", "deviation"},
                                             {Distribution::Kind::lognormal, "p50", "p99"},
                                             {Distribution::Kind::pareto, "scale", "shape"}}};

}  // namespace

std::vector<Key> delay_keys() {
  return {{"base", a(Form::duration), optional, "The middle of the delays, which are spread evenly.", "200ms"},
          {"jitter", a(Form::duration_or_zero), optional,
           "By how much they differ from it; at most base. Default: 0ms.", "50ms"},
          {"mean", a(Form::duration), optional, "The mean of delays that are normally distributed.", "200ms"},
          {"deviation", a(Form::duration), optional, "Their standard deviation.", "20ms"},
          {"p50", a(Form::duration), optional, "Half of the delays are below it: a lognormal distribution.", "20ms"},
          {"p99", a(Form::duration), optional, "99 of 100 are below it; above p50.", "200ms"},
          {"scale", a(Form::duration), optional, "No delay is below it: a Pareto distribution.", "10ms"},
          {"shape", a(Form::number), optional, "How heavy its tail is: the smaller, the heavier. Default: 2.", "1.5"},
          {"at-most", a(Form::duration), optional, "No delay is above it, however it was drawn. Default: 24h.", "10s"}};
}

const Record& delay_record() {
  static const Record record = {
      "delay",
      "How long: base ± jitter, drawn evenly; mean and deviation (normal); p50 and p99 (lognormal); scale and shape "
      "(Pareto).",
      delay_keys(), Choice{true, {"base", "mean", "p50", "scale"}, "a delay has one distribution"}};
  return record;
}

const Record& connection_fault() {
  static const Record record = [] {
    Record made{"connection fault",
                "What goes wrong with the bytes of the connections between the service and the dependency's proxy. "
                "Exactly one kind.",
                {},
                Choice{true, {}, "write two faults, each with a connection of its own"}};
    each_kind([&]<typename Kind>(const Kind& kind) {
      Shape shape = a(record_of(kind));
      if (std::is_same_v<Kind, faults::StreamLatency>) shape = delay_shape();
      if (std::is_same_v<Kind, faults::Bandwidth>) shape = a(Form::size);
      made.keys.push_back({Kind::type, std::move(shape), optional, Kind::about, example_of(Kind::type)});
      made.choice->of.push_back(Kind::type);
    });
    made.keys.push_back({"direction", a(Form::moment), optional,
                         "Whose bytes: request is what the service sends, response what it gets. Default: response.",
                         "request"});
    return made;
  }();
  return record;
}

Distribution read_delay(const Node& node, Complaints& complaints) {
  Distribution delay;
  if (node.kind != Node::Kind::map) {
    put(delay.base, node);
    return delay;
  }
  for (const Family& family : families) {
    if (at(node, family.first) == nullptr) {
      if (at(node, family.second) != nullptr)
        complaints.add(in(node, family.second).place,
                       fmt::format("'{}' stands beside '{}'", family.second, family.first));
      continue;
    }
    delay.kind = family.kind;
    put(delay.base, in(node, family.first));
    const Node& second = in(node, family.second);
    if (family.kind == Distribution::Kind::lognormal) put(delay.p99, second);
    else if (family.kind == Distribution::Kind::pareto) put(delay.shape, second);
    else put(delay.jitter, second);
    const bool alone = at(node, family.second) == nullptr;
    if (alone && (family.kind == Distribution::Kind::lognormal || family.kind == Distribution::Kind::normal))
      complaints.add(in(node, family.first).place, fmt::format("'{}' needs '{}'", family.first, family.second));
  }
  put(delay.at_most, in(node, "at-most"));
  const Node& jitter = in(node, "jitter");
  if (delay.kind == Distribution::Kind::uniform && delay.jitter > delay.base && delay.base > Nanoseconds(0)) {
    complaints.add(jitter.place, fmt::format("the jitter is larger than the base, {}: a delay cannot be negative",
                                             base::format_duration_exact(delay.base)));
  } else if (delay.kind == Distribution::Kind::lognormal && delay.p99 <= delay.base && delay.p99 > Nanoseconds(0)) {
    complaints.add(in(node, "p99").place,
                   fmt::format("p99 is not above p50, {}", base::format_duration_exact(delay.base)));
  } else if (delay.base > Nanoseconds(0) && delay.kind != Distribution::Kind::lognormal) {
    if (const auto checked = delay.check(); !checked) complaints.add(node.place, checked.error().message);
  }
  return delay;
}

faults::StreamFault read_connection_fault(const Node& node, Complaints& complaints) {
  faults::StreamFault fault;
  if (value<std::string>(in(node, "direction")) == "request") fault.direction = faults::Direction::upstream;
  each_kind([&]<typename Kind>(Kind kind) {
    const Node* const found = at(node, Kind::type);
    if (found == nullptr) return;
    if constexpr (std::is_same_v<Kind, faults::StreamLatency>) {
      kind.distribution = read_delay(*found, complaints);
    } else if constexpr (std::is_same_v<Kind, faults::Bandwidth>) {
      kind.rate = count_in(*found).value_or(0);
    } else {
      NodeReader reader(*found, complaints);
      Kind::fields(kind, reader);
      if (const auto checked = kind.check(); !checked && found->kind == Node::Kind::map)
        complaints.add(found->place, checked.error().message);
    }
    fault.kind = kind;
  });
  if (const auto* const opening = std::get_if<faults::Opening>(&fault.kind)) {
    if (!opening->hang && !opening->refuse && opening->delay == Distribution{} && at(node, "open")->keys.empty())
      complaints.add(at(node, "open")->place, "'open' needs a delay, refuse: true or hang: true");
    if (at(node, "direction") != nullptr)
      complaints.add(in(node, "direction").place, "'open' has no direction: the whole connection waits");
  }
  if (std::holds_alternative<faults::TlsFault>(fault.kind) && at(node, "direction") != nullptr)
    complaints.add(in(node, "direction").place, "'tls' has no direction: a handshake goes both ways");
  return fault;
}

void check_beside_connection(const Node& fault, Complaints& complaints) {
  for (const Key& key : message_fault_keys()) {
    if (at(fault, key.name) == nullptr) continue;
    complaints
        .add(in(fault, key.name).place,
             fmt::format("'{}' is about messages and cannot stand beside 'connection'", key.name))
        .hint = "write two faults";
  }
  for (const std::string_view key :
       {"share-of", "methods", "paths", "routes", "headers", "clients", "first-tries", "first", "every", "at-most"}) {
    if (at(fault, key) == nullptr) continue;
    complaints
        .add(in(fault, key).place,
             fmt::format("'{}' is about requests, and 'connection' hits connections, whatever they carry", key))
        .hint = "a fault on connections takes share, after, for and ramp";
  }
}

}  // namespace stormproof::scenarios
