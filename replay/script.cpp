#include "replay/script.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "harness/base/seed.h"
#include "replay/capture_reader.h"

namespace stormproof::replay {
namespace {

constexpr std::string_view empty_line = "\r\n";
constexpr std::string_view traceparent = "traceparent";

bool is_whole(const Exchange& exchange) {
  return exchange.ending != Ending::request_missing && exchange.ending != Ending::request_truncated &&
         exchange.request.head.ends_with("\r\n\r\n");
}

// A whole line of the head that has this name, with its line end; empty where there is none.
std::string_view line_of(std::string_view fields, std::string_view name) {
  for (std::size_t at = fields.find("\r\n"); at != fields.npos && at + 2 < fields.size();
       at = fields.find("\r\n", at + 2)) {
    const std::string_view line = fields.substr(at + 2, fields.find("\r\n", at + 2) + 2 - (at + 2));
    if (line.size() > name.size() && line[name.size()] == ':' && equal_ignoring_case(line.substr(0, name.size()), name))
      return line;
  }
  return {};
}

ScriptRequest request_of(Exchange&& exchange, bool traced) {
  ScriptRequest request;
  request.id = exchange.id;
  request.method = method_of(exchange.request.head);
  request.target = target_of(exchange.request.head);
  request.fields = std::move(exchange.request.head);
  request.fields.resize(request.fields.size() - empty_line.size());
  if (traced) {
    for (std::string_view line = line_of(request.fields, traceparent); !line.empty();
         line = line_of(request.fields, traceparent)) {
      request.fields.erase(static_cast<std::size_t>(line.data() - request.fields.data()), line.size());
    }
  }
  request.body = std::move(exchange.request.body);
  request.recorded = exchange.request_start;
  request.connection = exchange.connection;
  request.session = exchange.session != 0 ? exchange.session : exchange.connection;
  return request;
}

std::vector<base::Time> times_of(const Script& script) {
  std::vector<base::Time> times;
  times.reserve(script.requests.size());
  for (const ScriptRequest& request : script.requests) times.push_back(request.recorded);
  return times;
}

}  // namespace

base::Result<Script> load_script(const std::string& capture, const ScriptOptions& options) {
  auto reader = CaptureReader::open(capture);
  if (!reader) return std::unexpected(reader.error());
  Script script;
  Exchange exchange;
  while (true) {
    const auto more = reader->next(exchange);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const std::string_view method = method_of(exchange.request.head);
    if (exchange.shadow_of != 0) {
      ++script.shadows;
    } else if (!is_whole(exchange) || method == "CONNECT" || header(exchange.request.head, "upgrade")) {
      ++script.not_replayable;
    } else if (!options.filter.keeps(method, target_of(exchange.request.head))) {
      ++script.filtered_out;
    } else if (method_writes(method) && !options.allow_writes) {
      ++script.writes_refused;
    } else {
      script.requests.push_back(request_of(std::move(exchange), options.traced));
    }
    exchange = {};
  }
  // The capture is in order of ending; requests are sent in order of beginning.
  std::ranges::sort(script.requests, {},
                    [](const ScriptRequest& request) { return std::pair(request.recorded, request.id); });
  return script;
}

events::TraceId trace_of(std::uint64_t seed, std::uint64_t request) {
  events::TraceId trace;
  const std::uint64_t high = base::draw(seed, "trace/high", request);
  const std::uint64_t low = base::draw(seed, "trace/low", request);
  std::memcpy(trace.bytes.data(), &high, sizeof high);
  std::memcpy(trace.bytes.data() + sizeof high, &low, sizeof low);
  return trace;
}

ScriptShots::ScriptShots(const Script& script, const PacingOptions& pacing, ShotOptions options)
    : script_(script), pacing_(times_of(script), pacing), options_(options) {}

std::optional<Shot> ScriptShots::next() {
  const std::uint64_t count = script_.requests.size();
  if (count == 0 || (options_.loops > 0 && sent_ >= options_.loops * count)) return std::nullopt;
  const ScriptRequest& request = script_.requests[sent_ % count];
  Shot shot;
  shot.offset = pacing_.offset(sent_);
  shot.exchange = request.id;
  shot.session = request.session;
  shot.loop = sent_ / count;
  shot.request = ++sent_;
  shot.method = request.method;
  shot.target = request.target;
  shot.fields = request.fields;
  shot.body = request.body;
  if (options_.trace_seed) shot.trace = trace_of(*options_.trace_seed, shot.request);
  return shot;
}

}  // namespace stormproof::replay
