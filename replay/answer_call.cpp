#include "replay/answer_call.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <utility>

namespace stormproof::replay {

using events::Outcome;

struct AnswerCall::Digest {
  Digest() : state(XXH3_createState()) { XXH3_64bits_reset(state); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest() { XXH3_freeState(state); }
  void add(std::string_view bytes) { XXH3_64bits_update(state, bytes.data(), bytes.size()); }
  XXH3_state_t* state;
};

AnswerCall::AnswerCall(const base::Clock& clock, wire::Deadlines& deadlines, wire::UpstreamPool& pool, base::Stop& stop,
                       std::chrono::nanoseconds timeout)
    : Entry(deadlines), StopHook(stop), clock_(clock), pool_(pool) {
  set(timeout);
}

AnswerCall::~AnswerCall() = default;

base::Task<Answer> AnswerCall::run(RequestBytes request) {
  to_head_ = request.method == "HEAD";
  const bool known = co_await attempt(request, true);
  // The idle connection had just been closed by the target: not the request's failure.
  if (!known) co_await attempt(request, false);
  if (digest_) answer_.body_digest = XXH3_64bits_digest(digest_->state);
  if (answer_.start == base::Time{}) answer_.start = answer_.end;
  co_return std::move(answer_);
}

// False: the pooled connection proved stale before a byte of the answer, and the request may be sent again.
base::Task<bool> AnswerCall::attempt(const RequestBytes& request, bool may_reuse) {
  if (may_reuse) connection_ = pool_.take_idle();
  const bool pooled = connection_ != nullptr;
  if (!pooled && !co_await connect()) co_return true;
  const std::array<std::string_view, 4> parts = {request.fields, request.extra, "\r\n", request.body};
  framer_.begin(to_head_);
  answer_.start = clock_.now();
  const bool written = !co_await connection_->write(parts);
  const bool heard = co_await read();
  if (heard && written && reusable_) co_await pool_.give_back(std::move(connection_));
  else co_await wire::retire(std::move(connection_));
  co_return heard || !pooled || cut_ || !wire::is_idempotent(request.method);
}

base::Task<bool> AnswerCall::connect() {
  auto connected = co_await pool_.connect(&connecting_);
  connecting_ = nullptr;
  if (!connected || cut_) {
    end(cut_ ? cause_ : connected.error().cause);
    if (connected) co_await wire::retire(std::move(*connected));
    co_return false;
  }
  connection_ = std::move(*connected);
  co_return true;
}

// False: the connection ended before a byte of the answer.
base::Task<bool> AnswerCall::read() {
  bool heard = false;
  while (true) {
    const std::string_view unread = connection_->unread();
    const wire::Step step = framer_.feed(unread);
    if (step.progress == wire::Progress::error) {
      end(Outcome::bad_response);
      reusable_ = false;
      co_return true;
    }
    if (step.progress == wire::Progress::head) {
      if (!on_head()) continue;
    } else if (framer_.head_done()) {
      take(unread.substr(0, step.consumed));
    }
    connection_->consume(step.consumed);
    if (framer_.head_done() && framer_.done()) {
      end(Outcome::answered);
      co_return true;
    }
    if (step.consumed > 0) continue;
    if (connection_->full()) connection_->reserve(wire::Connection::large_buffer);
    const wire::Arrival arrival = co_await connection_->more();
    if (!arrival.ended()) {
      heard = true;
      continue;
    }
    const bool whole = arrival.eof && framer_.finish_at_eof();
    end(cut_ ? cause_ : whole ? Outcome::answered : Outcome::reset);
    reusable_ = false;
    co_return heard;
  }
}

// False: an interim head, done with.
bool AnswerCall::on_head() {
  const wire::Head& head = framer_.head();
  if (head.status / 100 == 1 && head.status != 101) {
    connection_->consume(head.bytes.size());
    framer_.begin(to_head_);
    return false;
  }
  answer_.status = head.status;
  answer_.head = head.bytes;
  reusable_ = head.keep_alive && head.status != 101;
  const std::uint64_t length = head.content_length.value_or(0);
  if (!to_head_) answer_.body.reserve(std::min<std::uint64_t>(length, Answer::body_bytes_max));
  if (length > wire::Connection::small_buffer) connection_->reserve(wire::Connection::large_buffer);
  return true;
}

void AnswerCall::take(std::string_view bytes) {
  answer_.body_bytes += bytes.size();
  const std::size_t room = Answer::body_bytes_max - answer_.body.size();
  if (bytes.size() > room && !digest_) {
    digest_ = std::make_unique<Digest>();
    digest_->add(answer_.body);
  }
  if (digest_) digest_->add(bytes);
  answer_.body.append(bytes.substr(0, room));
}

void AnswerCall::end(Outcome outcome) {
  answer_.outcome = outcome;
  answer_.end = clock_.now();
}

void AnswerCall::on_deadline() {
  cut(connection_ == nullptr ? Outcome::connect_timeout
      : framer_.head_done()  ? Outcome::total_timeout
                             : Outcome::head_timeout);
}

void AnswerCall::cut(Outcome cause) {
  if (!cut_) cause_ = cause;
  cut_ = true;
  if (connection_ != nullptr) connection_->close();
  if (connecting_ != nullptr) connecting_->close();
}

}  // namespace stormproof::replay
