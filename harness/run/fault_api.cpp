#include "harness/run/fault_api.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "faults/stream_fault_json.h"
#include "harness/base/units.h"
#include "harness/run/control_http.h"

namespace stormproof::run {
namespace {

namespace json = boost::json;
using wire::HttpReply;
using wire::HttpRequest;

HttpReply reply_of(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body) + "\n"};
}
HttpReply error_of(int status, std::string_view message) {
  return reply_of(status, fmt::format("{{\"error\":{}}}", in_json(message)));
}
HttpReply not_allowed(std::string_view allowed) {
  HttpReply reply = error_of(405, fmt::format("only {} are answered here", allowed));
  reply.fields.push_back({"Allow", std::string(allowed)});
  return reply;
}

std::string_view sentence_of(const Refusal& refusal) {
  switch (refusal.kind) {
    case Refusal::Kind::no_proxy: return "there is no such proxy";
    case Refusal::Kind::no_fault: return "there is no such fault";
    case Refusal::Kind::proxy_exists: return "there is a proxy of that name";
    case Refusal::Kind::fault_exists: return "there is a fault of that name";
    case Refusal::Kind::invalid:
    case Refusal::Kind::could_not: break;
  }
  return refusal.message;
}
HttpReply error_of(const Refusal& refusal) { return error_of(status_of(refusal.kind), sentence_of(refusal)); }

std::string text_of(const FaultState& state) {
  std::string lease;
  if (state.lease)
    lease = fmt::format(
        R"(,"lease":{},"lease-left":{})", in_json(base::format_duration_exact(*state.lease)),
        in_json(base::format_duration_exact(std::chrono::ceil<std::chrono::milliseconds>(*state.lease_left))));
  return fmt::format(R"({{{},"connections-hit":{}{}}})", stream_fault_fields(state.fault), state.connections_hit,
                     lease);
}

std::string faults_of(const ProxyState& proxy) {
  std::vector<std::string> faults;
  for (const FaultState& state : proxy.faults) faults.push_back(text_of(state));
  return fmt::format("[{}]", fmt::join(faults, ","));
}

std::string text_of(const ProxyState& proxy) {
  return fmt::format(
      R"({{"name":{},"listen":{},"upstream":{},"protocol":"{}","enabled":{},"connections":{},"connections-total":{},"exchanges-total":{},"faults":{}}})",
      in_json(proxy.name), in_json(proxy.listen), in_json(proxy.upstream), proxy.http ? "http" : "tcp", proxy.enabled,
      proxy.connections, proxy.counts.connections, proxy.counts.exchanges, faults_of(proxy));
}

base::Result<json::object> object_of(std::string_view body) {
  json::error_code code;
  json::value value = json::parse({body.data(), body.size()}, code);
  if (code) return base::fail("this is no JSON: " + code.message());
  if (!value.is_object()) return base::fail("an object is wanted");
  return std::move(value.get_object());
}

template <typename T, typename Is>
base::Result<std::optional<T>> field(const json::object& object, std::string_view name, Is is,
                                     std::string_view wanted) {
  const json::value* const value = object.if_contains({name.data(), name.size()});
  if (value == nullptr) return std::optional<T>();
  if (auto read = is(*value)) return read;
  return base::fail(fmt::format("{}: {} is wanted", name, wanted));
}
base::Result<std::optional<std::string>> text(const json::object& object, std::string_view name) {
  const auto is = [](const json::value& value) {
    return value.is_string() ? std::optional(std::string(std::string_view(value.get_string()))) : std::nullopt;
  };
  return field<std::string>(object, name, is, "a string");
}
base::Result<std::optional<bool>> flag(const json::object& object, std::string_view name) {
  const auto is = [](const json::value& value) {
    return value.is_bool() ? std::optional(value.get_bool()) : std::nullopt;
  };
  return field<bool>(object, name, is, "true or false");
}

std::optional<base::Error> only_known(const json::object& object, std::span<const std::string_view> known) {
  for (const auto& [key, value] : object) {
    const std::string_view name(key.data(), key.size());
    if (std::ranges::find(known, name) == known.end())
      return base::Error{fmt::format("there is no '{}' here; there are: {}", name, fmt::join(known, ", "))};
  }
  return std::nullopt;
}

