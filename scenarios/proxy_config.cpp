#include "scenarios/proxy_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace stormproof::scenarios {
namespace {

const Record& server_tls() {
  static const Record record = {
      "server TLS",
      "What the clients are shown.",
      {{"certificate", a(Form::line), required, "The certificate chain, a PEM file.", "shop.crt"},
       {"key", a(Form::line), required, "Its private key, a PEM file.", "shop.key"}}};
  return record;
}

const Record& upstream_tls() {
  static const Record record = {
      "upstream TLS",
      "How the upstreams' certificates are verified.",
      {{"ca", a(Form::line), optional, "The authorities, a PEM file. Default: the system's.", "ca.crt"},
       {"insecure", a(Form::flag), optional, "Takes any certificate: for tests only. Default: false.", "true"}}};
  return record;
}

const Record& upstream() {
  static const Record record = {
      "upstream",
      "Where requests go.",
      {{"url", a(Form::url), required, "Scheme, host and port.", "\"http://127.0.0.1:9090\""},
       {"name", a(Form::line), optional, "Its name in metrics. Default: its address.", "canary"},
       {"weight", a(Form::count), optional, "Its share among all weights; 0: nothing new goes there. Default: 1.",
        "99"}}};
  return record;
}

const Record& sticky() {
  static const Record record = {"stickiness",
                                "What makes a client stay with one upstream.",
                                {{"header", a(Form::header_name), optional, "The value of this header.", "X-User"},
                                 {"cookie", a(Form::line), optional, "The value of this cookie.", "session"}},
                                Choice{true, {"header", "cookie"}}};
  return record;
}

const Record& timeouts() {
  static const Record record = {
      "timeouts",
      "How long things may take; 0s: no limit.",
      {{"connect", a(Form::duration), optional, "To reach an upstream. Default: 5s.", "5s"},
       {"head", a(Form::duration_or_zero), optional, "From the request to the response's head. Default: 60s.", "30s"},
       {"idle", a(Form::duration_or_zero), optional, "Without a byte within a message. Default: 60s.", "30s"},
       {"total", a(Form::duration_or_zero), optional, "For a whole exchange. Default: no limit.", "2m"},
       {"client-head", a(Form::duration_or_zero), optional, "For a client to send a head. Default: 30s.", "10s"},
       {"client-idle", a(Form::duration_or_zero), optional, "Between two requests of a client. Default: 75s.", "75s"},
       {"tunnel-idle", a(Form::duration_or_zero), optional, "Without a byte in a tunnel. Default: 1h.", "10m"},
       {"drain", a(Form::duration_or_zero), optional,
        "What is under way has this long to end after SIGTERM. Default: 10s.", "30s"}}};
  return record;
}

const Record& added_lines() {
  static const Record record = {
      "added head lines",
      "What is added to the heads of requests. Default: nothing.",
      {{"via", a(Form::header_name), optional, "A Via line with this name.", "edge-1"},
       {"forwarded", a(Form::flag), optional, "A Forwarded line (RFC 7239).", "true"},
       {"x-forwarded", a(Form::flag), optional, "X-Forwarded-For, -Proto and -Host.", "true"},
       {"trace", a(Form::flag), optional, "A traceparent, where the request has none.", "true"}}};
  return record;
}

const Record& recording() {
  static const Record record = {
      "recording",
      "Writes the traffic to captures.",
      {{"out", a(Form::line), required, "The capture to write; an existing file is refused.", "live.traffic"},
       {"rotate-size", a(Form::size), optional, "A new file after this many bytes.", "1GiB"},
       {"rotate-every", a(Form::duration), optional, "A new file after this time.", "1h"},
       {"keep", a(Form::count), optional, "How many files are kept; the oldest go first. Default: all.", "24"}}};
  return record;
}

const Record& shadowing() {
  static const Record record = {
      "shadow",
      "Sends copies of requests to a candidate; no client waits for it.",
      {{"url", a(Form::url), required, "The candidate.", "\"http://127.0.0.1:9191\""},
       {"share", a(Form::percent), optional, "Of the requests. Default: 100%.", "10%"},
       {"methods", list_of(a(Form::method)), optional, "Only these methods. Default: GET, HEAD and OPTIONS.", "[GET]"},
       {"paths", list_of(a(Form::path_pattern)), optional, "Only these paths; * stands for any characters.",
        "[\"/api/*\"]"},
       {"writes", a(Form::flag), optional, "Allows methods that write. Default: false.", "true"},
       {"memory", a(Form::size), optional, "All that the shadow may hold. Default: 64MiB.", "64MiB"},
       {"off-above", a(Form::duration), optional,
        "Switches itself off when the relay's own delay passes this at its p99. Default: 5ms.", "5ms"}}};
  return record;
}

const Node nothing;

const Node& in(const Node& map, std::string_view key) {
  const Node* const found = at(map, key);
  return found == nullptr ? nothing : *found;
}

template <typename T>
void put(T& into, const Node& node) {
  if (const T* const found = std::get_if<T>(&node.value)) into = *found;
}
template <typename T>
void put(std::optional<T>& into, const Node& node) {
  if (const T* const found = std::get_if<T>(&node.value)) into = *found;
}
void put(std::uint64_t& into, const Node& node) {
  if (const auto* const found = std::get_if<std::int64_t>(&node.value)) into = static_cast<std::uint64_t>(*found);
}
void put(std::optional<std::uint64_t>& into, const Node& node) {
  if (const auto* const found = std::get_if<std::int64_t>(&node.value)) into = static_cast<std::uint64_t>(*found);
}

std::vector<std::string> texts(const Node& list) {
  std::vector<std::string> all;
  for (const Node& item : list.items) put(all.emplace_back(), item);
  return all;
}

constexpr std::uint64_t weight_max = 1'000'000;
constexpr std::uint64_t workers_max = 256;

std::vector<ProxyConfig::Upstream> upstreams(const Node& list, Complaints& complaints) {
  std::vector<ProxyConfig::Upstream> all;
  bool some = list.items.empty();
  for (const Node& item : list.items) {
    ProxyConfig::Upstream& one = all.emplace_back();
    put(one.url, in(item, "url"));
    put(one.name, in(item, "name"));
    std::uint64_t weight = 1;
    put(weight, in(item, "weight"));
    if (weight > weight_max)
      complaints.add(in(item, "weight").place, fmt::format("a weight is at most {}", weight_max));
    some = some || weight > 0;
    one.weight = static_cast<std::uint32_t>(std::min(weight, weight_max));
  }
  if (!some) complaints.add(list.place, "every upstream has weight 0: no request could go anywhere");
  return all;
}

ProxyConfig::Timeouts timeouts(const Node& node) {
  ProxyConfig::Timeouts timeouts;
  put(timeouts.connect, in(node, "connect"));
  put(timeouts.head, in(node, "head"));
  put(timeouts.idle, in(node, "idle"));
  put(timeouts.total, in(node, "total"));
  put(timeouts.client_head, in(node, "client-head"));
  put(timeouts.client_idle, in(node, "client-idle"));
  put(timeouts.tunnel_idle, in(node, "tunnel-idle"));
  put(timeouts.drain, in(node, "drain"));
  return timeouts;
}

ProxyConfig::Shadow shadow(const Node& node, Complaints& complaints) {
  ProxyConfig::Shadow shadow;
  put(shadow.url, in(node, "url"));
  put(shadow.share, in(node, "share"));
  put(shadow.writes, in(node, "writes"));
  put(shadow.memory_bytes, in(node, "memory"));
  put(shadow.added_p99_max, in(node, "off-above"));
  shadow.methods = texts(in(node, "methods"));
  shadow.paths = texts(in(node, "paths"));
  for (const Node& method : in(node, "methods").items) {
    const bool reads =
        method.text == "GET" || method.text == "HEAD" || method.text == "OPTIONS" || method.text == "TRACE";
    if (!reads && !shadow.writes)
      complaints.add(method.place, fmt::format("{} may change the candidate's data", method.text)).hint =
          "writes: true allows it, where the candidate has data of its own";
  }
  return shadow;
}

}  // namespace

