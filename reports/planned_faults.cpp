#include "reports/planned_faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "harness/base/units.h"

namespace stormproof::reports {

namespace {

std::string words_of(const faults::Distribution& delay) {
  using Kind = faults::Distribution::Kind;
  const auto words = [](base::Nanoseconds duration) { return base::format_duration_exact(duration); };
  std::string made = words(delay.base);
  if (delay.kind == Kind::uniform && delay.jitter > base::Nanoseconds(0)) made += " ± " + words(delay.jitter);
  if (delay.kind == Kind::normal) made += fmt::format(" (normal, deviation {})", words(delay.jitter));
  if (delay.kind == Kind::lognormal) made += fmt::format(" in the median, {} at p99", words(delay.p99));
  if (delay.kind == Kind::pareto) made = fmt::format("at least {} (Pareto, shape {})", made, delay.shape);
  if (delay.at_most != faults::Distribution::longest) made += ", at most " + words(delay.at_most);
  return made;
}

// The fields of a fault on connections, in words: "after-bytes 1KiB, after 2s".
class FieldWords {
 public:
  void duration(std::string_view name, base::Nanoseconds value, std::string_view) {
    if (value.count() > 0) add(name, base::format_duration_exact(value));
  }
  void bytes(std::string_view name, std::uint64_t value, std::string_view) {
    if (value > 0) add(name, base::format_bytes(value));
  }
  void flag(std::string_view name, bool value, std::string_view) {
    if (value) words_.emplace_back(name);
  }
  void distribution(std::string_view name, const faults::Distribution& value, std::string_view) {
    if (value != faults::Distribution{}) add(name, words_of(value));
  }
  std::string text() const { return fmt::format("{}", fmt::join(words_, ", ")); }

 private:
  void add(std::string_view name, const std::string& value) { words_.push_back(fmt::format("{} {}", name, value)); }
  std::vector<std::string> words_;
};

std::string words_of(const faults::StreamFault& fault) {
  FieldWords fields;
  std::visit([&]<typename Kind>(const Kind& kind) { Kind::fields(kind, fields); }, fault.kind);
  const bool directed = !std::holds_alternative<faults::Opening>(fault.kind);
  std::string words = fmt::format("connections: {}", fault.type());
  if (directed) words += fault.direction == faults::Direction::upstream ? " of requests" : " of responses";
  return fields.text().empty() ? words : fmt::format("{} ({})", words, fields.text());
}

}  // namespace

std::string effect_of(const scenarios::Fault& fault) {
  if (fault.connection) return words_of(*fault.connection);
  std::vector<std::string> effects;
  const scenarios::MessageFaults& message = fault.message;
  if (fault.latency) {
    std::string held = fault.latency->at_response ? "hold back the response " : "hold back ";
    held += words_of(fault.latency->distribution());
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
      constexpr std::array<std::string_view, 9> effects = {
          "kill the program",      "terminate the program", "pause the program", "crash the program again and again",
          "limit its descriptors", "limit its processor",   "limit its memory",  "run a command that hurts",
          "hurt its network"};
      planned.push_back({fault.id, phase.name, scenario.topology.service,
                         std::string(effects[static_cast<std::size_t>(fault.kind)]), 1});
    }
  }
  return planned;
}

}  // namespace stormproof::reports