// A fault with its lease; `standing`: what it changes.
base::Result<FaultWish> wish_of(std::string_view body, const FaultState* standing) {
  auto fault = faults::parse_stream_fault(body, {"lease", "lease-left", "connections-hit"},
                                          standing == nullptr ? nullptr : &standing->fault);
  if (!fault) return std::unexpected(fault.error());
  FaultWish wish{.fault = std::move(*fault)};
  if (standing != nullptr) wish.lease = standing->lease;
  const auto object = object_of(body);
  if (!object) return std::unexpected(object.error());
  const auto lease = text(*object, "lease");
  if (!lease) return std::unexpected(lease.error());
  if (*lease) {
    const auto parsed = base::parse_duration(**lease);
    if (!parsed) return std::unexpected(parsed.error());
    if (parsed->count() <= 0 || *parsed > std::chrono::hours(24)) return base::fail("a lease lies between 0 and 24h");
    wish.lease = *parsed;
  }
  return wish;
}

struct ProxyBody {
  std::optional<std::string> name, listen, upstream, protocol;
  std::optional<bool> enabled;
  std::vector<FaultWish> faults;
};

base::Result<ProxyBody> proxy_of(std::string_view body, bool whole) {
  const auto object = object_of(body);
  if (!object) return std::unexpected(object.error());
  constexpr std::array<std::string_view, 6> all = {"listen", "upstream", "enabled", "name", "protocol", "faults"};
  if (auto unknown = only_known(*object, std::span(all).first(whole ? 6 : 3))) return std::unexpected(*unknown);
  ProxyBody read;
  for (auto [name, into] : {std::pair("name", &read.name), std::pair("listen", &read.listen),
                            std::pair("upstream", &read.upstream), std::pair("protocol", &read.protocol)}) {
    auto value = text(*object, name);
    if (!value) return std::unexpected(value.error());
    *into = std::move(*value);
  }
  auto enabled = flag(*object, "enabled");
  if (!enabled) return std::unexpected(enabled.error());
  read.enabled = *enabled;
  if (read.protocol && *read.protocol != "tcp" && *read.protocol != "http")
    return base::fail("protocol: tcp or http is wanted");
  if (read.listen) {
    if (const auto listen = wire::parse_listen_address(*read.listen); !listen) return std::unexpected(listen.error());
  }
  const json::value* const list = object->if_contains("faults");
  if (list != nullptr && !list->is_array()) return base::fail("faults: a list is wanted");
  for (std::size_t i = 0; list != nullptr && i < list->get_array().size(); ++i) {
    auto wish = wish_of(json::serialize(list->get_array()[i]), nullptr);
    if (!wish) return base::fail(fmt::format("fault {}: {}", i + 1, wish.error().message));
    read.faults.push_back(std::move(*wish));
  }
  return read;
}

}  // namespace

std::optional<HttpReply> FaultApi::answer(const HttpRequest& request) {
  const std::vector<std::string> parts = path_parts(request.path);
  if (parts.empty() || parts[0] != "v1") return std::nullopt;
  if (from_a_browser(request) && request.method != "GET") return error_of(403, "not for browsers");
  const std::string_view what = parts.size() > 1 ? std::string_view(parts[1]) : "";
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (what == "openapi.json" && parts.size() == 2) return get ? reply_of(200, openapi()) : not_allowed("GET");
  if (what == "heal" && parts.size() == 2) return heal(request);
  if (what == "proxies" && parts.size() == 2)
    return get ? list() : request.method == "POST" ? create(request.body) : not_allowed("GET, POST");
  if (what == "proxies" && parts.size() == 3) return proxy(request, parts[2]);
  if (what == "proxies" && parts.size() >= 4 && parts[3] == "faults") {
    if (parts.size() == 4) return faults(request, parts[2]);
    if (parts.size() == 5) return fault(request, parts[2], parts[4]);
    if (parts.size() == 6 && parts[5] == "renew") return renew(request, parts[2], parts[4]);
  }
  return error_of(404, "there is nothing here; GET /v1/openapi.json tells what there is");
}

HttpReply FaultApi::list() {
  std::vector<std::string> proxies;
  for (const ProxyState& state : board_.states()) proxies.push_back(text_of(state));
  return reply_of(200, fmt::format(R"({{"proxies":[{}]}})", fmt::join(proxies, ",")));
}

