// Script: the requests of a capture as they will be sent again, in the order in which they began.
//
// Loaded whole into memory. Requests that are not whole in the capture or ask for another protocol cannot be replayed; methods that
// write are refused unless allowed; shadowed copies are never sent. What is left out is counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "replay/filter.h"
#include "replay/pacing.h"
#include "replay/sender.h"

namespace stormproof::replay {

struct ScriptRequest {
  std::uint64_t id = 0;  // in the capture
  std::string method;
  std::string target;
  std::string fields;  // the head as recorded, without the empty line at its end
  std::string body;
  base::Time recorded{};
  std::uint64_t connection = 0;  // as recorded; 0: not known
  std::uint64_t session = 0;
};

struct Script {
  std::vector<ScriptRequest> requests;
  std::uint64_t writes_refused = 0;
  std::uint64_t not_replayable = 0;
  std::uint64_t filtered_out = 0;
  std::uint64_t shadows = 0;  // not sent: the live requests that they repeat are
};

struct ScriptOptions {
  Filter filter;
  bool allow_writes = false;
  bool traced = false;  // recorded `traceparent` lines are taken out: each request will get one of its own
};

base::Result<Script> load_script(const std::string& capture, const ScriptOptions& options);

struct ShotOptions {
  std::uint64_t loops = 0;  // 0: over and over
  std::optional<std::uint64_t>
      trace_seed;  // set: each request gets a trace id of its own, a function of seed and number
};

// The trace id of the n-th request of a run.
events::TraceId trace_of(std::uint64_t seed, std::uint64_t request);

// Hands out the requests of a script, which outlives it, at the instants of a pacing.
class ScriptShots final : public ShotSource {
 public:
  ScriptShots(const Script& script, const PacingOptions& pacing, ShotOptions options);
  std::optional<Shot> next() override;

 private:
  const Script& script_;
  Pacing pacing_;
  ShotOptions options_;
  std::uint64_t sent_ = 0;
};

}  // namespace stormproof::replay
