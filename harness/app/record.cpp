// stormproof record: relays traffic to an upstream and writes it to a capture.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/app/rotation_flags.h"
#include "harness/app/service.h"
#include "harness/app/shadow_options.h"
#include "harness/app/signals.h"
#include "harness/app/tls_flags.h"
#include "replay/production.h"

namespace stormproof::app {
namespace {

struct RecordOptions {
  std::string listen;
  std::string upstream;
  std::string out;
  std::string key_log;
  UpstreamTlsFlags upstream_tls;
  ListenerTlsFlags tls;
  RotationFlags rotation;
  ShadowChoices shadow;
  std::vector<std::string> production;
  bool tcp = false;
};

ExitCode fail(ExitCode code, const base::Error& error) { return complain("record", code, error); }

// Where to and with what; the addresses that want a name to be resolved come later.
base::Result<ServiceOptions> service_options(const RecordOptions& options, const wire::Origin& origin) {
  ServiceOptions service;
  proxy::RelayOptions& relay = service.gateway.relay;
  const auto listen = wire::parse_listen_address(options.listen);
  if (!listen) return std::unexpected(listen.error());
  relay.listen = *listen;
  relay.side = events::Side::ingress;
  relay.tcp = options.tcp;
  for (const std::string& entry : options.production) {
    if (const auto checked = replay::check_production_entry(entry); !checked) return std::unexpected(checked.error());
  }
  if (!options.key_log.empty() && origin.scheme != "https" && options.tls.certificate.empty()) {
    return base::fail("--key-log is for TLS: an https:// upstream, or --tls-cert and --tls-key");
  }
  auto upstream_tls = options.upstream_tls.peer(origin, options.key_log);
  if (!upstream_tls) return std::unexpected(upstream_tls.error());
  auto tls = options.tls.context(options.key_log);
  if (!tls) return std::unexpected(tls.error());
  relay.tls = std::move(*tls);
  relay.upstreams = {{.endpoint = {}, .tls = std::move(*upstream_tls)}};
  auto rotation = options.rotation.rotation();
  if (!rotation) return std::unexpected(rotation.error());
  service.recording = {options.out, "record " + options.upstream, *rotation};
  service.tell = [](const std::string& trouble) { std::cerr << "stormproof record: " + trouble + "\n"; };
  if (options.shadow.url.empty()) return service;
  auto shadow = shadow_options(options.shadow);
  if (!shadow) return std::unexpected(shadow.error());
  shadow->on_trouble = service.tell;
  service.shadow = std::move(*shadow);
  return service;
}

ExitCode record(const RecordOptions& options) {
  const auto origin = wire::parse_origin(options.upstream);
  if (!origin) return fail(ExitCode::usage, origin.error());
  auto service_asked = service_options(options, *origin);
  if (!service_asked) return fail(ExitCode::usage, service_asked.error());
  proxy::RelayOptions& relay = service_asked->gateway.relay;
  const auto upstream = wire::resolve(origin->host, origin->port);
  if (!upstream) return fail(ExitCode::could_not_run, upstream.error());
  relay.upstreams.front().endpoint = *upstream;
  std::vector<std::string> production = options.production;
  if (std::string entry = replay::production_entry(*upstream); !entry.empty()) production.push_back(std::move(entry));
  service_asked->recording->production = fmt::format("{}", fmt::join(production, " "));
  if (service_asked->shadow) {
    const auto candidate = shadow_candidate(options.shadow.url);
    if (!candidate) return fail(ExitCode::could_not_run, candidate.error());
    if (const auto apart = refuse_loop(*candidate, *upstream, relay.listen); !apart)
      return fail(ExitCode::usage, apart.error());
    service_asked->shadow->candidate = *candidate;
  }

  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  Signals signals(io, [&] { io.stop(); });
  auto service = Service::start(clock, std::move(*service_asked));
  if (!service) return fail(ExitCode::could_not_run, service.error());
  const std::string shadowed = options.shadow.url.empty() ? "" : ", shadowed by " + options.shadow.url;
  std::cerr << fmt::format("recording {} -> {} into {}{}; end with Ctrl-C\n", wire::to_string((*service)->endpoint()),
                           options.upstream, options.out, shadowed);
  io.run();

  const auto stopped = (*service)->stop();
  std::cerr << (*service)->account();
  return stopped ? ExitCode::pass : fail(ExitCode::could_not_run, stopped.error());
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
  command->add_option(
      "--production", options->production,
      "an address, network or host that no replay of this capture is ever sent to; where the upstream is on "
      "another machine, it is one by itself");
  auto* tcp = command->add_flag("--tcp", options->tcp,
                                "relay bytes of any protocol instead of HTTP, and record them with their times");
  options->tls.add_to(*command);
  options->upstream_tls.add_to(*command);
  command->add_option("--key-log", options->key_log,
                      "append the secrets of every TLS session to this file, for Wireshark");
  options->rotation.add_to(*command);
  add_shadow_options(*command, options->shadow);
  tcp->excludes(command->get_option("--shadow"));  // whose requests are HTTP's
  command->callback([options, &call] { call = [options] { return record(*options); }; });
}

}  // namespace stormproof::app
