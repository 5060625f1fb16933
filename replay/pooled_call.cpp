#include "replay/pooled_call.h"

#include <utility>

namespace stormproof::replay {

using events::Outcome;

PooledCall::PooledCall(Outbox& outbox, UnderWay& sent)
    : Entry(outbox.deadlines), StopHook(outbox.group.stop()), outbox_(outbox), sent_(sent), reader_(outbox.clock) {
  set(outbox_.options.timeout);
}

base::Task<bool> PooledCall::run(bool may_reuse) {
  if (may_reuse) connection_ = outbox_.pool.take_idle();
  const bool pooled = connection_ != nullptr;
  if (!pooled && !co_await connect()) co_return true;
  sent_.event.connection = connection_->number();
  const wire::TraceLines trace = outbox_.trace_of(sent_.due.shot);
  const auto parts = outbox_.parts(sent_, trace);
  reader_.begin(sent_.event, sent_.to_head, sent_.keep());
  sent_.answer.start = outbox_.clock.now();
  const bool written = !co_await connection_->write(parts);
  const AnswerReader::End end = co_await reader_.read(*connection_);
  const bool whole = end == AnswerReader::End::whole;
  const bool broken = end == AnswerReader::End::broken;
  outcome_ = whole ? Outcome::answered : cut_ ? cause_ : broken ? Outcome::bad_response : Outcome::reset;
  if (whole && written && reader_.reusable()) co_await outbox_.pool.give_back(std::move(connection_));
  else co_await wire::retire(std::move(connection_));
  co_return reader_.heard() || !pooled || cut_ || !wire::is_idempotent(sent_.due.shot.method);
}

base::Task<bool> PooledCall::connect() {
  auto made = co_await outbox_.pool.connect(&connecting_);
  if (!made) {
    outcome_ = cut_ ? cause_ : our_limit(made.error().error) ? Outcome::shed : made.error().cause;
    co_return false;
  }
  ++outbox_.counts.connections;
  connection_ = std::move(*made);
  co_return true;
}

void PooledCall::on_deadline() {
  cut(connection_ == nullptr ? Outcome::connect_timeout
      : reader_.head_done()  ? Outcome::total_timeout
                             : Outcome::head_timeout);
}

void PooledCall::cut(Outcome cause) {
  cut_ = true;
  cause_ = cause;
  if (connection_ != nullptr) connection_->close();
  if (connecting_ != nullptr) connecting_->close();
}

base::Task<> call_over_pool(Outbox& outbox, Due due) {
  UnderWay sent;
  sent.due = std::move(due);
  outbox.start(sent);
  Outcome outcome{};
  for (bool first = true;; first = false) {
    PooledCall attempt(outbox, sent);
    const bool known = co_await attempt.run(first);
    outcome = attempt.outcome();
    // An idle connection had just been closed by the server: not the request's failure.
    if (known || !first) break;
    sent.event.response_bytes = 0;
  }
  outbox.report(sent, outcome);
}

}  // namespace stormproof::replay
