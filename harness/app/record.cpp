// stormproof record: relays traffic to an upstream and writes it to a capture.

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <expected>
#include <iostream>
#include <memory>
#include <optional>

#include "harness/app/commands.h"
#include "harness/app/shadow_options.h"
#include "harness/app/signals.h"
#include "harness/app/version.h"
#include "harness/base/units.h"
#include "harness/proxy/relay.h"
#include "harness/proxy/shadow.h"
#include "replay/recorder.h"

namespace stormproof::app {
namespace {

struct RecordOptions {
  std::string listen;
  std::string upstream;
  std::string out;
  ShadowChoices shadow;
};

ExitCode fail(ExitCode code, const base::Error& error) {
  std::cerr << "stormproof record: " << error.to_string() << "\n";
  return code;
}

// The relay first: only then is every copied request with the shadow.
base::Task<> end(proxy::Relay& relay, proxy::Shadow* shadow, wire::IoContext& io) {
  co_await relay.drain();
  if (shadow != nullptr) co_await shadow->drain();
  io.stop();
}

struct Refusal {
  ExitCode code;
  base::Error error;
};

// Nothing where no shadow is asked for.
std::expected<std::optional<proxy::ShadowOptions>, Refusal> shadow_asked_for(const ShadowChoices& choices,
                                                                             const wire::Endpoint& upstream,
                                                                             const wire::Endpoint& listen) {
  if (choices.url.empty()) return std::nullopt;
  auto shadow = shadow_options(choices);
  if (!shadow) return std::unexpected(Refusal{ExitCode::usage, shadow.error()});
  const auto origin = wire::parse_origin(choices.url);
  if (!origin) return std::unexpected(Refusal{ExitCode::usage, origin.error()});
  const auto candidate = wire::resolve(origin->host, origin->port);
  if (!candidate) return std::unexpected(Refusal{ExitCode::could_not_run, candidate.error()});
  const auto apart = refuse_loop(*candidate, upstream, listen);
  if (!apart) return std::unexpected(Refusal{ExitCode::usage, apart.error()});
  shadow->candidate = *candidate;
  shadow->on_trouble = [](const std::string& trouble) { std::cerr << "stormproof record: " << trouble << "\n"; };
  return std::move(*shadow);
}

// What there is of a shadow, before the recorder.
struct Shadowing {
  std::unique_ptr<proxy::LoopDelay> delay;
  std::unique_ptr<proxy::Shadow> shadow;

  base::Result<void> start(wire::IoContext& io, const base::Clock& clock, proxy::ShadowOptions options,
                           wire::Tapper& recorder) {
    delay = std::make_unique<proxy::LoopDelay>(io);
    auto opened = proxy::Shadow::open(io, clock, *delay, std::move(options), &recorder);
    if (!opened) return std::unexpected(opened.error());
    shadow = std::move(*opened);
    return {};
  }
};

ExitCode record(const RecordOptions& options) {
  const auto origin = wire::parse_origin(options.upstream);
  if (!origin) return fail(ExitCode::usage, origin.error());
  const auto listen = wire::parse_listen_address(options.listen);
  if (!listen) return fail(ExitCode::usage, listen.error());
  const auto upstream = wire::resolve(origin->host, origin->port);
  if (!upstream) return fail(ExitCode::could_not_run, upstream.error());
  const auto shadowed = shadow_asked_for(options.shadow, *upstream, *listen);
  if (!shadowed) return fail(shadowed.error().code, shadowed.error().error);

  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  replay::RecorderOptions recorder_options;
  recorder_options.on_trouble = [](const std::string& trouble) {
    std::cerr << fmt::format("stormproof record: {}; relaying goes on, what cannot be written is counted\n", trouble);
  };
  // The address first: a port in use must leave no empty capture behind.
  {
    const auto free = wire::Listener::open(io, *listen);
    if (!free) return fail(ExitCode::could_not_run, free.error());
  }
  auto recorder = replay::Recorder::start(options.out,
                                          {{"source", fmt::format("record {}", options.upstream)},
                                           {"made", base::format_time(clock.now())},
                                           {"made by", fmt::format("stormproof {}", version)}},
                                          clock, std::move(recorder_options));
  if (!recorder) return fail(ExitCode::could_not_run, recorder.error());
  Shadowing shadowing;
  wire::Tapper* tapper = recorder->get();
  if (*shadowed) {
    if (const auto started = shadowing.start(io, clock, **shadowed, **recorder); !started) {
      return fail(ExitCode::usage, started.error());
    }
    tapper = shadowing.shadow.get();
  }

  proxy::RelayOptions relay_options;
  relay_options.listen = *listen;
  relay_options.upstreams = {{*upstream}};
  relay_options.side = events::Side::ingress;
  auto relay = proxy::Relay::open(io, clock, relay_options, {.sink = nullptr, .tapper = tapper});
  if (!relay) return fail(ExitCode::could_not_run, relay.error());

  base::TaskGroup ending;
  Signals signals(io, [&] { ending.spawn(end(**relay, shadowing.shadow.get(), io)); });
  std::cerr << fmt::format("recording {} -> {} into {}{}; end with Ctrl-C\n", wire::to_string((*relay)->endpoint()),
                           options.upstream, options.out, *shadowed ? ", shadowed by " + options.shadow.url : "");
  io.run();

  if (shadowing.shadow != nullptr) std::cerr << account_of(shadowing.shadow->counts());
  const auto account = (*recorder)->finish();
  if (!account) return fail(ExitCode::could_not_run, account.error());
  for (const auto& [cause, tally] : *account) {
    std::cerr << fmt::format("{:>10}  {}, {}\n", tally.count, cause, base::format_bytes(tally.bytes));
  }
  return ExitCode::pass;
}

}  // namespace

void add_record(CLI::App& app, Call& call) {
  auto* command =
      app.add_subcommand("record", "Relay traffic to an upstream and record it; ends with SIGINT or SIGTERM");
  auto options = std::make_shared<RecordOptions>();
  command->add_option("--listen", options->listen, "address to listen on, like 127.0.0.1:8080")->required();
  command->add_option("--upstream", options->upstream, "where the traffic goes, like http://127.0.0.1:9090")
      ->required();
  command->add_option("--out", options->out, "the capture to write; an existing file is refused")->required();
  add_shadow_options(*command, options->shadow);
  command->callback([options, &call] { call = [options] { return record(*options); }; });
}

}  // namespace stormproof::app