const Record& proxy_record() {
  static const Record record = {
      "proxy",
      "A proxy of stormproof: one address before one or more upstreams.",
      {{"version", a(Form::version), required, "The version of this language: 1.", "1"},
       {"listen", a(Form::address), required, "Where clients come.", "\"127.0.0.1:8080\""},
       {"upstreams", list_of(a(upstream())), required, "Where requests go, by weight.",
        "[{url: \"http://127.0.0.1:9090\"}]"},
       {"sticky", a(sticky()), optional, "A client stays with one upstream.", "{header: X-User}"},
       {"tcp", a(Form::flag), optional, "Relays any protocol's bytes instead of HTTP. Default: false.", "true"},
       {"workers", a(Form::count), optional, "How many threads serve it. Default: 1.", "2"},
       {"tls", a(server_tls()), optional, "Clients come by TLS.", "{certificate: shop.crt, key: shop.key}"},
       {"upstream-tls", a(upstream_tls()), optional, "For upstreams with https.", "{ca: ca.crt}"},
       {"key-log", a(Form::line), optional, "Writes the keys of TLS connections to this file: for debugging.",
        "keys.log"},
       {"timeouts", a(timeouts()), optional, "How long things may take.", "{head: 30s}"},
       {"connections", a(Form::count), optional, "Clients beyond are refused. Default: 20000 a worker.", "10000"},
       {"add", a(added_lines()), optional, "Lines added to the heads of requests.", "{x-forwarded: true}"},
       {"record", a(recording()), optional, "Writes the traffic to captures.", "{out: live.traffic}"},
       {"shadow", a(shadowing()), optional, "Sends copies to a candidate.",
        "{url: \"http://127.0.0.1:9191\", share: 10%}"},
       {"admin", a(Form::address), optional, "Where /metrics, /healthz and /readyz are.", "\"127.0.0.1:9901\""},
       {"access-log", a(Form::line), optional,
        "A line of JSON for each exchange goes to this file; -: standard output.", "access.jsonl"}}};
  return record;
}

