// PooledCall: one attempt at one request, over any connection of the pool; ends at its time limit or when the sender stops.
#pragma once

#include <memory>

#include "harness/base/stop.h"
#include "harness/base/task.h"
#include "replay/answer_reader.h"
#include "replay/outbox.h"

namespace stormproof::replay {

class PooledCall final : private wire::Deadlines::Entry, private base::StopHook {
 public:
  PooledCall(Outbox& outbox, UnderWay& sent);

  // False: the pooled connection proved stale before a byte of the answer; nothing is known of the request.
  base::Task<bool> run(bool may_reuse);

  // When nothing more is to be tried.
  events::Outcome outcome() const { return outcome_; }

 private:
  base::Task<bool> connect();
  void on_deadline() override;
  void on_stop() override { cut(events::Outcome::cancelled); }
  void cut(events::Outcome cause);

  Outbox& outbox_;
  UnderWay& sent_;
  std::unique_ptr<wire::Connection> connection_;
  wire::ConnectAttempt* connecting_ = nullptr;
  AnswerReader reader_;
  events::Outcome outcome_ = events::Outcome::cancelled;
  events::Outcome cause_ = events::Outcome::cancelled;
  bool cut_ = false;
};

// One request, from its beginning to its report: a pooled connection that proves stale costs an idempotent one nothing.
base::Task<> call_over_pool(Outbox& outbox, Due due);

}  // namespace stormproof::replay
