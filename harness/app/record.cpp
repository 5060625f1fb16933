// stormproof record: relays traffic to an upstream and writes it to a capture.

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/signals.h"
#include "harness/app/tls_flags.h"
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
  std::string key_log;
  UpstreamTlsFlags upstream_tls;
  ListenerTlsFlags tls;
};

ExitCode fail(ExitCode code, const base::Error& error) {
  std::cerr << "stormproof record: " << error.to_string() << "\n";
  return code;
}

// Where to and with what, from the options.
base::Result<proxy::RelayOptions> relay_options_of(const RecordOptions& options) {
  const auto origin = wire::parse_origin(options.upstream);
  if (!origin) return std::unexpected(origin.error());
  const auto listen = wire::parse_listen_address(options.listen);
  if (!listen) return std::unexpected(listen.error());
  if (!options.key_log.empty() && origin->scheme != "https" && options.tls.certificate.empty()) {
    return base::fail("--key-log is for TLS: an https:// upstream, or --tls-cert and --tls-key");
  }
  auto upstream_tls = options.upstream_tls.peer(*origin, options.key_log);
  if (!upstream_tls) return std::unexpected(upstream_tls.error());
  auto tls = options.tls.context(options.key_log);
  if (!tls) return std::unexpected(tls.error());
  proxy::RelayOptions relay;
  relay.listen = *listen;
  relay.tls = std::move(*tls);
  relay.upstreams = {{.endpoint = {}, .tls = std::move(*upstream_tls)}};
  relay.side = events::Side::ingress;
  return relay;
}

base::Task<> end(proxy::Relay& relay, wire::IoContext& io) {
  co_await relay.drain();
  io.stop();
}

ExitCode record(const RecordOptions& options) {
  auto relay_options = relay_options_of(options);
  if (!relay_options) return fail(ExitCode::usage, relay_options.error());
  const wire::Origin origin = wire::parse_origin(options.upstream).value();
  const auto upstream = wire::resolve(origin.host, origin.port);
  if (!upstream) return fail(ExitCode::could_not_run, upstream.error());
  relay_options->upstreams.front().endpoint = *upstream;

  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  replay::RecorderOptions recorder_options;
  recorder_options.on_trouble = [](const std::string& trouble) {
    std::cerr << fmt::format("stormproof record: {}; relaying goes on, what cannot be written is counted\n", trouble);
  };
  // The address first: a port in use must leave no empty capture behind.
  {
    const auto free = wire::Listener::open(io, relay_options->listen);
    if (!free) return fail(ExitCode::could_not_run, free.error());
  }
  auto recorder = replay::Recorder::start(options.out,
                                          {{"source", fmt::format("record {}", options.upstream)},
                                           {"made", base::format_time(clock.now())},
                                           {"made by", fmt::format("stormproof {}", version)}},
                                          clock, std::move(recorder_options));
  if (!recorder) return fail(ExitCode::could_not_run, recorder.error());

  auto relay = proxy::Relay::open(io, clock, *relay_options, {.sink = nullptr, .tapper = recorder->get()});
  if (!relay) return fail(ExitCode::could_not_run, relay.error());

  base::TaskGroup ending;
  Signals signals(io, [&] { ending.spawn(end(**relay, io)); });
  std::cerr << fmt::format("recording {} -> {} into {}; end with Ctrl-C\n", wire::to_string((*relay)->endpoint()),
                           options.upstream, options.out);
  io.run();

  if (const auto failed = (*relay)->counts().handshakes_failed; failed > 0) {
    std::cerr << fmt::format("{:>10}  TLS handshakes with clients failed\n", failed);
  }
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
  command
      ->add_option("--upstream", options->upstream,
                   "where the traffic goes, like http://127.0.0.1:9090 or https://shop.example")
      ->required();
  command->add_option("--out", options->out, "the capture to write; an existing file is refused")->required();
  options->tls.add_to(*command);
  options->upstream_tls.add_to(*command);
  command->add_option("--key-log", options->key_log,
                      "append the secrets of every TLS session to this file, for Wireshark");
  command->callback([options, &call] { call = [options] { return record(*options); }; });
}

}  // namespace stormproof::app