ProxyConfig read_proxy(const Node& root, Complaints& complaints) {
  ProxyConfig config;
  put(config.listen, in(root, "listen"));
  put(config.tcp, in(root, "tcp"));
  put(config.workers, in(root, "workers"));
  if (config.workers == 0 || config.workers > workers_max)
    complaints.add(in(root, "workers").place, fmt::format("from 1 to {} workers are possible", workers_max));
  if (const Node* const tls = at(root, "tls")) {
    config.tls.emplace();
    put(config.tls->certificate, in(*tls, "certificate"));
    put(config.tls->key, in(*tls, "key"));
  }
  put(config.upstream_tls.ca, in(in(root, "upstream-tls"), "ca"));
  put(config.upstream_tls.insecure, in(in(root, "upstream-tls"), "insecure"));
  put(config.key_log, in(root, "key-log"));
  config.upstreams = upstreams(in(root, "upstreams"), complaints);
  put(config.sticky_header, in(in(root, "sticky"), "header"));
  put(config.sticky_cookie, in(in(root, "sticky"), "cookie"));
  config.timeouts = timeouts(in(root, "timeouts"));
  put(config.connections_max, in(root, "connections"));
  put(config.via, in(in(root, "add"), "via"));
  put(config.forwarded, in(in(root, "add"), "forwarded"));
  put(config.x_forwarded, in(in(root, "add"), "x-forwarded"));
  put(config.trace, in(in(root, "add"), "trace"));
  if (const Node* const record = at(root, "record")) {
    config.record.emplace();
    put(config.record->out, in(*record, "out"));
    put(config.record->rotate_bytes, in(*record, "rotate-size"));
    put(config.record->rotate_every, in(*record, "rotate-every"));
    put(config.record->keep_files, in(*record, "keep"));
  }
  if (const Node* const shadowed = at(root, "shadow")) config.shadow = shadow(*shadowed, complaints);
  put(config.admin, in(root, "admin"));
  put(config.access_log, in(root, "access-log"));
  for (const std::string_view key : {"sticky", "add", "shadow"}) {
    const Node* const node = at(root, key);
    if (config.tcp && node != nullptr)
      complaints.add(node->place, fmt::format("'{}' needs HTTP, and tcp is true", key));
  }
  return config;
}

}  // namespace stormproof::scenarios
