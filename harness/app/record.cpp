// stormproof record: relays traffic to an upstream and writes it to a capture.

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/signals.h"
#include "harness/app/version.h"
#include "harness/base/units.h"
#include "harness/proxy/relay.h"
#include "replay/recorder.h"

namespace stormproof::app {
namespace {

struct RecordOptions {
  std::string listen;
  std::string upstream;
  std::string out;
};

ExitCode fail(ExitCode code, const base::Error& error) {
  std::cerr << "stormproof record: " << error.to_string() << "\n";
  return code;
}

base::Task<> end(proxy::Relay& relay, wire::IoContext& io) {
  co_await relay.drain();
  io.stop();
}

ExitCode record(const RecordOptions& options) {
  const auto origin = wire::parse_origin(options.upstream);
  if (!origin) return fail(ExitCode::usage, origin.error());
  const auto listen = wire::parse_listen_address(options.listen);
  if (!listen) return fail(ExitCode::usage, listen.error());
  const auto upstream = wire::resolve(origin->host, origin->port);
  if (!upstream) return fail(ExitCode::could_not_run, upstream.error());

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

  proxy::RelayOptions relay_options;
  relay_options.listen = *listen;
  relay_options.upstream = *upstream;
  relay_options.side = events::Side::ingress;
  auto relay = proxy::Relay::open(io, clock, relay_options, {.sink = nullptr, .tapper = &(*recorder)->lane(0)});
  if (!relay) return fail(ExitCode::could_not_run, relay.error());

  base::TaskGroup ending;
  Signals signals(io, [&] { ending.spawn(end(**relay, io)); });
  std::cerr << fmt::format("recording {} -> {} into {}; end with Ctrl-C\n", wire::to_string((*relay)->endpoint()),
                           options.upstream, options.out);
  io.run();

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
  command->callback([options, &call] { call = [options] { return record(*options); }; });
}

}  // namespace stormproof::app
