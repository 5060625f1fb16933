#include "replay/script.h"

#include <algorithm>
#include <boost/unordered_map.hpp>
#include <numeric>
#include <utility>

namespace stormproof::replay {
namespace {

constexpr std::string_view empty_line = "\r\n";
constexpr std::string_view traceparent = "traceparent";
constexpr std::string_view b3_names[] = {"b3",           "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid",
                                         "x-b3-sampled", "x-b3-flags"};

bool is_whole(const Exchange& exchange) {
  return exchange.ending != Ending::request_missing && exchange.ending != Ending::request_truncated &&
         exchange.request.head.ends_with("\r\n\r\n");
}

std::uint64_t session_of(const Exchange& exchange) {
  return exchange.session != 0 ? exchange.session : exchange.connection;
}

// Whether an exchange is sent again; what is not is counted.
bool taken(Script& script, const Exchange& exchange, base::Time first) {
  const ScriptOptions& options = script.options;
  const std::string_view method = method_of(exchange.request.head);
  if (exchange.shadow_of != 0) {
    ++script.shadows;
  } else if (!is_whole(exchange) || method == "CONNECT" || header(exchange.request.head, "upgrade")) {
    ++script.not_replayable;
  } else if (!options.filter.keeps(method, target_of(exchange.request.head)) ||
             !options.filter.keeps_session(session_of(exchange)) ||
             !options.filter.keeps_time(exchange.request_start - first)) {
    ++script.filtered_out;
  } else if (method_writes(method) && !options.allow_writes) {
    ++script.writes_refused;
  } else {
    return true;
  }
  return false;
}

// All of a capture, with the requests' bytes; false: they are more than `memory_max`.
base::Result<bool> read_all(Script& script, CaptureReader& reader, bool with_bytes) {
  std::uint64_t bytes = 0;
  Exchange exchange;
  while (true) {
    const auto more = reader.next(exchange);
    if (!more) return std::unexpected(more.error());
    if (!*more) return true;
    if (taken(script, exchange, reader.first_time())) {
      if (script.size() == Script::requests_max)
        return base::fail(script.capture + " has more requests than can be kept in order");
      script.places.push_back({.recorded = exchange.request_start,
                               .answered = exchange.response_end,
                               .position = reader.position(),
                               .id = exchange.id,
                               .connection = exchange.connection,
                               .session = session_of(exchange)});
      bytes += sizeof(ScriptRequest) + exchange.request.head.size() + exchange.request.body.size();
      if (with_bytes && bytes > script.options.memory_max) return false;
      if (with_bytes) script.requests.push_back(request_of(std::move(exchange), script.options));
    }
    exchange = {};
  }
}

// The capture is in order of ending; requests are sent in order of beginning.
void sort(Script& script) {
  std::vector<std::size_t> order(script.places.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&](std::size_t i) { return std::pair(script.places[i].recorded, script.places[i].id); });
  std::vector<ScriptPlace> places;
  places.reserve(order.size());
  for (const std::size_t i : order) places.push_back(script.places[i]);
  script.places = std::move(places);
  if (script.requests.empty()) return;
  std::vector<ScriptRequest> requests;
  requests.reserve(order.size());
  for (const std::size_t i : order) requests.push_back(std::move(script.requests[i]));
  script.requests = std::move(requests);
}

// Numbers what `key` tells apart from 1 on, in order of appearance; gives how many there are.
std::uint32_t number(std::vector<ScriptPlace>& places, std::uint64_t ScriptPlace::* key,
                     std::uint32_t ScriptPlace::* lane, bool ScriptPlace::* last, bool pipelines) {
  struct Seen {
    std::uint32_t lane = 0;
    std::size_t before = 0;
  };
  boost::unordered_map<std::uint64_t, Seen> seen;
  for (std::size_t i = 0; i < places.size(); ++i) {
    ScriptPlace& place = places[i];
    if (place.*key == 0) continue;
    const auto [found, fresh] = seen.try_emplace(place.*key, Seen{static_cast<std::uint32_t>(seen.size()) + 1, i});
    if (!fresh) {
      ScriptPlace& before = places[std::exchange(found->second.before, i)];
      before.*last = false;
      if (pipelines) place.pipelined = before.answered != base::Time{} && place.recorded < before.answered;
    }
    place.*lane = found->second.lane;
    place.*last = true;
  }
  return static_cast<std::uint32_t>(seen.size());
}

}  // namespace

ScriptRequest request_of(Exchange&& exchange, const ScriptOptions& options) {
  ScriptRequest request;
  request.id = exchange.id;
  request.method = method_of(exchange.request.head);
  request.target = target_of(exchange.request.head);
  request.recorded = exchange.request_start;
  request.connection = exchange.connection;
  request.session = session_of(exchange);
  request.fields = std::move(exchange.request.head);
  request.fields.resize(request.fields.size() - empty_line.size());
  if (options.traced) remove_header(request.fields, traceparent);
  if (options.b3) {
    for (const std::string_view name : b3_names) remove_header(request.fields, name);
  }
  apply(options.rewrites, request.target, request.fields);
  request.body = std::move(exchange.request.body);
  request.key = idempotency_key(request.fields);
  return request;
}

base::Result<Script> load_script(const std::string& capture, const ScriptOptions& options) {
  Script script;
  for (const bool with_bytes : {true, false}) {
    script = Script{};
    script.capture = capture;
    script.options = options;
    CaptureReader::Options reading;
    reading.heads_only = !with_bytes;
    auto reader = CaptureReader::open(capture, reading);
    if (!reader) return std::unexpected(reader.error());
    script.meta = reader->meta();
    const auto whole = read_all(script, *reader, with_bytes);
    if (!whole) return std::unexpected(whole.error());
    if (*whole) break;
  }
  sort(script);
  script.connections = number(script.places, &ScriptPlace::connection, &ScriptPlace::connection_lane,
                              &ScriptPlace::last_of_connection, true);
  script.sessions =
      number(script.places, &ScriptPlace::session, &ScriptPlace::session_lane, &ScriptPlace::last_of_session, false);
  return script;
}

void Script::add(ScriptRequest request) {
  places.push_back({.recorded = request.recorded,
                    .answered = {},
                    .position = {},
                    .id = request.id,
                    .connection = request.connection,
                    .session = request.session});
  requests.push_back(std::move(request));
}

std::vector<base::Time> times_of(const Script& script) {
  std::vector<base::Time> times;
  times.reserve(script.places.size());
  for (const ScriptPlace& place : script.places) times.push_back(place.recorded);
  return times;
}

}  // namespace stormproof::replay
