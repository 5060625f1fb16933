// CandidateCall: a copied request sent to a candidate, and its answer read, told to a tap and thrown away.
//
// The request goes out byte by byte as the client sent it, Host included, on a pooled connection or a new one; an
// ambiguous request on one of its own. The response is framed and streamed to the tap, never held. A call ends with
// exactly one outcome, the first cause: answered, refused, connect_timeout, head_timeout (from the whole request sent to
// the response's head), total_timeout, reset, bad_response, shed (no memory for a large response head), or cancelled
// (cut()). An idempotent request whose pooled connection proves stale is sent once more, on a new one. The request's
// memory is free as soon as it cannot be needed again. Used again for the next call. One thread.
#pragma once

#include <chrono>
#include <memory>

#include "harness/base/clock.h"
#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/proxy/budget.h"
#include "harness/proxy/copied_request.h"
#include "harness/wire/connection.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/framer.h"
#include "harness/wire/intercept.h"
#include "harness/wire/upstream_pool.h"

namespace stormproof::proxy {

// Where calls go, and what they share. All outlive the calls.
struct Candidate {
  wire::IoContext& io;
  const base::Clock& clock;
  wire::Deadlines& deadlines;
  wire::UpstreamPool& pool;
  Budget& budget;                        // for read buffers above the small one
  wire::Tapper* tapper;                  // may be nullptr
  std::chrono::nanoseconds head_limit;   // zero or less: none
  std::chrono::nanoseconds total_limit;  // from its start
};

// The live exchange that a call repeats.
struct LiveExchange {
  std::uint64_t tap = 0;  // Tap::id(); 0: the call is not told to the tapper
  std::uint64_t connection = 0;
  std::uint64_t request = 0;
  base::Time whole{};  // when its request was
};

class CandidateCall {
 public:
  explicit CandidateCall(const Candidate& candidate);
  CandidateCall(const CandidateCall&) = delete;
  CandidateCall& operator=(const CandidateCall&) = delete;

  // The request is whole and stays until then; it is released here. In event(), connection and request are the live
  // exchange's, `intended` is when the request was whole, `start` when the call began.
  base::Task<> run(CopiedRequest& request, LiveExchange live);

  // While run() is under way: it ends soon, as cancelled.
  void cut();

  // Of the last run().
  const events::Exchange& event() const { return event_; }
  bool sent() const { return now_.sent_some; }

 private:
  class Limit final : public wire::Deadlines::Entry {
   public:
    Limit(wire::Deadlines& deadlines, CandidateCall& call, events::Outcome cause)
        : Entry(deadlines), call_(call), cause_(cause) {}

   private:
    void on_deadline() override { call_.fail_and_cut(cause_); }
    CandidateCall& call_;
    events::Outcome cause_;
  };

  void begin(const LiveExchange& live);
  base::Task<bool> connect();
  base::Task<> send();
  base::Task<> receive();
  bool take_response();
  bool on_response_head(std::string_view bytes);
  bool room_for_response();
  bool grow();
  void show_request(std::size_t blocks);
  base::Task<> release_connection();
  void fail(events::Outcome cause);
  void fail_and_cut(events::Outcome cause);
  void tap(wire::Part part, std::string_view bytes) {
    if (tap_ != nullptr && !bytes.empty()) tap_->bytes(part, bytes);
  }

  const Candidate& candidate_;
  CopiedRequest* request_ = nullptr;
  wire::Tap* tap_ = nullptr;
  std::unique_ptr<wire::Connection> connection_;
  wire::ConnectAttempt* connecting_ = nullptr;
  wire::Framer response_{wire::MessageKind::response};
  Limit head_limit_;
  Limit total_limit_;
  events::Exchange event_;

  struct {
    bool to_head = false;
    bool repeatable = false;
    bool alone = false;
    bool keep_asked = false;
    bool failed = false;
    bool over = false;       // the response is whole: nothing can fail any more
    bool pooled = false;     // the connection came from the pool
    bool again = false;      // it was stale: once more
    bool tried = false;      // it was sent before
    bool sent_some = false;  // some byte went out
    bool sent_all = false;   // on this connection
    bool interim = false;    // some 1xx came
    bool reusable = false;   // the connection, afterwards
    bool large = false;      // its buffer is, and is paid for
    std::size_t shown = 0;   // blocks of the request that the tap has seen
  } now_;
};

}  // namespace stormproof::proxy
