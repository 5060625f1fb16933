#include "replay/sender.h"

#include <algorithm>
#include <utility>

#include "replay/pooled_call.h"

namespace stormproof::replay {

Sender::Sender(wire::IoContext& io, const base::Clock& clock, events::Sink& sink, SenderOptions options)
    : outbox_(io, clock, sink, std::move(options)), schedule_(io, clock, outbox_.options.precise) {
  outbox_.on_end = [this](const Shot& shot) { release({shot.loop, shot.session}); };
}

Sender::~Sender() { rested_.clear(); }

base::Task<> Sender::send(ShotSource& source, base::Time begin) {
  if (outbox_.options.closed_loop) {
    co_await schedule_.until(begin);
    for (std::size_t i = 0; i < outbox_.options.connections_max && !finishing_; ++i)
      outbox_.group.spawn(work_closed(source));
  } else {
    co_await schedule_.keep(source, begin,
                            [this](Shot shot, base::Time intended) { offer(std::move(shot), intended); });
  }
  co_await drain();
}

// The rest of a replay: what is under way, then what still waits for an answer that did not come.
base::Task<> Sender::drain() {
  co_await outbox_.group.drained();
  outbox_.forced = true;
  while (!parked_.empty()) {
    release(parked_.begin()->first);
    co_await outbox_.group.drained();
  }
  rested_.clear();
  for (auto& [number, lane] : lanes_) co_await lane->close();
  lanes_.clear();
  co_await outbox_.pool.close();
}

void Sender::finish() {
  finishing_ = true;
  outbox_.counts.queued = 0;
  std::vector<Due> waiting;
  for (Due& due : std::exchange(queue_, {})) waiting.push_back(std::move(due));
  for (auto& [session, parked] : std::exchange(parked_, {})) {
    for (Parked& each : parked) {
      if (each.lane == nullptr) waiting.push_back(std::move(each.due));
      else each.lane->state = Lane::State::resting;
    }
  }
  for (auto& [number, lane] : lanes_) {
    for (Due& due : std::exchange(lane->queue(), {})) waiting.push_back(std::move(due));
  }
  std::ranges::sort(waiting, {}, [](const Due& due) { return due.shot.request; });
  for (const Due& due : waiting) outbox_.hold_off(due);
  schedule_.finish();
}

void Sender::stop() {
  finish();
  outbox_.group.close();
}

void Sender::offer(Shot shot, base::Time intended) {
  const base::Time taken = std::max(intended, outbox_.clock.now());
  take({std::move(shot), intended, taken});
}

void Sender::take(Due due) {
  if (due.shot.lane != 0) return take_to_lane(std::move(due));
  if (outbox_.ready(due.shot)) return admit(std::move(due));
  due.waiting = true;
  ++outbox_.counts.queued;
  const Shot shot = due.shot;
  park({nullptr, std::move(due)}, shot);
}

// Sends a shot without a lane over the pool, or queues it.
void Sender::admit(Due due) {
  const SenderOptions& options = outbox_.options;
  if (finishing_) return outbox_.hold_off(due);
  if (outbox_.counts.under_way < options.connections_max) return outbox_.group.spawn(work(std::move(due)));
  if (options.at_limit == AtLimit::drop || outbox_.counts.queued >= options.queued_max) return outbox_.hold_off(due);
  due.waiting = true;
  queue_.push_back(std::move(due));
  ++outbox_.counts.queued;
}

void Sender::park(Parked parked, const Shot& shot) { parked_[{shot.loop, shot.session}].push_back(std::move(parked)); }

// A request of the session has ended: those that may have waited for it are asked again, in their order.
void Sender::release(const Session& session) {
  const auto found = parked_.find(session);
  if (found == parked_.end()) return;
  std::vector<Parked> waiting = std::move(found->second);
  parked_.erase(found);
  for (Parked& each : waiting) {
    if (each.lane != nullptr) {
      each.lane->state = Lane::State::resting;
      go_on(*each.lane);
    } else if (outbox_.ready(each.due.shot)) {
      --outbox_.counts.queued;
      admit(std::move(each.due));
    } else {
      const Shot shot = each.due.shot;
      park(std::move(each), shot);
    }
  }
}

// Sends one shot, then whatever queued meanwhile.
base::Task<> Sender::work(Due due) {
  ++outbox_.counts.under_way;
  while (true) {
    co_await call_over_pool(outbox_, std::move(due));
    if (queue_.empty()) break;
    due = std::move(queue_.front());
    queue_.pop_front();
    --outbox_.counts.queued;
  }
  --outbox_.counts.under_way;
  next_in_line();
}

base::Task<> Sender::work_closed(ShotSource& source) {
  ++outbox_.counts.under_way;
  for (auto due = next_closed(source); due; due = next_closed(source))
    co_await call_over_pool(outbox_, *std::move(due));
  --outbox_.counts.under_way;
}

// One that had to wait for an answer first; then the next of the source.
std::optional<Due> Sender::next_closed(ShotSource& source) {
  while (queue_.empty() && !finishing_) {
    auto shot = source.next();
    if (!shot) return std::nullopt;
    const base::Time now = outbox_.clock.now();
    Due due{*std::move(shot), now, now};
    if (outbox_.ready(due.shot)) return due;
    due.waiting = true;
    ++outbox_.counts.queued;
    const Shot waiting = due.shot;
    park({nullptr, std::move(due)}, waiting);
  }
  if (queue_.empty()) return std::nullopt;
  Due due = std::move(queue_.front());
  queue_.pop_front();
  --outbox_.counts.queued;
  return due;
}

void Sender::take_to_lane(Due due) {
  std::unique_ptr<Lane>& place = lanes_[due.shot.lane];
  if (place == nullptr) place = std::make_unique<Lane>(outbox_, due.shot.lane);
  Lane& lane = *place;
  const SenderOptions& options = outbox_.options;
  const bool at_limit = lane.state != Lane::State::running && outbox_.counts.under_way >= options.connections_max;
  if (outbox_.counts.queued >= options.queued_max || (at_limit && options.at_limit == AtLimit::drop)) {
    lane.miss(due.shot);
    outbox_.hold_off(due);
  } else {
    // Pipelined and under way at once it has not waited, whatever it did behind others of its lane.
    due.waiting = lane.state != Lane::State::resting || at_limit;
    lane.add(std::move(due));
  }
  go_on(lane);
}

// Where there is something to do and nothing stands in the way, the lane runs.
void Sender::go_on(Lane& lane) {
  if (lane.state != Lane::State::resting || finishing_ || (lane.queue().empty() && !lane.finished())) return;
  if (!lane.queue().empty() && !outbox_.ready(lane.queue().front().shot)) {
    lane.state = Lane::State::parked;
    lane.queue().front().waiting = true;
    return park({&lane, {}}, lane.queue().front().shot);
  }
  if (outbox_.counts.under_way >= outbox_.options.connections_max) {
    lane.state = Lane::State::in_line;
    in_line_.push_back(&lane);
    return;
  }
  lane.state = Lane::State::running;
  if (lane.is_linked()) {
    rested_.erase(rested_.iterator_to(lane));
    --rested_count_;
  }
  outbox_.group.spawn(run(lane));
}

base::Task<> Sender::run(Lane& lane) {
  ++outbox_.counts.under_way;
  co_await make_room();
  co_await lane.run();
  if (lane.finished() || finishing_) {
    co_await lane.close();
    const bool gone = lane.finished();
    if (gone) lanes_.erase(lane.number());
    --outbox_.counts.under_way;
    co_return next_in_line();
  }
  lane.state = Lane::State::resting;
  if (lane.connected()) {
    rested_.push_back(lane);
    ++rested_count_;
  }
  --outbox_.counts.under_way;
  next_in_line();
  go_on(lane);
}

// Lanes that rest give up their connections, the one that rests longest first.
base::Task<> Sender::make_room() {
  while (outbox_.counts.under_way + rested_count_ > outbox_.options.connections_max && rested_count_ > 0) {
    Lane& oldest = rested_.front();
    rested_.pop_front();
    --rested_count_;
    co_await oldest.close();
  }
}

void Sender::next_in_line() {
  while (!in_line_.empty() && outbox_.counts.under_way < outbox_.options.connections_max) {
    Lane& lane = *in_line_.front();
    in_line_.pop_front();
    lane.state = Lane::State::resting;
    go_on(lane);
  }
}

std::vector<events::Exchange> Sender::unfinished() const {
  std::vector<events::Exchange> events;
  for (const UnderWay& sent : outbox_.under_way) events.push_back(outbox_.cancelled(sent));
  for (const Due& waiting : queue_) events.push_back(outbox_.held_off(waiting));
  for (const auto& [session, parked] : parked_) {
    for (const Parked& each : parked) {
      if (each.lane == nullptr) events.push_back(outbox_.held_off(each.due));
    }
  }
  for (const auto& [number, lane] : lanes_) {
    for (const Due& waiting : lane->queue()) events.push_back(outbox_.held_off(waiting));
  }
  return events;
}

}  // namespace stormproof::replay
