// ScriptShots: hands out the requests of a script, which outlives it, at the instants of a pacing.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "replay/pacing.h"
#include "replay/script.h"
#include "replay/script_stream.h"
#include "replay/shot.h"

namespace stormproof::replay {

// Over which connections requests go.
enum class Affinity : std::uint8_t {
  pool,      // any
  recorded,  // one for each of the recording, its order kept
  session,   // one for each session, its order kept
};

struct ShotOptions {
  std::uint64_t loops = 0;  // 0: over and over
  std::optional<std::uint64_t> trace_seed =
      {};  // set: each request gets a trace id of its own, a function of seed and number
  std::optional<std::uint64_t> key_seed = {};  // set: idempotency keys are rewritten
  Affinity affinity = Affinity::pool;
  std::optional<base::Nanoseconds> lasting = {};  // no request at this offset or later
  std::uint64_t requests_max = 0;                 // a ceiling; 0: none
  double per_second_max = 0;  // a ceiling: no second holds more. What would come sooner is put off. 0: none
};

// The trace id of the n-th request of a run.
events::TraceId trace_of(std::uint64_t seed, std::uint64_t request);

class ScriptShots final : public ShotSource {
 public:
  static constexpr std::uint64_t ceiling_window_max =
      1'000'000;  // above this many a second a ceiling is kept in a shorter time

  // `stream`: of a script that stays on the disk; it outlives this.
  ScriptShots(const Script& script, const PacingOptions& pacing, ShotOptions options, ScriptStream* stream = nullptr);
  std::optional<Shot> next() override;

  std::uint64_t put_off() const { return put_off_; }         // by the ceiling of the rate
  bool at_requests_max() const { return at_requests_max_; }  // that ceiling ended it

 private:
  void put_lane(Shot& shot, const ScriptPlace& place) const;
  void freshen_key(Shot& shot, const ScriptRequest& request) const;
  base::Nanoseconds under_ceiling(base::Nanoseconds offset);

  const Script& script_;
  Pacing pacing_;
  ShotOptions options_;
  ScriptStream* stream_;
  std::uint64_t sent_ = 0;
  std::uint64_t put_off_ = 0;
  bool at_requests_max_ = false;
  std::size_t window_requests_ = 0;
  base::Nanoseconds window_{0};
  std::deque<base::Nanoseconds> in_window_;  // the offsets of the last window_requests_ shots
};

}  // namespace stormproof::replay
