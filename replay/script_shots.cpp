#include "replay/script_shots.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "harness/base/seed.h"

namespace stormproof::replay {

events::TraceId trace_of(std::uint64_t seed, std::uint64_t request) {
  events::TraceId trace;
  const std::uint64_t high = base::draw(seed, "trace/high", request);
  const std::uint64_t low = base::draw(seed, "trace/low", request);
  std::memcpy(trace.bytes.data(), &high, sizeof high);
  std::memcpy(trace.bytes.data() + sizeof high, &low, sizeof low);
  return trace;
}

ScriptShots::ScriptShots(const Script& script, const PacingOptions& pacing, ShotOptions options, ScriptStream* stream)
    : script_(script), pacing_(times_of(script), pacing), options_(options), stream_(stream) {
  if (options_.per_second_max <= 0) return;
  const double wanted = std::clamp(std::floor(options_.per_second_max), 1.0, static_cast<double>(ceiling_window_max));
  window_requests_ = static_cast<std::size_t>(wanted);
  window_ = base::Nanoseconds(std::llround(wanted / options_.per_second_max * 1e9));
}

// No window from one request on, without its end, holds more than window_requests_.
base::Nanoseconds ScriptShots::under_ceiling(base::Nanoseconds offset) {
  if (window_requests_ == 0) return offset;
  base::Nanoseconds allowed = in_window_.empty() ? offset : std::max(offset, in_window_.back());
  if (in_window_.size() == window_requests_) {
    allowed = std::max(allowed, in_window_.front() + window_);
    in_window_.pop_front();
  }
  if (allowed > offset) ++put_off_;
  in_window_.push_back(allowed);
  return allowed;
}

std::optional<Shot> ScriptShots::next() {
  // A script that stays on the disk and has no stream has nothing to send.
  const std::uint64_t count = stream_ == nullptr && script_.on_disk() ? 0 : script_.size();
  while (count > 0) {
    if (options_.loops > 0 && sent_ >= options_.loops * pacing_.loop_size()) return std::nullopt;
    if (options_.requests_max > 0 && sent_ >= options_.requests_max) {
      at_requests_max_ = true;
      return std::nullopt;
    }
    const base::Nanoseconds offset = under_ceiling(pacing_.offset(sent_));
    if (options_.lasting && offset >= *options_.lasting) return std::nullopt;
    const std::uint64_t index = sent_ % count;
    std::shared_ptr<const ScriptRequest> hold = stream_ != nullptr ? stream_->take() : nullptr;
    const std::uint64_t n = sent_++;
    if (stream_ != nullptr && hold == nullptr) continue;  // the stream counts it
    const ScriptRequest& request = hold != nullptr ? *hold : script_.requests[index];
    Shot shot;
    shot.request = n + 1;
    shot.offset = offset;
    shot.method = request.method;
    shot.target = request.target;
    shot.fields = request.fields;
    shot.body = request.body;
    shot.exchange = request.id;
    shot.session = request.session;
    shot.loop = n / count;
    shot.hold = std::move(hold);
    put_lane(shot, script_.places[index]);
    if (options_.key_seed && request.key.size > 0) freshen_key(shot, request);
    if (options_.trace_seed) shot.trace = trace_of(*options_.trace_seed, shot.request);
    return shot;
  }
  return std::nullopt;
}

void ScriptShots::put_lane(Shot& shot, const ScriptPlace& place) const {
  if (options_.affinity == Affinity::recorded && place.connection_lane != 0) {
    shot.lane = shot.loop * script_.connections + place.connection_lane;
    shot.pipelined = place.pipelined;
    shot.last = place.last_of_connection;
  } else if (options_.affinity == Affinity::session && place.session_lane != 0) {
    shot.lane = shot.loop * script_.sessions + place.session_lane;
    shot.last = place.last_of_session;
  }
}

void ScriptShots::freshen_key(Shot& shot, const ScriptRequest& request) const {
  struct Fresh {
    std::string fields;
    std::shared_ptr<const void> hold;
  };
  auto fresh = std::make_shared<Fresh>(Fresh{request.fields, std::move(shot.hold)});
  const std::string recorded = request.fields.substr(request.key.at, request.key.size);
  fresh->fields.replace(request.key.at, request.key.size, fresh_key(recorded, *options_.key_seed, shot.loop));
  shot.fields = fresh->fields;
  shot.hold = std::move(fresh);
}

}  // namespace stormproof::replay
