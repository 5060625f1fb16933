// Traffic: the requests of a scenario on their way to the service under test, on a thread of their own.
//
// Called from one thread, not the traffic's own.
#pragma once

#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/events/recorder.h"
#include "harness/run/live.h"
#include "harness/run/resting_shots.h"
#include "harness/wire/loop_thread.h"
#include "replay/script_shots.h"
#include "replay/sender.h"

namespace stormproof::run {

// What the judges need of each request; as in replay::SenderOptions.
struct Watched {
  std::string key_header = {};
  std::uint8_t carriers = events::in_traceparent;
  bool answers = false;
};

class Traffic {
 public:
  // Sends `script` to `target`, traced with ids of `seed`, as `pacing` says, over and over. The script is loaded; nothing
  // is sent yet.
  Traffic(replay::Script script, const replay::PacingOptions& pacing, const wire::Endpoint& target, std::uint64_t seed,
          std::size_t connections_max, const base::Clock& clock, LiveCounts& counts, wire::TlsPeer tls = {},
          replay::Affinity affinity = replay::Affinity::pool, Watched watched = {});
  ~Traffic();

  // `rests`: by offset, when nothing is sent, as a probe's requests are.
  void begin(base::Time at, std::vector<RestingShots::Rest> rests = {});

  // Nothing is sent from `from` until `until`; one request that is due then may go out, where this rest was not announced.
  void rest(base::Time from, base::Time until);

  // What has been sent and heard so far; `whole`: and what is under way or waits for a connection, as if it was cut now.
  events::Log snapshot(bool whole = false);

  // Whether a request has been sent, or should have been, that has no answer yet.
  bool awaits_answers();

  // Sends no more, waits for answers under way for at most `grace`, then cuts them; all that was sent and heard. The last call.
  events::Log finish(std::chrono::nanoseconds grace);

 private:
  base::Task<> send(base::Time at);
  base::Task<> wait_for_end(std::chrono::nanoseconds grace);

  events::Recorder recorder_;
  CountingSink sink_;
  replay::Script script_;
  std::unique_ptr<replay::ScriptStream> stream_;  // of one that stays on the disk
  replay::ScriptShots shots_;
  RestingShots resting_;
  base::Time begin_{};
  const base::Clock& clock_;
  std::unique_ptr<replay::Sender> sender_;
  std::unique_ptr<wire::Pause> ended_;  // interrupted when the last answer is there
  base::TaskGroup tasks_;
  wire::LoopThread loop_;
};

}  // namespace stormproof::run
