// stormproof replay: sends a capture to a target, in open loop, and says how well it did.

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/app/outputs.h"
#include "harness/app/signals.h"
#include "harness/app/tls_flags.h"
#include "harness/base/units.h"
#include "replay/capture_reader.h"
#include "replay/live_values.h"
#include "replay/replay_stats.h"
#include "replay/script.h"
#include "replay/sender.h"

namespace stormproof::app {
namespace {

struct ReplayOptions {
  std::string file;
  std::string target;
  std::string speed;
  std::string rate;
  std::uint64_t loop = 1;
  std::size_t connections = 512;
  bool allow_writes = false;
  bool json = false;
  bool no_links = false;
  UpstreamTlsFlags tls;
};

constexpr std::chrono::milliseconds before_first_request{50};

base::Task<> send(replay::Sender& sender, replay::ShotSource& shots, base::Time begin, wire::IoContext& io) {
  co_await sender.send(shots, begin);
  io.stop();
}

base::Result<replay::PacingOptions> pacing_of(const ReplayOptions& options) {
  if (!options.rate.empty()) {
    const auto rate = base::parse_rate(options.rate);
    if (!rate) return std::unexpected(rate.error());
    return replay::ConstantRate{*rate};
  }
  const auto speed = base::parse_factor(options.speed.empty() ? "1x" : options.speed);
  if (!speed) return std::unexpected(speed.error());
  return replay::Speed{*speed};
}

// Null where recorded values are to be sent as they are.
base::Result<std::unique_ptr<replay::LiveValues>> live_values(const ReplayOptions& options,
                                                              const replay::Script& script) {
  if (options.no_links) return nullptr;
  auto capture = replay::CaptureReader::open(options.file);
  if (!capture) return std::unexpected(capture.error());
  const auto links = replay::find_links(*capture);
  if (!links) return std::unexpected(links.error());
  std::vector<std::uint64_t> sent;
  for (const replay::ScriptRequest& request : script.requests) sent.push_back(request.id);
  return std::make_unique<replay::LiveValues>(*links, sent);
}

ExitCode run_replay(const ReplayOptions& options) {
  const auto origin = wire::parse_origin(options.target);
  if (!origin) return complain("replay", ExitCode::usage, origin.error());
  const auto tls = options.tls.peer(*origin);
  if (!tls) return complain("replay", ExitCode::usage, tls.error());
  const auto pacing = pacing_of(options);
  if (!pacing) return complain("replay", ExitCode::usage, pacing.error());
  const auto script = replay::load_script(options.file, {.filter = {}, .allow_writes = options.allow_writes});
  if (!script) return complain("replay", ExitCode::invalid_input, script.error());
  if (script->requests.empty()) {
    return complain(
        "replay", ExitCode::invalid_input,
        {.message = fmt::format("{} has no request to send ({} write and need --allow-writes, {} are not whole)",
                                options.file, script->writes_refused, script->not_replayable)});
  }
  const auto values = live_values(options, *script);
  if (!values) return complain("replay", ExitCode::invalid_input, values.error());
  const auto endpoint = wire::resolve(origin->host, origin->port);
  if (!endpoint) return complain("replay", ExitCode::could_not_run, endpoint.error());

  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  replay::ReplayStats stats;
  replay::SenderOptions sender_options;
  sender_options.target = *endpoint;
  sender_options.tls = *tls;
  sender_options.connections_max = options.connections;
  sender_options.rewriter = values->get();
  replay::Sender sender(io, clock, stats, sender_options);
  replay::ScriptShots recorded(*script, *pacing, {.loops = options.loop, .trace_seed = std::nullopt});
  std::optional<replay::GroupedShots> grouped;
  if (*values != nullptr) grouped.emplace(recorded, **values);
  replay::ShotSource& shots = grouped ? static_cast<replay::ShotSource&>(*grouped) : recorded;
  Signals signals(io, [&] { sender.stop(); });
  base::TaskGroup tasks;
  tasks.spawn(send(sender, shots, clock.now() + before_first_request, io));
  io.run();

  const replay::ReplayTarget about{options.file,
                                   options.target,
                                   replay::to_string(*pacing),
                                   script->writes_refused,
                                   script->not_replayable,
                                   signals.caught(),
                                   *values == nullptr ? nullptr : &(*values)->counts()};
  const auto written = write_whole("-", options.json ? stats.to_json(about) : stats.to_text(about));
  if (!written) return complain("replay", ExitCode::could_not_run, written.error());
  if (signals.caught()) return signals.exit_code(ExitCode::interrupted);
  if (stats.answered() == 0) {
    return complain("replay", ExitCode::could_not_run, {.message = fmt::format("{} answered nothing", options.target)});
  }
  return stats.lagged() ? ExitCode::inconclusive : ExitCode::pass;
}

}  // namespace

void add_replay(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("replay", "Send a capture to a target with its own timing or at a rate");
  auto options = std::make_shared<ReplayOptions>();
  command->add_option("FILE", options->file, "a capture")->required();
  command->add_option("--target", options->target, "where to, like http://127.0.0.1:8080 or https://shop.example")
      ->required();
  auto* speed =
      command->add_option("--speed", options->speed, "the recorded timing, this much faster: 2x (default: 1x)");
  command->add_option("--rate", options->rate, "a constant rate instead: 500/s")->excludes(speed);
  command->add_option("--loop", options->loop, "how often to send the whole capture")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_option("--connections", options->connections, "at most so many at once; above it requests queue")
      ->check(CLI::Range(std::size_t{1}, std::size_t{60'000}))
      ->capture_default_str();
  command->add_flag("--allow-writes", options->allow_writes, "also send methods that write (POST, PUT, DELETE …)");
  command->add_flag("--no-links", options->no_links,
                    "send recorded cookies, tokens and ids as they are, not those that the target gives");
  options->tls.add_to(*command);
  command->add_flag("--json", options->json, "print JSON (stormproof.replay/1)");
  command->callback([options, &call] { call = [options] { return run_replay(*options); }; });
}

}  // namespace stormproof::app
