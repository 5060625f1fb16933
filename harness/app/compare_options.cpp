#include "harness/app/compare_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/units.h"

namespace stormproof::app {
namespace {

constexpr std::array<const char*, 3> gate_words = {"differences", "errors", "latency"};

base::Result<replay::PairingTarget> target_of(const std::string& url, const UpstreamTlsFlags& tls) {
  const auto origin = wire::parse_origin(url);
  if (!origin) return std::unexpected(origin.error());
  auto peer = tls.peer(*origin);
  if (!peer) return std::unexpected(peer.error());
  const auto endpoint = wire::resolve(origin->host, origin->port);
  if (!endpoint) return std::unexpected(endpoint.error());
  return replay::PairingTarget{*endpoint, std::move(*peer)};
}

// "p99=10%".
base::Result<verify::TailGate> tail_of(const std::string& text) {
  const auto equals = text.find('=');
  const auto wrong = [&] { return base::fail(fmt::format("'{}' is no tail: write p99=10% or p95=5%", text)); };
  if (!text.starts_with('p') || equals == text.npos) return wrong();
  const auto quantile = base::parse_percent(text.substr(1, equals - 1) + "%");
  const auto margin = base::parse_percent(text.substr(equals + 1));
  if (!quantile || !margin || *quantile < 0.5 || *quantile >= 1) return wrong();
  return verify::TailGate{*quantile, *margin};
}

}  // namespace

void CompareOptions::add_to(CLI::App& command) {
  command.add_option("FILE", file, "a capture")->required();
  command.add_option("--baseline", baseline, "the version that is known to be good, like http://127.0.0.1:8081");
  command.add_option("--second-baseline", second, "another instance of it: what differs between the two is noise");
  command.add_option("--candidate", candidate, "the version that is judged");
  command.add_flag("--recorded", recorded,
                   "send nothing: compare the live answers of the capture with those of its shadows");
  auto* speed_option =
      command.add_option("--speed", speed, "the recorded timing, this much faster: 2x (default: as answers come)");
  command.add_option("--rate", rate, "a constant rate: 100/s")->excludes(speed_option);
  command.add_option("--at-once", at_once, "at most so many requests under way, each to all targets")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}))
      ->capture_default_str();
  command.add_option("--loop", loop, "how often to send the whole capture")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  command.add_flag("--allow-writes", allow_writes, "also send methods that write (POST, PUT, DELETE …)");
  command.add_flag("--no-links", no_links,
                   "send recorded cookies, tokens and ids as they are, not those that each target gives");
  command.add_flag("--keep-idempotency-keys", keep_idempotency_keys,
                   "send recorded Idempotency-Key fields as they are; else each loop has its own");
  command.add_option("--method", methods, "only these methods");
  command.add_option("--path", paths, "only these paths, * for any text");
  command.add_option("--ignore", ignored,
                     "what need not be equal: $.updated_at, $..requestId, header:etag, 'GET /orders/{id} $.total'");
  command.add_option("--unordered", unordered, "lists whose order does not matter: $.items");
  command.add_option("--tolerance", tolerated, "numbers that may differ by so much: $.price=0.01 or $.score=1%");
  command.add_option("--gate", gate_names, "only these gates: differences, errors, latency")
      ->check(CLI::IsMember(std::vector<std::string>(gate_words.begin(), gate_words.end())));
  command.add_option("--latency-margin", latency_margin, "slower by at most this is not worse")->capture_default_str();
  command.add_option("--error-margin", error_margin, "failing in at most this share more is not worse")
      ->capture_default_str();
  command.add_option("--tail", tail, "also a gate on a quantile, with its margin: p99=10%");
  command.add_option("--false-alarms", false_alarms, "how often an equal version may be called worse")
      ->capture_default_str();
  command.add_option("--timeout", timeout, "for one answer")->capture_default_str();
  command.add_option("--seed", seed, "of the order of the targets")->capture_default_str();
  tls.add_to(command);
  command.add_flag("--json", json, "print JSON (stormproof.compare/1)");
}

