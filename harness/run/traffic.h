// Traffic: the requests of a scenario on their way to the service under test, on a thread of their own.
//
// To the candidate, and to the versions that stand beside it: all get the same requests at the same instants, in an order drawn for
// each, with trace ids of their own sides (events/trace_side.h), and live values of their own. Called from one thread, not the traffic's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/events/recorder.h"
#include "harness/run/answer_comparison.h"
#include "harness/run/live.h"
#include "harness/run/resting_shots.h"
#include "harness/wire/loop_thread.h"
#include "replay/live_values.h"
#include "replay/script_shots.h"
#include "replay/sender.h"
#include "replay/side_by_side.h"

namespace stormproof::run {

struct TrafficTarget {
  std::string party = "candidate";
  wire::Endpoint endpoint;
  wire::TlsPeer tls = {};
};

struct TrafficOptions {
  std::uint64_t seed = 0;  // of trace ids, fresh keys, the order of the targets
  std::size_t connections_max = 512;
  replay::ShotOptions shots = {.loops = 0};
  replay::SenderOptions sender = {};                       // without target, TLS, party and who looks on
  std::shared_ptr<const replay::Links> links = nullptr;    // null: recorded values are sent as they are
  std::shared_ptr<AnswerComparison> comparison = nullptr;  // of as many parties as there are targets
};

class Traffic {
 public:
  // Sends `script` as `pacing` says, over and over. The script is loaded; nothing is sent yet. The first target is the one whose
  // counts are `counts`.
  Traffic(replay::Script script, const replay::PacingOptions& pacing, std::vector<TrafficTarget> targets,
          TrafficOptions options, const base::Clock& clock, LiveCounts& counts);
  ~Traffic();

  // `rests`: by offset, when nothing is sent, as a probe's requests are.
  void begin(base::Time at, std::vector<RestingShots::Rest> rests = {});

  // Nothing is sent from `from` until `until`; one request that is due then may go out, where this rest was not announced.
  void rest(base::Time from, base::Time until);

  // What has been sent and heard so far; `whole`: and what is under way or waits for a connection, as if it was cut now.
  events::Log snapshot(bool whole = false);

  // Whether a request has been sent to the first target, or should have been, that has no answer yet.
  bool awaits_answers();

  // Of the live values that the first target was sent; nothing where there are no links.
  std::string links_told();

  // Sends no more, waits for answers under way for at most `grace`, then cuts them; all that was sent and heard. The last call.
  events::Log finish(std::chrono::nanoseconds grace);

 private:
  struct Side {
    explicit Side(events::Recorder& recorder, LiveCounts& counts) : sink(recorder, counts) {}
    CountingSink sink;
    std::unique_ptr<replay::LiveValues> values;
    std::unique_ptr<replay::Sender> sender;
  };

  void open(std::vector<TrafficTarget> targets, const TrafficOptions& options);
  base::Task<> send(base::Time at);
  base::Task<> wait_for_end(std::chrono::nanoseconds grace);

  events::Recorder recorder_;
  LiveCounts others_;  // of the versions beside
  replay::Script script_;
  std::unique_ptr<replay::ScriptStream> stream_;  // of one that stays on the disk
  replay::ScriptShots shots_;
  std::unique_ptr<replay::GroupedShots> grouped_;
  RestingShots resting_;
  base::Time begin_{};
  const base::Clock& clock_;
  LiveCounts& counts_;
  std::shared_ptr<AnswerComparison> comparison_;
  std::vector<std::unique_ptr<Side>> sides_;
  std::unique_ptr<replay::SideBySide> side_by_side_;
  std::unique_ptr<wire::Pause> ended_;  // interrupted when the last answer is there
  base::TaskGroup tasks_;
  wire::LoopThread loop_;
};

}  // namespace stormproof::run
