#include "replay/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <tuple>
#include <unordered_set>

#include "harness/base/units.h"
#include "harness/events/names.h"
#include "replay/capture_reader.h"

namespace stormproof::replay {
namespace {

namespace json = boost::json;

constexpr std::size_t damage_max = 20;  // sentences kept
constexpr std::size_t routes_shown = 20;

// Of plain TCP: bytes without heads.
bool is_stream(const Exchange& exchange) { return exchange.request.head.empty() && exchange.response.head.empty(); }

void add(Inspection& inspection, const Exchange& exchange, std::map<std::string, std::uint64_t>& routes) {
  ++inspection.exchanges;
  if (is_stream(exchange)) {
    ++inspection.methods["tcp"];
    ++inspection.endings[std::string(to_string(exchange.ending))];
    return;
  }
  const std::string_view method = method_of(exchange.request.head);
  ++inspection.methods[std::string(method)];
  ++inspection.statuses[status_of(exchange.response.head)];
  ++inspection.endings[std::string(to_string(exchange.ending))];
  const std::string route = events::route_of(method, target_of(exchange.request.head));
  const bool known = routes.contains(route) || routes.size() < Inspection::routes_max;
  ++routes[known ? route : std::string(events::Names::other)];
}

void add(ShadowCount& shadows, const Exchange& exchange) {
  ++shadows.exchanges;
  ++shadows.statuses[status_of(exchange.response.head)];
  ++shadows.endings[std::string(to_string(exchange.ending))];
}

template <typename Map>
json::object counts(const Map& map) {
  json::object object;
  for (const auto& [key, count] : map) object[fmt::format("{}", key)] = count;
  return object;
}

}  // namespace

Inspection inspect(CaptureReader& capture) {
  Inspection inspection;
  inspection.file = capture.path();
  inspection.meta = capture.meta();
  inspection.account = capture.account();
  inspection.first = capture.first_time();
  inspection.last = capture.last_time();
  if (capture.torn()) inspection.torn = capture.torn_message();
  std::map<std::string, std::uint64_t> routes;
  std::unordered_set<std::uint64_t> connections;
  Exchange exchange;
  while (true) {
    const auto more = capture.next(exchange);
    if (!more) {
      if (inspection.damage.size() == damage_max) break;
      inspection.damage.push_back(more.error().message);
      continue;
    }
    if (!*more) break;
    const CaptureReader::BodyBytes bodies = capture.body_bytes();
    const std::uint64_t request_bytes = exchange.request.head.size() + bodies.request;
    const std::uint64_t response_bytes = exchange.interim.size() + exchange.response.head.size() + bodies.response;
    if (exchange.shadow_of != 0) {
      add(inspection.shadows, exchange);
      inspection.shadows.request_bytes += request_bytes;
      inspection.shadows.response_bytes += response_bytes;
      continue;
    }
    add(inspection, exchange, routes);
    if (exchange.connection != 0) connections.insert(exchange.connection);
    inspection.request_bytes += request_bytes;
    inspection.response_bytes += response_bytes;
  }
  inspection.connections = connections.size();
  for (const auto& [route, requests] : routes) inspection.routes.push_back({route, requests});
  std::ranges::sort(inspection.routes, [](const RouteCount& a, const RouteCount& b) {
    return std::tuple(b.requests, std::string_view(a.route)) < std::tuple(a.requests, std::string_view(b.route));
  });
  return inspection;
}

std::string to_json(const Inspection& inspection) {
  json::object account;
  for (const auto& [cause, tally] : inspection.account)
    account[cause] = {{"count", tally.count}, {"bytes", tally.bytes}};
  json::object meta;
  for (const auto& [key, value] : inspection.meta) meta[key] = value;
  json::array routes;
  for (const RouteCount& route : inspection.routes) {
    routes.push_back(json::object{{"route", route.route}, {"requests", route.requests}});
  }
  const ShadowCount& shadows = inspection.shadows;
  const bool timed = inspection.first != base::Time{};
  const json::object document = {
      {"schema", "stormproof.inspect/1"},
      {"file", inspection.file},
      {"meta", meta},
      {"exchanges", inspection.exchanges},
      {"connections", inspection.connections},
      {"first", timed ? json::value(base::format_time(inspection.first)) : json::value(nullptr)},
      {"last", timed ? json::value(base::format_time(inspection.last)) : json::value(nullptr)},
      {"span_ns", (inspection.last - inspection.first).count()},
      {"request_bytes", inspection.request_bytes},
      {"response_bytes", inspection.response_bytes},
      {"methods", counts(inspection.methods)},
      {"statuses", counts(inspection.statuses)},
      {"endings", counts(inspection.endings)},
      {"routes", routes},
      {"shadows",
       {{"exchanges", shadows.exchanges},
        {"request_bytes", shadows.request_bytes},
        {"response_bytes", shadows.response_bytes},
        {"statuses", counts(shadows.statuses)},
        {"endings", counts(shadows.endings)}}},
      {"account", account},
      {"torn", inspection.torn.empty() ? json::value(nullptr) : json::value(inspection.torn)},
      {"damage", json::value_from(inspection.damage)},
  };
  return json::serialize(document) + "\n";
}

std::string to_text(const Inspection& inspection) {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(text), "{:<12} {}\n", name, value);
  };
  line("capture", inspection.file);
  for (const auto& [key, value] : inspection.meta) line(key, value);
  line("exchanges", fmt::format("{} on {} known connections", inspection.exchanges, inspection.connections));
  if (inspection.first != base::Time{}) {
    line("time", fmt::format("{} to {}, {}", base::format_time(inspection.first), base::format_time(inspection.last),
                             base::format_duration(inspection.last - inspection.first)));
  }
  line("bytes", fmt::format("{} of requests, {} of responses", base::format_bytes(inspection.request_bytes),
                            base::format_bytes(inspection.response_bytes)));
  for (const auto& [method, count] : inspection.methods) line("method", fmt::format("{:>8}  {}", count, method));
  for (const auto& [status, count] : inspection.statuses) {
    line("status", status == 0 ? fmt::format("{:>8}  no response", count) : fmt::format("{:>8}  {}", count, status));
  }
  for (const auto& [ending, count] : inspection.endings) line("ending", fmt::format("{:>8}  {}", count, ending));
  for (std::size_t i = 0; i < std::min(routes_shown, inspection.routes.size()); ++i) {
    line("route", fmt::format("{:>8}  {}", inspection.routes[i].requests, inspection.routes[i].route));
  }
  if (inspection.routes.size() > routes_shown)
    line("", fmt::format("and {} more routes", inspection.routes.size() - routes_shown));
  if (const ShadowCount& shadows = inspection.shadows; shadows.exchanges != 0) {
    line("shadows", fmt::format("{} exchanges of a candidate, {} of requests, {} of responses", shadows.exchanges,
                                base::format_bytes(shadows.request_bytes), base::format_bytes(shadows.response_bytes)));
    const auto row = [&line](std::uint64_t count, std::string_view what) {
      line("shadow", fmt::format("{:>8}  {}", count, what));
    };
    for (const auto& [status, count] : shadows.statuses) {
      row(count, status == 0 ? "no response" : fmt::format("{}", status));
    }
    for (const auto& [ending, count] : shadows.endings) row(count, ending);
  }
  for (const auto& [cause, tally] : inspection.account) {
    line("account", fmt::format("{:>8}  {}, {}", tally.count, cause, base::format_bytes(tally.bytes)));
  }
  if (!inspection.torn.empty()) line("torn", inspection.torn);
  for (const std::string& sentence : inspection.damage) line("damage", sentence);
  return text;
}

}  // namespace stormproof::replay
