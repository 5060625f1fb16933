// Outbox: what all connections of one sender share: its limits, its counts, what is under way, and how a request begins
// and ends. One thread, that of the sender.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/task_group.h"
#include "harness/events/event.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/trace_context.h"
#include "harness/wire/upstream_pool.h"
#include "replay/rewriter.h"
#include "replay/shot.h"

namespace stormproof::replay {

// What becomes of a request whose turn has come while all connections are busy.
enum class AtLimit : std::uint8_t {
  queue,  // it waits, and its latency says so
  drop,   // it is not sent, and counted as held off
};

// Gets answers, whatever came of their requests.
class AnswerTaker {
 public:
  virtual ~AnswerTaker() = default;
  // Once for each request that has ended, sent or not. On the sender's thread; must not block.
  virtual void take(const Shot& shot, const events::Exchange& event, Answer answer) = 0;
};

struct SenderOptions {
  wire::Endpoint target;
  wire::TlsPeer tls;
  events::NameId party = 0;
  std::size_t connections_max = 512;
  std::size_t queued_max = 100'000;
  AtLimit at_limit = AtLimit::queue;
  bool closed_loop = false;  // no schedule: the next request when a connection is free. Lanes are not looked at.
  bool precise = false;      // spins before each instant: costs a core
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);  // for one request, from its sending
  wire::PoolLimits pool;
  std::string key_header = {};  // whose value tells whose request it is: Exchange::key; empty: none
  // In which headers a request has its trace id: bits of events::Carrier.
  std::uint8_t carriers = events::in_traceparent;
  bool looks_into_answers = false;  // Exchange::content; keeps a copy of each answer meanwhile
  Rewriter* rewriter = nullptr;     // outlives the sender
  AnswerTaker* answers = nullptr;   // outlives the sender
};

struct SenderCounts {
  std::uint64_t sent = 0;   // handed to a connection
  std::uint64_t ended = 0;  // reported to the sink, those below included
  std::uint64_t shed = 0;   // for want of something on this machine
  std::uint64_t held_off = 0;
  std::uint64_t connections = 0;  // made
  std::uint64_t lanes_cut = 0;    // connections that were as recorded, and had to be made once more in their middle
  std::size_t under_way = 0;      // connections with a request on them
  std::size_t queued = 0;         // requests that wait: for a connection, or for the answer to another
};

// A request whose turn has come.
struct Due {
  Shot shot;
  base::Time intended{};
  base::Time taken{};    // when it was this sender's turn: later than intended is its own delay
  base::Time started{};  // not zero: it was sent once already, on a connection that proved stale
  bool waiting = false;  // it could not go out at once
};

// A request that was sent; in the list for as long as it lives, or until its end is reported.
struct UnderWay : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  Due due;
  events::Exchange event;
  Outgoing outgoing;
  Answer answer;  // where somebody wants it
  bool for_content = false;
  bool for_rewriter = false;
  bool for_taker = false;
  bool to_head = false;
  Answer* keep() { return for_content || for_rewriter || for_taker ? &answer : nullptr; }
};

class Outbox {
 public:
  // Clock and sink outlive the outbox.
  Outbox(wire::IoContext& io, const base::Clock& clock, events::Sink& sink, SenderOptions options);

  events::Exchange event_of(const Due& due) const;

  // Before a connection is made, where one is needed: how long that takes is the target's doing, not the schedule's.
  void start(UnderWay& sent);

  // The bytes of a request, in up to four parts; `trace` is the caller's to keep until they are written.
  std::array<std::string_view, 4> parts(UnderWay& sent, const wire::TraceLines& trace) const;
  wire::TraceLines trace_of(const Shot& shot) const { return {shot.trace, shot.request, options.carriers}; }

  // Reports the end of a request, with its answer where somebody wants it. Then on_end is called.
  void report(UnderWay& sent, events::Outcome outcome);
  void hold_off(const Due& due);

  bool ready(const Shot& shot) const { return options.rewriter == nullptr || forced || options.rewriter->ready(shot); }

  // What would be reported if it ended now.
  events::Exchange cancelled(const UnderWay& sent) const;
  events::Exchange held_off(const Due& due) const;

  const base::Clock& clock;
  events::Sink& sink;
  SenderOptions options;
  wire::Deadlines deadlines;
  wire::UpstreamPool pool;
  base::TaskGroup group;
  boost::intrusive::list<UnderWay, boost::intrusive::constant_time_size<false>> under_way;
  SenderCounts counts;
  bool forced = false;                      // nothing is left that a request could wait for
  std::function<void(const Shot&)> on_end;  // where a rewriter is: others may wait for this

 private:
  void tell(const Shot& shot, const events::Exchange& event, UnderWay* sent);
};

// Descriptors, ports or memory of this machine ran out: the target was not even asked.
bool our_limit(const wire::ErrorCode& error);

}  // namespace stormproof::replay
