// Metrics: what a proxy knows of itself, as Prometheus reads it (text format 0.0.4).
//
// A plain value in, text out; whoever runs the workers fills it. Names begin with stormproof_, units are seconds and
// bytes, counters end in _total. Label values may be any bytes: what is no UTF-8 becomes U+FFFD. Counts whose labels are
// equal are added up, so that no series stands there twice. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/proxy/meter.h"
#include "harness/proxy/relay.h"

namespace stormproof::proxy {

struct UpstreamReading {
  std::string name;
  std::uint32_t weight = 0;  // of two with one name, of two workers say, the larger stands
  std::uint64_t exchanges = 0;
  std::uint64_t failed = 0;
  std::uint64_t idle_connections = 0;
};

// Of what a side path did or did not take, by cause: "recorded", "dropped: queue full".
struct CauseReading {
  std::string cause;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

struct RecorderReading {
  bool on = true;
  std::vector<CauseReading> causes = {};
  std::uint64_t queue_bytes = 0;
};

struct ShadowReading {
  bool on = true;
  std::vector<CauseReading> causes = {};  // without bytes
  std::uint64_t memory_bytes = 0;
};

struct AccessLogReading {
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;  // the writer was too slow
  std::uint64_t lost = 0;     // the file did not take them
};

struct ReloadReading {
  std::uint64_t count = 0;  // asked for, whatever came of them
  bool last_ok = true;
  base::Time last_at{};  // of the last one that was asked for; zero: none
};

struct MetricsInput {
  std::string version;
  std::uint64_t workers = 1;
  bool draining = false;
  MeterReading meter = {};     // of all workers, added up
  RelayCounts relay = {};      // likewise
  std::uint64_t sessions = 0;  // client connections that are open
  std::vector<UpstreamReading> upstreams = {};
  std::optional<RecorderReading> recorder = {};     // nothing: there is none
  std::optional<ShadowReading> shadow = {};         // likewise
  std::optional<AccessLogReading> access_log = {};  // likewise
  ReloadReading reloads = {};
};

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const MetricsInput& input);

}  // namespace stormproof::proxy
