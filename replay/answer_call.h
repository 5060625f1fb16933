// AnswerCall: one request sent to one target, and its whole answer kept.
//
// The request goes out byte by byte as given, on a pooled connection or a new one; an idempotent request whose pooled
// connection proves stale is sent once more, on a new one. Bodies are kept up to Answer::body_bytes_max, the rest is
// read and counted in the digest. `start` is when a connection stood, so a handshake is no latency of one side only.
// Ends at its time limit, or when `stop` is requested. One thread.
#pragma once

#include <memory>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/stop.h"
#include "harness/base/task.h"
#include "harness/wire/connection.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/framer.h"
#include "harness/wire/upstream_pool.h"
#include "replay/answer.h"

namespace stormproof::replay {

// Views that outlive the call.
struct RequestBytes {
  std::string_view method;
  std::string_view fields;  // the head without the empty line at its end
  std::string_view extra;   // more whole lines of the head
  std::string_view body;
};

class AnswerCall final : private wire::Deadlines::Entry, private base::StopHook {
 public:
  AnswerCall(const base::Clock& clock, wire::Deadlines& deadlines, wire::UpstreamPool& pool, base::Stop& stop,
             std::chrono::nanoseconds timeout);
  ~AnswerCall() override;

  // Called once.
  base::Task<Answer> run(RequestBytes request);

 private:
  base::Task<bool> attempt(const RequestBytes& request, bool may_reuse);
  base::Task<bool> connect();
  base::Task<bool> read();
  bool on_head();
  void take(std::string_view bytes);
  void end(events::Outcome outcome);
  void cut(events::Outcome cause);
  void on_deadline() override;
  void on_stop() override { cut(events::Outcome::cancelled); }

  const base::Clock& clock_;
  wire::UpstreamPool& pool_;
  std::unique_ptr<wire::Connection> connection_;
  wire::ConnectAttempt* connecting_ = nullptr;
  wire::Framer framer_{wire::MessageKind::response};
  struct Digest;
  std::unique_ptr<Digest> digest_;  // of a body that is cut
  Answer answer_;
  events::Outcome cause_ = events::Outcome::cancelled;
  bool cut_ = false;
  bool reusable_ = false;
  bool to_head_ = false;
};

}  // namespace stormproof::replay
