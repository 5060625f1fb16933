// Script: the requests of a capture as they will be sent again, in the order in which they began.
//
// Where their bytes are more than `memory_max`, only their places are kept, and ScriptStream reads them ahead of their
// time. Requests that are not whole in the capture or ask for another protocol cannot be replayed; methods that write are
// refused unless allowed; shadowed copies are never sent. What is left out is counted.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "replay/capture_reader.h"
#include "replay/filter.h"
#include "replay/idempotency.h"
#include "replay/rewrite_rules.h"

namespace stormproof::replay {

struct ScriptRequest {
  std::uint64_t id = 0;  // in the capture
  std::string method;
  std::string target;
  std::string fields;  // the head as recorded and rewritten, without the empty line at its end
  std::string body;
  base::Time recorded{};
  std::uint64_t connection = 0;  // as recorded; 0: not known
  std::uint64_t session = 0;     // as recorded, or else the connection
  KeyPlace key = {};             // in the fields
};

// Where a request stands in its connection and its session. Lanes are numbered from 1; 0: it belongs to none.
struct ScriptPlace {
  base::Time recorded{};
  base::Time answered{};  // zero: not known
  CaptureReader::Position position;
  std::uint64_t id = 0;
  std::uint64_t connection = 0;
  std::uint64_t session = 0;
  std::uint32_t connection_lane = 0;
  std::uint32_t session_lane = 0;
  bool pipelined = false;  // went out before the answer to the one before it on its connection had come
  bool last_of_connection = false;
  bool last_of_session = false;
};

// For those who can read from the disk as they go.
inline constexpr std::uint64_t script_memory_max = std::uint64_t{512} << 20;

struct ScriptOptions {
  Filter filter = {};
  RewriteRules rewrites = {};
  bool allow_writes = false;
  bool traced = false;  // recorded `traceparent` lines are taken out: each request will get one of its own
  bool b3 = false;      // the same with `b3` and `X-B3-…`
  std::uint64_t memory_max =
      std::numeric_limits<std::uint64_t>::max();  // of the requests' bytes; above it they stay on the disk
};

struct Script {
  static constexpr std::uint64_t requests_max = 200'000'000;

  std::vector<ScriptPlace> places;
  std::vector<ScriptRequest> requests;  // as many as places; none where they stay on the disk
  std::uint64_t writes_refused = 0;
  std::uint64_t not_replayable = 0;
  std::uint64_t filtered_out = 0;
  std::uint64_t shadows = 0;  // not sent: the live requests that they repeat are
  std::uint32_t connections = 0;
  std::uint32_t sessions = 0;
  Meta meta;  // of the capture

  // For reading what stays on the disk.
  std::string capture;
  ScriptOptions options;

  // For scripts that are made, not loaded: of no known connection, after the one before it.
  void add(ScriptRequest request);

  std::uint64_t size() const { return places.size(); }
  bool on_disk() const { return requests.size() < places.size(); }
};

base::Result<Script> load_script(const std::string& capture, const ScriptOptions& options);

// A request as it will be sent, of an exchange that a script may hold.
ScriptRequest request_of(Exchange&& exchange, const ScriptOptions& options);

std::vector<base::Time> times_of(const Script& script);

}  // namespace stormproof::replay
