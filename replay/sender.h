// Sender: sends requests to one target at their intended instants, in open loop.
//
// The schedule is absolute (schedule.h), and nothing waits for an answer. Each request becomes one ingress events::Exchange with its intended
// and its actual time, so latency can be counted from when the request should have been sent (no coordinated omission).
//
// A shot without a lane takes any connection of the pool. One that is pooled and proves dead before a byte of the answer
// costs an idempotent request nothing: it is sent once more. Shots with a lane go as lane.h says. At
// `connections_max` busy connections the target holds them all: requests queue in order (or are dropped, where told so),
// and Exchange::waited tells their time in the queue from the sender's own delay. Above `queued_max`, and in the queue when
// finish() comes, they are reported as held off; what this machine cannot send (no descriptor, no port) is shed. A lane
// that rests keeps its connection while there is room for others'.
//
// With a Rewriter (rewriter.h) requests are changed as they go out, and may wait for the answers that they depend on.
// Lives on one io_context, one thread.
#pragma once

#include <boost/unordered_map.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "replay/lane.h"
#include "replay/outbox.h"
#include "replay/schedule.h"
#include "replay/shot.h"

namespace stormproof::replay {

class Sender {
 public:
  // Clock and sink outlive the sender.
  Sender(wire::IoContext& io, const base::Clock& clock, events::Sink& sink, SenderOptions options);
  ~Sender();

  // Sends every shot at begin + offset; completes when the last has its answer or its failure.
  base::Task<> send(ShotSource& source, base::Time begin);

  // For one who keeps the schedule himself (side_by_side.h): sends this shot now; then drain() instead of send().
  void offer(Shot shot, base::Time intended);
  base::Task<> drain();

  // Sends no more, cuts what is under way; send() then completes soon.
  void stop();

  // Sends no more, what is queued neither; what is under way may still be answered.
  void finish();

  // What would be reported if it all ended now: what is under way as cancelled, what is queued as held off.
  std::vector<events::Exchange> unfinished() const;

  const SenderCounts& counts() const { return outbox_.counts; }

 private:
  // What waits for an answer of its session: a lane, or a shot without one.
  struct Parked {
    Lane* lane = nullptr;
    Due due;
  };
  using Session = std::pair<std::uint64_t, std::uint64_t>;  // loop and session

  void take(Due due);
  void admit(Due due);
  void park(Parked parked, const Shot& shot);
  void release(const Session& session);
  base::Task<> work(Due due);
  base::Task<> work_closed(ShotSource& source);
  std::optional<Due> next_closed(ShotSource& source);

  void take_to_lane(Due due);
  void go_on(Lane& lane);
  base::Task<> run(Lane& lane);
  base::Task<> make_room();
  void next_in_line();

  Outbox outbox_;
  Schedule schedule_;
  std::deque<Due> queue_;
  boost::unordered_map<std::uint64_t, std::unique_ptr<Lane>> lanes_;
  std::deque<Lane*> in_line_;  // those that wait for others to rest
  boost::intrusive::list<Lane, boost::intrusive::constant_time_size<false>>
      rested_;  // with a connection, the longest first
  std::size_t rested_count_ = 0;
  boost::unordered_map<Session, std::vector<Parked>> parked_;
  bool finishing_ = false;
};

}  // namespace stormproof::replay
