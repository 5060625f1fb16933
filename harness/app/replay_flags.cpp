#include "harness/app/replay_flags.h"

#include <fmt/format.h>

#include <charconv>

#include "harness/base/units.h"
#include "replay/arrivals.h"

namespace stormproof::app {
namespace {

constexpr std::size_t connections_highest = 60'000;

template <typename Options>
void add_pacing(Options& options, CLI::App& command) {
  std::vector<CLI::Option*> ways = {
      command.add_option("--speed", options.speed, "the recorded timing, this much faster: 2x (default: 1x)"),
      command.add_option("--rate", options.rate, "a constant rate instead: 500/s"),
      command.add_option("--ramp", options.ramp, "a rate that changes evenly: \"20/s to 200/s over 30s\""),
      command.add_option("--steps", options.steps, "one rate after the other: \"100/s for 10s, 0/s for 2s, 200/s\""),
      command.add_option("--poisson", options.poisson, "gaps as independent users make them, around a rate: 200/s"),
      command.add_flag("--closed", options.closed,
                       "closed loop: the next request when a connection is free. Hides how long users would wait"),
  };
  for (std::size_t i = 0; i < ways.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) ways[i]->excludes(ways[k]);
  }
  auto* arrivals =
      command.add_option("--arrivals", options.arrivals,
                         "the times in a file (CSV), each for the next request; with --speed that much faster");
  for (std::size_t i = 1; i < ways.size(); ++i) arrivals->excludes(ways[i]);
  command.add_option("--arrivals-column", options.arrivals_column, "its column with the times, by name or number")
      ->needs(arrivals);
  command.add_option("--loop", options.loop, "how often to send the whole capture (or trace of arrivals)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  command.add_option("--for", options.lasting, "over and over for so long, whatever --loop says: 30s")
      ->excludes("--loop");
  command.add_option("--warm-up", options.warm_up, "the beginning that is sent and not measured: 5s");
  command.add_option("--seed", options.seed, "of everything that is drawn")->capture_default_str();
  command.add_flag("--precise", options.precise, "spin before each instant: exact to microseconds, costs a core");
  command.add_flag("--batch", options.batch,
                   "run under SCHED_BATCH: less CPU where target and sender share a core, a little later");
}

base::Result<double> positive(base::Result<double> number, std::string_view flag) {
  if (number && *number <= 0) return base::fail(fmt::format("{} must be above 0", flag));
  return number;
}

base::Result<std::optional<base::Nanoseconds>> duration(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto parsed = base::parse_duration(text);
  if (!parsed) return std::unexpected(parsed.error());
  return *parsed;
}

template <typename Rules>
base::Result<void> parse_rules(const std::vector<std::string>& texts, Rules& rules,
                               base::Result<std::pair<std::string, std::string>> (*parse)(std::string_view)) {
  for (const std::string& text : texts) {
    auto rule = parse(text);
    if (!rule) return std::unexpected(rule.error());
    rules.push_back(std::move(*rule));
  }
  return {};
}

base::Result<replay::RewriteRules> rewrites(const ReplayFlags& flags) {
  replay::RewriteRules rules;
  rules.host = flags.host;
  if (!flags.host.empty()) {
    const auto checked = replay::parse_header_rule("Host: " + flags.host);
    if (!checked) return std::unexpected(checked.error());
  }
  auto parsed = parse_rules(flags.headers, rules.headers, replay::parse_header_rule);
  if (parsed) parsed = parse_rules(flags.path_rules, rules.paths, replay::parse_path_rule);
  if (parsed) parsed = parse_rules(flags.query, rules.query, replay::parse_query_rule);
  for (const std::string& name : flags.headers_removed) {
    if (parsed) parsed = replay::check_header_name(name);
  }
  if (!parsed) return std::unexpected(parsed.error());
  rules.headers_removed = flags.headers_removed;
  rules.query_removed = flags.query_removed;
  return rules;
}

}  // namespace

void ReplayFlags::add_to(CLI::App& command) {
  command.add_option("FILE", file, "a capture")->required();
  command.add_option("--target", target, "where to, like http://127.0.0.1:8080 or https://shop.example")->required();
  add_pacing(*this, command);
  command
      .add_option(
          "--connections", connections,
          "at most so many at once; or \"recorded\": one for each of the recording, or \"session\": one for each "
          "session, their order kept")
      ->capture_default_str();
  command
      .add_option("--at-limit", at_limit,
                  "when all connections are busy: \"queue\" (its delay counts) or \"drop\" (counted)")
      ->check(CLI::IsMember({"queue", "drop"}))
      ->capture_default_str();
  command.add_option("--timeout", timeout, "for one request, from its sending")->capture_default_str();
  command.add_option("--method", methods, "only these methods");
  command.add_option("--path", paths, "only these paths; * stands for any characters");
  command.add_option("--not-path", paths_left_out, "not these paths");
  command.add_option("--sessions", sessions, "this share of the sessions, each whole: 10%")->capture_default_str();
  command.add_option("--from", from, "leave out what was recorded before: 10m after the first request");
  command.add_option("--until", until, "leave out what was recorded from then on");
  command.add_option("--host", host, "the Host field of every request");
  command.add_option("--header", headers, "set a field of every request: 'Name: value'");
  command.add_option("--remove-header", headers_removed, "take a field out of every request");
  command.add_option("--rewrite-path", path_rules, "like '/old/*=/new/*'; the first that matches is applied");
  command.add_option("--query", query, "set a query parameter of every request: name=value");
  command.add_option("--remove-query", query_removed, "take a query parameter out of every request");
  command.add_flag("--allow-writes", allow_writes, "also send methods that write (POST, PUT, DELETE …)");
  command.add_flag("--keep-idempotency-keys", keep_idempotency_keys,
                   "send recorded Idempotency-Key fields as they are; else each replay and loop has its own");
  command.add_option("--max-requests", requests_max, "a ceiling: never send more");
  command.add_option("--max-rate", rate_max,
                     "a ceiling: no second holds more; what would come sooner is put off: 1000/s");
  command.add_option("--max-lag", max_lag, "INCONCLUSIVE above this p99 of the schedule error")->capture_default_str();
  command.add_option("--hlog", hlog, "write latencies and schedule error as an HdrHistogram log");
  command.add_option("--hgrm", hgrm, "write the percentiles of the latency as an HdrHistogram table, in ms");
  tls.add_to(command);
  command.add_flag("--no-links", no_links,
                   "send recorded cookies, tokens and ids as they are, not those that the target gives");
  command.add_flag("--json", json, "print JSON (stormproof.replay/1)");
}

base::Result<replay::PacingOptions> ReplayFlags::pacing() const {
  if (!ramp.empty()) {
    const auto parsed = replay::parse_ramp(ramp);
    if (!parsed) return std::unexpected(parsed.error());
    return *parsed;
  }
  if (!steps.empty()) {
    const auto parsed = replay::parse_steps(steps);
    if (!parsed) return std::unexpected(parsed.error());
    return *parsed;
  }
  if (!rate.empty() || !poisson.empty()) {
    const auto parsed = positive(base::parse_rate(rate.empty() ? poisson : rate), "a rate");
    if (!parsed) return std::unexpected(parsed.error());
    if (rate.empty()) return replay::PoissonRate{*parsed, seed};
    return replay::ConstantRate{*parsed};
  }
  const auto factor = base::parse_factor(speed.empty() ? "1x" : speed);
  if (!factor) return std::unexpected(factor.error());
  if (arrivals.empty()) return replay::Speed{*factor};
  auto times = replay::read_arrivals(arrivals, arrivals_column);
  if (!times) return std::unexpected(times.error());
  return replay::Arrivals{std::move(*times), *factor, arrivals};
}

base::Result<replay::ScriptOptions> ReplayFlags::script() const {
  replay::ScriptOptions options;
  options.allow_writes = allow_writes;
  options.memory_max = replay::script_memory_max;
  options.filter.methods = methods;
  options.filter.paths = paths;
  options.filter.paths_left_out = paths_left_out;
  options.filter.seed = seed;
  const auto share = base::parse_percent(sessions);
  if (!share) return std::unexpected(share.error());
  options.filter.sessions = *share;
  const auto begin = duration(from);
  if (!begin) return std::unexpected(begin.error());
  options.filter.from = begin->value_or(base::Nanoseconds(0));
  const auto end = duration(until);
  if (!end) return std::unexpected(end.error());
  options.filter.until = *end;
  auto rules = rewrites(*this);
  if (!rules) return std::unexpected(rules.error());
  options.rewrites = std::move(*rules);
  return options;
}

base::Result<replay::ShotOptions> ReplayFlags::shots() const {
  replay::ShotOptions options;
  const auto length = duration(lasting);
  if (!length) return std::unexpected(length.error());
  options.lasting = *length;
  options.loops = length->has_value() ? 0 : loop;
  if (closed && length->has_value()) return base::fail("--closed has no schedule that --for could end; use --loop");
  if (!keep_idempotency_keys) options.key_seed = seed;
  options.affinity = connections == "recorded"  ? replay::Affinity::recorded
                     : connections == "session" ? replay::Affinity::session
                                                : replay::Affinity::pool;
  if (closed && options.affinity != replay::Affinity::pool)
    return base::fail("--closed takes a number of --connections");
  options.requests_max = requests_max;
  if (!rate_max.empty()) {
    const auto ceiling = positive(base::parse_rate(rate_max), "--max-rate");
    if (!ceiling) return std::unexpected(ceiling.error());
    if (closed) return base::fail("--closed has no schedule that --max-rate could hold");
    options.per_second_max = *ceiling;
  }
  return options;
}

base::Result<replay::SenderOptions> ReplayFlags::sender() const {
  replay::SenderOptions options;
  if (connections == "recorded" || connections == "session") {
    options.connections_max = 10'000;
  } else {
    const char* const end = connections.data() + connections.size();
    const auto [rest, code] = std::from_chars(connections.data(), end, options.connections_max);
    if (code != std::errc{} || rest != end || options.connections_max < 1 ||
        options.connections_max > connections_highest) {
      return base::fail(fmt::format("--connections is a number from 1 to {}, \"recorded\" or \"session\", not '{}'",
                                    connections_highest, connections));
    }
  }
  const auto limit = base::parse_duration(timeout);
  if (!limit) return std::unexpected(limit.error());
  if (limit->count() <= 0) return base::fail("--timeout must be above 0");
  options.timeout = *limit;
  options.at_limit = at_limit == "drop" ? replay::AtLimit::drop : replay::AtLimit::queue;
  options.closed_loop = closed;
  options.precise = precise;
  return options;
}

}  // namespace stormproof::app