// Faults stand before the first connection can come: the proxy is enabled last.
HttpReply FaultApi::create(std::string_view body) {
  auto read = proxy_of(body, true);
  if (!read) return error_of(400, read.error().message);
  if (!read->name || read->name->empty()) return error_of(400, "name: it is missing");
  if (!read->upstream || read->upstream->empty()) return error_of(400, "upstream: it is missing");
  ProxyWish wish{.name = *read->name,
                 .listen = read->listen.value_or("127.0.0.1:0"),
                 .upstream = *read->upstream,
                 .enabled = false,
                 .http = read->protocol == "http"};
  auto state = board_.create(wish);
  if (!state) return error_of(state.error());
  std::optional<Refusal> refusal;
  for (FaultWish& fault : read->faults) {
    if (const auto set = board_.set_fault(wish.name, std::move(fault), false); !set && !refusal) refusal = set.error();
  }
  if (!refusal && read->enabled.value_or(true)) {
    const auto enabled = board_.change(wish.name, {.enabled = true});
    if (!enabled) refusal = enabled.error();
  }
  if (refusal) {
    static_cast<void>(board_.remove(wish.name));  // it was made a moment ago
    return error_of(*refusal);
  }
  state = board_.state(wish.name);
  return state ? reply_of(201, text_of(*state)) : error_of(state.error());
}

HttpReply FaultApi::proxy(const HttpRequest& request, std::string_view name) {
  if (request.method == "DELETE") {
    const auto removed = board_.remove(name);
    return removed ? nothing() : error_of(removed.error());
  }
  const bool changes = request.method == "PATCH";
  if (!changes && request.method != "GET" && request.method != "HEAD") return not_allowed("GET, PATCH, DELETE");
  auto state = board_.state(name);
  if (changes && state) {
    const auto read = proxy_of(request.body, false);
    if (!read) return error_of(400, read.error().message);
    state = board_.change(name, {read->listen, read->upstream, read->enabled});
  }
  return state ? reply_of(200, text_of(*state)) : error_of(state.error());
}

HttpReply FaultApi::faults(const HttpRequest& request, std::string_view name) {
  if (request.method == "DELETE") {
    const auto cleared = board_.clear_faults(name);
    return cleared ? nothing() : error_of(cleared.error());
  }
  if (request.method == "POST") {
    auto wish = wish_of(request.body, nullptr);
    if (!wish) return error_of(400, wish.error().message);
    const auto set = board_.set_fault(name, std::move(*wish), false);
    return set ? reply_of(201, text_of(*set)) : error_of(set.error());
  }
  if (request.method != "GET" && request.method != "HEAD") return not_allowed("GET, POST, DELETE");
  const auto state = board_.state(name);
  return state ? reply_of(200, fmt::format(R"({{"faults":{}}})", faults_of(*state))) : error_of(state.error());
}

HttpReply FaultApi::fault(const HttpRequest& request, std::string_view name, std::string_view fault) {
  if (request.method == "DELETE") {
    const auto withdrawn = board_.withdraw(name, fault);
    return withdrawn ? nothing() : error_of(withdrawn.error());
  }
  const bool puts = request.method == "PUT";
  const bool changes = request.method == "PATCH";
  if (!puts && !changes && request.method != "GET" && request.method != "HEAD")
    return not_allowed("GET, PUT, PATCH, DELETE");
  const auto state = board_.state(name);
  if (!state) return error_of(state.error());
  const auto found = std::ranges::find(state->faults, fault, [](const FaultState& each) { return each.fault.name; });
  const bool stands = found != state->faults.end();
  if (!puts && !stands) return error_of(404, "there is no such fault");
  if (!puts && !changes) return reply_of(200, text_of(*found));
  auto wish = wish_of(request.body, changes ? &*found : nullptr);
  if (!wish) return error_of(400, wish.error().message);
  if (puts) wish->fault.name = std::string(fault);
  if (wish->fault.name != fault) return error_of(400, "name: a fault keeps its name");
  const auto set = board_.set_fault(name, std::move(*wish), stands);
  return set ? reply_of(stands ? 200 : 201, text_of(*set)) : error_of(set.error());
}

HttpReply FaultApi::renew(const HttpRequest& request, std::string_view name, std::string_view fault) {
  if (request.method != "POST") return not_allowed("POST");
  const auto renewed = board_.renew(name, fault);
  return renewed ? reply_of(200, text_of(*renewed)) : error_of(renewed.error());
}

HttpReply FaultApi::heal(const HttpRequest& request) {
  if (request.method != "POST") return not_allowed("POST");
  for (const ProxyState& state : board_.states()) {
    if (const auto cleared = board_.clear_faults(state.name); !cleared) return error_of(cleared.error());
  }
  return nothing();
}

}  // namespace stormproof::run