base::Result<void> CompareOptions::check() const {
  if (recorded) {
    const bool asks = !baseline.empty() || !candidate.empty() || !second.empty() || !speed.empty() || !rate.empty() ||
                      allow_writes || loop != 1;
    return asks ? base::Result<void>(
                      base::fail("--recorded sends nothing: it takes no target, timing, --loop or --allow-writes"))
                : base::Result<void>();
  }
  if (baseline.empty() || candidate.empty()) return base::fail("--baseline and --candidate are needed, or --recorded");
  // What is wrong with an address is said before the capture is read.
  for (const std::string* url : {&baseline, &second, &candidate}) {
    if (url->empty()) continue;
    const auto origin = wire::parse_origin(*url);
    if (!origin) return std::unexpected(origin.error());
    if (const auto peer = tls.peer(*origin); !peer) return std::unexpected(peer.error());
  }
  return {};
}

base::Result<replay::DifferenceRules> CompareOptions::rules() const {
  replay::DifferenceRules rules;
  for (const std::string& pattern : ignored) {
    if (const auto added = rules.ignore(pattern); !added) return std::unexpected(added.error());
  }
  for (const std::string& pattern : unordered) {
    if (const auto added = rules.unordered(pattern); !added) return std::unexpected(added.error());
  }
  for (const std::string& pattern : tolerated) {
    if (const auto added = rules.tolerate(pattern); !added) return std::unexpected(added.error());
  }
  return rules;
}

base::Result<verify::ComparisonGates> CompareOptions::gates() const {
  verify::ComparisonGates gates;
  const auto wanted = [&](const char* name) {
    return gate_names.empty() || std::ranges::find(gate_names, name) != gate_names.end();
  };
  if (!wanted("differences")) gates.differences.reset();
  const auto latency = base::parse_percent(latency_margin);
  if (!latency) return std::unexpected(latency.error());
  gates.latency = wanted("latency") ? std::optional(*latency) : std::nullopt;
  const auto errors = base::parse_percent(error_margin);
  if (!errors) return std::unexpected(errors.error());
  gates.errors = wanted("errors") ? std::optional(*errors) : std::nullopt;
  const auto share = base::parse_percent(false_alarms);
  if (!share) return std::unexpected(share.error());
  if (*share <= 0 || *share > 0.2) return base::fail("--false-alarms lies above 0% and at most at 20%");
  gates.false_alarms = *share;
  if (!tail.empty()) {
    const auto gate = tail_of(tail);
    if (!gate) return std::unexpected(gate.error());
    gates.tail = *gate;
  }
  gates.seed = seed;
  return gates;
}

base::Result<replay::PairingOptions> CompareOptions::pairing() const {
  replay::PairingOptions options;
  options.seed = seed;
  options.fresh_keys = !keep_idempotency_keys;
  options.at_once = at_once;
  options.loops = loop;
  const auto limit = base::parse_duration(timeout);
  if (!limit) return std::unexpected(limit.error());
  options.timeout = *limit;
  if (!rate.empty()) {
    const auto per_second = base::parse_rate(rate);
    if (!per_second) return std::unexpected(per_second.error());
    options.pacing = replay::ConstantRate{*per_second};
  } else if (!speed.empty()) {
    const auto factor = base::parse_factor(speed);
    if (!factor) return std::unexpected(factor.error());
    options.pacing = replay::Speed{*factor};
  }
  return options;
}

base::Result<std::vector<replay::PairingTarget>> CompareOptions::targets() const {
  std::vector<replay::PairingTarget> targets;
  for (const std::string* url : {&baseline, &second, &candidate}) {
    if (url->empty()) continue;
    auto target = target_of(*url, tls);
    if (!target) return std::unexpected(target.error());
    targets.push_back(std::move(*target));
  }
  return targets;
}

std::uint64_t CompareOptions::warm_up(std::uint64_t requests) const {
  constexpr std::uint64_t warm_up_max = 100;
  constexpr std::uint64_t warm_up_part = 10;
  return std::min(warm_up_max, requests / warm_up_part);
}

}  // namespace stormproof::app
