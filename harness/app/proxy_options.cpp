#include "harness/app/proxy_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "harness/app/shadow_options.h"
#include "harness/base/units.h"

namespace stormproof::app {
namespace {

void put(std::chrono::nanoseconds& into, const std::optional<base::Nanoseconds>& value) {
  if (value) into = *value;
}

proxy::RelayLimits limits_of(const scenarios::ProxyConfig& config) {
  proxy::RelayLimits limits;
  const scenarios::ProxyConfig::Timeouts& timeouts = config.timeouts;
  put(limits.pool.connect, timeouts.connect);
  put(limits.upstream_head, timeouts.head);
  put(limits.idle, timeouts.idle);
  put(limits.total, timeouts.total);
  put(limits.client_head, timeouts.client_head);
  put(limits.client_idle, timeouts.client_idle);
  put(limits.tunnel_idle, timeouts.tunnel_idle);
  put(limits.drain, timeouts.drain);
  if (config.connections_max) limits.connections_max = *config.connections_max;
  return limits;
}

base::Result<wire::TlsPeer> tls_of(const scenarios::ProxyConfig& config, const wire::Origin& origin) {
  return wire::tls_for(
      origin, {.verify = !config.upstream_tls.insecure, .ca_file = config.upstream_tls.ca, .key_log = config.key_log});
}

base::Result<std::vector<proxy::Upstream>> upstreams_of(const scenarios::ProxyConfig& config) {
  std::vector<proxy::Upstream> upstreams;
  for (const auto& upstream : config.upstreams) {
    const auto origin = wire::parse_origin(upstream.url);
    if (!origin) return std::unexpected(origin.error());
    const auto endpoint = wire::resolve(origin->host, origin->port);
    if (!endpoint) return std::unexpected(endpoint.error());
    auto tls = tls_of(config, *origin);
    if (!tls) return std::unexpected(tls.error());
    upstreams.push_back(
        {*endpoint, upstream.weight, upstream.name.empty() ? upstream.url : upstream.name, std::move(*tls)});
  }
  return upstreams;
}

base::Result<proxy::ShadowOptions> shadow_of(const scenarios::ProxyConfig::Shadow& config) {
  proxy::ShadowOptions shadow;
  shadow.share = config.share;
  if (config.memory_bytes) shadow.memory_bytes_max = *config.memory_bytes;
  if (config.added_p99_max) shadow.added_p99_max = *config.added_p99_max;
  if (!config.methods.empty() || config.writes) shadow.only.methods = config.methods;
  shadow.only.paths = config.paths;
  const auto candidate = shadow_candidate(config.url);
  if (!candidate) return std::unexpected(candidate.error());
  shadow.candidate = *candidate;
  return shadow;
}

// No two of these may be the same: a request would go round for ever, or be shadowed where it was answered.
base::Result<void> refuse_loops(const ServiceOptions& options) {
  const proxy::RelayOptions& relay = options.gateway.relay;
  for (const proxy::Upstream& upstream : relay.upstreams) {
    if (upstream.endpoint == relay.listen)
      return base::fail(fmt::format("the upstream {} is the proxy itself: it would call itself", upstream.name));
    if (!options.shadow) continue;
    if (auto apart = refuse_loop(options.shadow->candidate, upstream.endpoint, relay.listen); !apart) return apart;
  }
  return {};
}

}  // namespace

base::Result<ServiceOptions> service_options(const scenarios::ProxyConfig& config,
                                             std::function<void(const std::string&)> tell) {
  ServiceOptions options;
  options.tell = std::move(tell);
  options.gateway.workers = config.workers;
  proxy::RelayOptions& relay = options.gateway.relay;
  const auto listen = wire::parse_listen_address(config.listen);
  if (!listen) return std::unexpected(listen.error());
  relay.listen = *listen;
  relay.tcp = config.tcp;
  relay.side = events::Side::ingress;
  relay.limits = limits_of(config);
  relay.stickiness = {config.sticky_header, config.sticky_cookie};
  relay.head_lines = {config.via, config.forwarded, config.x_forwarded, config.trace};
  if (config.tls) {
    auto tls = wire::TlsContext::server(
        {.certificate = config.tls->certificate, .key = config.tls->key, .key_log = config.key_log});
    if (!tls) return std::unexpected(tls.error());
    relay.tls = std::move(*tls);
  }
  auto upstreams = upstreams_of(config);
  if (!upstreams) return std::unexpected(upstreams.error());
  relay.upstreams = std::move(*upstreams);
  if (!config.admin.empty()) {
    const auto admin = wire::parse_listen_address(config.admin);
    if (!admin) return std::unexpected(admin.error());
    options.admin = *admin;
  }
  options.access_log = config.access_log;
  if (config.record) {
    options.recording.emplace();
    options.recording->out = config.record->out;
    options.recording->source = "proxy " + config.listen;
    options.recording->rotation = {config.record->rotate_bytes.value_or(0),
                                   config.record->rotate_every.value_or(base::Nanoseconds(0)),
                                   config.record->keep_files.value_or(0), 0};
  }
  if (config.shadow) {
    auto shadow = shadow_of(*config.shadow);
    if (!shadow) return std::unexpected(shadow.error());
    shadow->on_trouble = options.tell;
    const std::size_t least = config.workers * proxy::Shadow::least_memory(shadow->connections_max);
    if (shadow->memory_bytes_max < least)
      return base::fail(fmt::format("the shadow's memory is too little: at least {}", base::format_bytes(least)));
    options.shadow = std::move(*shadow);
  }
  if (const auto apart = refuse_loops(options); !apart) return std::unexpected(apart.error());
  return options;
}

std::string fixed_keys_changed(const scenarios::ProxyConfig& before, const scenarios::ProxyConfig& after) {
  const auto record_of = [](const scenarios::ProxyConfig& config) {
    return config.record ? fmt::format("{} {} {} {}", config.record->out, config.record->rotate_bytes.value_or(0),
                                       config.record->rotate_every.value_or(base::Nanoseconds(0)).count(),
                                       config.record->keep_files.value_or(0))
                         : std::string();
  };
  const auto tls_of = [](const scenarios::ProxyConfig& config) {
    return config.tls ? config.tls->certificate + " " + config.tls->key : std::string();
  };
  std::vector<std::string_view> changed;
  for (const auto& [name, differs] :
       {std::pair("listen", before.listen != after.listen), std::pair("workers", before.workers != after.workers),
        std::pair("tcp", before.tcp != after.tcp), std::pair("tls", tls_of(before) != tls_of(after)),
        std::pair("key-log", before.key_log != after.key_log),
        std::pair("record", record_of(before) != record_of(after)), std::pair("admin", before.admin != after.admin),
        std::pair("access-log", before.access_log != after.access_log)}) {
    if (differs) changed.emplace_back(name);
  }
  return fmt::format("{}", fmt::join(changed, ", "));
}

}  // namespace stormproof::app
