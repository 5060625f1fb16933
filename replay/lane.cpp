#include "replay/lane.h"

#include <algorithm>
#include <utility>

namespace stormproof::replay {

using events::Outcome;

Lane::Lane(Outbox& outbox, std::uint64_t number)
    : Entry(outbox.deadlines), StopHook(outbox.group.stop()), outbox_(outbox), number_(number), reader_(outbox.clock) {}

void Lane::add(Due due) {
  last_added_ = last_added_ || due.shot.last;
  ++outbox_.counts.queued;
  queue_.push_back(std::move(due));
  if (reading_ && may_send()) connection_->stop_waiting();
}

bool Lane::may_send() const {
  if (queue_.empty()) return false;
  const Due& next = queue_.front();
  if (!in_flight_.empty()) {
    const bool room = in_flight_.size() < pipelined_max && in_flight_bytes_ < pipelined_bytes_max;
    if (!next.shot.pipelined || !room || !connection_->open()) return false;
  }
  return outbox_.ready(next.shot);
}

base::Task<> Lane::run() {
  while (may_send()) {
    if (!co_await make_connected()) continue;
    do {
      while (may_send()) co_await send_front();
      co_await read_front();
    } while (!in_flight_.empty());
  }
  clear();
  // Armed, so that it is seen when the target closes it in the meantime.
  if (connection_ != nullptr && connection_->open()) connection_->arm();
}

// False: the front of the queue found no connection and has been reported.
base::Task<bool> Lane::make_connected() {
  if (connection_ != nullptr && (!connection_->open() || connection_->ended() || !connection_->unread().empty()))
    co_await wire::retire(std::move(connection_));
  if (connection_ != nullptr) co_return true;
  co_return co_await connect();
}

base::Task<bool> Lane::connect() {
  UnderWay& sent = in_flight_.emplace_back();
  sent.due = std::move(queue_.front());
  queue_.pop_front();
  --outbox_.counts.queued;
  outbox_.start(sent);
  cut_ = false;
  set(outbox_.options.timeout);
  auto made = co_await outbox_.pool.connect(&connecting_);
  if (!made) {
    const bool ours = our_limit(made.error().error);
    const Outcome outcome = cut_ ? cause_ : ours ? Outcome::shed : made.error().cause;
    outbox_.report(sent, outcome);
    in_flight_.pop_back();
    co_return false;
  }
  ++outbox_.counts.connections;
  if (std::exchange(made_once_, true)) ++outbox_.counts.lanes_cut;
  connection_ = std::move(*made);
  served_ = 0;
  // Back to the front of the queue, as if it had never left: it began when it first asked for the connection.
  queue_.push_front(std::move(sent.due));
  ++outbox_.counts.queued;
  in_flight_.pop_back();
  co_return true;
}

base::Task<> Lane::send_front() {
  UnderWay& sent = in_flight_.emplace_back();
  sent.due = std::move(queue_.front());
  queue_.pop_front();
  --outbox_.counts.queued;
  outbox_.start(sent);
  sent.event.connection = connection_->number();
  if (in_flight_.size() == 1) watch_front();
  const wire::TraceLines trace = outbox_.trace_of(sent.due.shot);
  const auto parts = outbox_.parts(sent, trace);
  in_flight_bytes_ += sent.event.request_bytes;
  // What cannot be written is seen where its answer is read.
  static_cast<void>(co_await connection_->write(parts));
}

// Of the oldest request under way, unless another one may go out first.
base::Task<> Lane::read_front() {
  if (in_flight_.empty()) co_return;
  UnderWay& front = in_flight_.front();
  if (!std::exchange(begun_, true)) {
    reader_.begin(front.event, front.to_head, front.keep());
  }
  reading_ = true;
  const AnswerReader::End end = co_await reader_.read(*connection_);
  reading_ = false;
  if (end == AnswerReader::End::interrupted && !cut_) co_return;
  begun_ = false;
  if (end != AnswerReader::End::whole) {
    connection_->close();
    lose(cut_ ? cause_ : end == AnswerReader::End::broken ? Outcome::bad_response : Outcome::reset, reader_.heard());
    co_return;
  }
  ++served_;
  in_flight_bytes_ -= front.event.request_bytes;
  // Out of the list before it is reported: whoever waits for it may add to this lane.
  std::list<UnderWay> done;
  done.splice(done.begin(), in_flight_, in_flight_.begin());
  outbox_.report(done.front(), Outcome::answered);
  if (!reader_.reusable()) {
    connection_->close();
    lose(Outcome::reset, false);  // the target said so: it does not look at what came behind
  } else if (!in_flight_.empty()) {
    watch_front();
  }
}

// The connection has ended with requests under way.
void Lane::lose(Outcome outcome, bool heard) {
  in_flight_bytes_ = 0;
  std::list<UnderWay> lost;
  lost.splice(lost.begin(), in_flight_);
  const bool again =
      !cut_ && outcome == Outcome::reset && served_ > 0 && !heard &&
      std::ranges::all_of(lost, [](const UnderWay& sent) { return wire::is_idempotent(sent.due.shot.method); });
  if (again) {
    // A connection that had rested and was dead when it was used again: not the requests' failure.
    while (!lost.empty()) {
      lost.back().unlink();
      queue_.push_front(std::move(lost.back().due));
      ++outbox_.counts.queued;
      lost.pop_back();
    }
    return;
  }
  for (UnderWay& sent : lost) {
    outbox_.report(sent, outcome);
    outcome = Outcome::reset;  // those behind it only shared its connection
  }
}

// The time limit of the request whose answer comes next, from its sending.
void Lane::watch_front() {
  cut_ = false;
  const auto gone = outbox_.clock.now() - in_flight_.front().event.start;
  set(std::max(outbox_.options.timeout - gone, base::Nanoseconds(1)));
}

void Lane::on_deadline() {
  cut(connection_ == nullptr          ? Outcome::connect_timeout
      : begun_ && reader_.head_done() ? Outcome::total_timeout
                                      : Outcome::head_timeout);
}

void Lane::cut(Outcome cause) {
  if (in_flight_.empty()) return;
  cut_ = true;
  cause_ = cause;
  if (connection_ != nullptr) connection_->close();
  if (connecting_ != nullptr) connecting_->close();
}

base::Task<> Lane::close() {
  clear();
  if (connection_ != nullptr) co_await wire::retire(std::move(connection_));
}

}  // namespace stormproof::replay
