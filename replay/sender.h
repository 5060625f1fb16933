// Sender: sends requests to one target at their intended instants, in open loop.
//
// The schedule is absolute: a late request moves no other, and nothing waits for an answer. One timer for the next
// instant; when it fires, all that is due is sent. Each request becomes one ingress events::Exchange with its intended
// and its actual time, so latency can be counted from when the request should have been sent (no coordinated omission).
// Connections are kept alive and taken from a pool; the actual time is before one is made. A pooled one that proves
// dead before a byte of the answer costs an idempotent request nothing: it is sent once more. At `connections_max`
// under way the target holds them all: requests queue in order, and Exchange::waited tells their time in the queue from
// the sender's own delay. Above `queued_max`, and in the queue when finish() comes, they are reported as held off; what
// this machine cannot send (no descriptor, no port) is shed. Lives on one io_context, one thread.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/task_group.h"
#include "harness/events/event.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"
#include "harness/wire/upstream_pool.h"

namespace stormproof::replay {

// One request to send. The views outlive the sending.
struct Shot {
  std::uint64_t request = 0;    // from 1, in intended order
  base::Nanoseconds offset{0};  // from the beginning of the traffic; never less than the shot's before
  std::string_view method;
  std::string_view target;
  std::string_view fields;  // the head without the empty line at its end
  std::string_view body;
  events::TraceId trace;  // not none: a `traceparent` is added with it
};

// Where shots come from, in order. Called ahead of each shot's instant.
class ShotSource {
 public:
  virtual ~ShotSource() = default;
  virtual std::optional<Shot> next() = 0;
};

struct SenderOptions {
  wire::Endpoint target;
  wire::TlsPeer tls;
  events::NameId party = 0;
  std::size_t connections_max = 512;
  std::size_t queued_max = 100'000;
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);  // for one request, from its sending
  wire::PoolLimits pool;
  std::string key_header = {};  // whose value tells whose request it is: Exchange::key; empty: none
};

struct SenderCounts {
  std::uint64_t sent = 0;   // handed to a connection
  std::uint64_t ended = 0;  // reported to the sink, those below included
  std::uint64_t shed = 0;   // for want of something on this machine
  std::uint64_t held_off = 0;
  std::size_t under_way = 0;
  std::size_t queued = 0;
};

class Sender {
 public:
  // Clock and sink outlive the sender.
  Sender(wire::IoContext& io, const base::Clock& clock, events::Sink& sink, SenderOptions options);

  // Sends every shot at begin + offset; completes when the last has its answer or its failure.
  base::Task<> send(ShotSource& source, base::Time begin);

  // Sends no more, cuts what is under way; send() then completes soon.
  void stop();

  // Sends no more, what is queued neither; what is under way may still be answered.
  void finish();

  // What would be reported if it all ended now: what is under way as cancelled, what is queued as held off.
  std::vector<events::Exchange> unfinished() const;

  const SenderCounts& counts() const { return counts_; }

 private:
  class Call;
  struct Due {
    Shot shot;
    base::Time intended;
    base::Time taken;  // when it was this sender's turn: later than intended is its own delay
    bool waiting = false;
  };
  // A request that was sent; in the list for as long as it lives.
  struct UnderWay : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    events::Exchange event;
  };
  void take(const Due& due);
  void hold_off(const Due& due);
  events::Exchange event_of(const Due& due) const;
  base::Task<> work(Due due);
  base::Task<> call(const Due& due);

  const base::Clock& clock_;
  events::Sink& sink_;
  SenderOptions options_;
  wire::Deadlines deadlines_;
  wire::UpstreamPool pool_;
  wire::Pause pause_;
  base::TaskGroup group_;
  std::deque<Due> queue_;
  boost::intrusive::list<UnderWay, boost::intrusive::constant_time_size<false>> under_way_;
  SenderCounts counts_;
  bool finishing_ = false;
};

}  // namespace stormproof::replay
