// stormproof proxy: relays traffic for good, as a file or the command line says.

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>

#include "harness/app/commands.h"
#include "harness/app/fault_service.h"
#include "harness/app/inputs.h"
#include "harness/app/proxy_options.h"
#include "harness/app/signals.h"
#include "scenarios/parser.h"

namespace stormproof::app {
namespace {

struct ProxyFlags {
  std::string config;
  std::string listen;
  std::string upstream;
  std::string admin;
  std::uint64_t seed = 1;
};

ExitCode fail(ExitCode code, const base::Error& error) { return complain("proxy", code, error); }
void tell(const std::string& sentence) { std::cerr << "stormproof proxy: " + sentence + "\n"; }

std::optional<scenarios::ProxyConfig> config_of(const ProxyFlags& flags) {
  scenarios::ProxyConfig config;
  if (!flags.config.empty()) {
    auto loaded = scenarios::load_proxy(flags.config);
    if (!loaded) {
      std::cerr << scenarios::render(loaded.error());
      return std::nullopt;
    }
    config = std::move(*loaded);
  }
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (!flags.upstream.empty()) config.upstreams = {{.url = flags.upstream, .name = {}}};
  if (!flags.admin.empty()) config.admin = flags.admin;
  return config;
}

// SIGHUP, again and again: the file is read once more.
class Hangups {
 public:
  Hangups(wire::IoContext& io, std::function<void()> on_hangup) : set_(io, SIGHUP), on_hangup_(std::move(on_hangup)) {
    wait();
  }

 private:
  void wait() {
    set_.async_wait([this](const wire::ErrorCode& code, int) {
      if (code) return;
      on_hangup_();
      wait();
    });
  }

  boost::asio::signal_set set_;
  std::function<void()> on_hangup_;
};

void reload(Service& service, const ProxyFlags& flags, scenarios::ProxyConfig& running) {
  const auto refuse = [&](std::string_view why) {
    service.reload_failed();
    tell(fmt::format("not reloaded: {}; it goes on as before", why));
  };
  auto config = config_of(flags);
  if (!config) return refuse("the file has mistakes");
  auto options = service_options(*config, tell);
  if (!options) return refuse(options.error().to_string());
  const std::string fixed = fixed_keys_changed(running, *config);
  if (const auto reloaded = service.reload(std::move(*options)); !reloaded)
    return tell(fmt::format("not reloaded: {}; it goes on as before", reloaded.error().to_string()));
  if (!fixed.empty()) tell(fmt::format("a change of {} needs a restart", fixed));
  tell("reloaded");
  running = std::move(*config);
}

// Toxiproxy's files are lists in JSON; ours are no lists.
std::optional<std::string> toxiproxy_file(const std::string& path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == text.npos || text[first] != '[') return std::nullopt;
  return text.substr(first);
}

ExitCode faults_by_hand(const ProxyFlags& flags, const std::string& proxies) {
  const auto admin =
      wire::parse_listen_address(flags.admin.empty() ? std::string(FaultService::default_admin) : flags.admin);
  if (!admin) return fail(ExitCode::usage, admin.error());
  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  Signals signals(io, [&] { io.stop(); });
  const auto service = FaultService::start(clock, *admin, proxies, flags.seed);
  if (!service) return fail(ExitCode::could_not_run, service.error());
  std::cerr << fmt::format("{} proxies; control at http://{}/; end with Ctrl-C\n", (*service)->populated(),
                           wire::to_string((*service)->admin_endpoint()));
  io.run();
  return ExitCode::pass;
}

ExitCode proxy(const ProxyFlags& flags) {
  if (flags.config.empty() && flags.listen.empty()) return faults_by_hand(flags, "");
  if (const auto proxies = flags.config.empty() ? std::nullopt : toxiproxy_file(flags.config))
    return faults_by_hand(flags, *proxies);
  auto config = config_of(flags);
  if (!config) return ExitCode::invalid_input;
  auto options = service_options(*config, tell);
  if (!options) return fail(ExitCode::could_not_run, options.error());
  options->seed = flags.seed;
  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  Signals signals(io, [&] { io.stop(); });
  base::Result<std::unique_ptr<Service>> service;
  std::optional<Hangups> hangups;  // before anybody can know that it runs: a SIGHUP would end it
  if (!flags.config.empty()) hangups.emplace(io, [&] { reload(**service, flags, *config); });
  service = Service::start(clock, std::move(*options));
  if (!service) return fail(ExitCode::could_not_run, service.error());
  std::string to;
  for (const auto& upstream : config->upstreams) to += (to.empty() ? "" : ", ") + upstream.url;
  std::cerr << fmt::format("relaying {} -> {}; end with Ctrl-C\n", wire::to_string((*service)->endpoint()), to);
  if (const auto admin = (*service)->admin_endpoint())
    std::cerr << fmt::format("administration at http://{}/\n", wire::to_string(*admin));
  io.run();

  std::cerr << "draining\n";
  const auto stopped = (*service)->stop();
  std::cerr << (*service)->account();
  return stopped ? ExitCode::pass : fail(ExitCode::could_not_run, stopped.error());
}

}  // namespace

void add_proxy(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("proxy", "Relay traffic for good: split, record, shadow, tell (docs/proxy.md)");
  auto flags = std::make_shared<ProxyFlags>();
  auto* config = command->add_option("--config", flags->config, "the file that says it all; read again on SIGHUP");
  auto* listen = command->add_option("--listen", flags->listen, "address to listen on, like 127.0.0.1:8080");
  auto* upstream =
      command->add_option("--upstream", flags->upstream, "where the traffic goes, like http://127.0.0.1:9090");
  command->add_option("--admin", flags->admin, "address of the control API, /metrics, /healthz and /readyz");
  command->add_option("--seed", flags->seed, "of the draws of faults by hand")->capture_default_str();
  listen->needs(upstream)->excludes(config);
  upstream->needs(listen)->excludes(config);
  command->callback([flags, &call] {
    if (flags->config.empty() && flags->listen.empty() && flags->admin.empty())
      throw CLI::RequiredError("proxy wants --config, or --listen and --upstream, or --admin alone: one of them");
    call = [flags] { return proxy(*flags); };
  });
}

}  // namespace stormproof::app
