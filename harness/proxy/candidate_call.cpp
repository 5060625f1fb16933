#include "harness/proxy/candidate_call.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>

#include "harness/base/both.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using wire::Arrival;
using wire::Connection;
using wire::Part;
using wire::Progress;

// Lets everything that is ready on the loop go first.
struct Yield {
  wire::IoContext& io;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const {
    wire::asio::post(io, [waiter] { waiter.resume(); });
  }
  void await_resume() const {}
};

}  // namespace

CandidateCall::CandidateCall(const Candidate& candidate)
    : candidate_(candidate),
      head_limit_(candidate.deadlines, *this, Outcome::head_timeout),
      total_limit_(candidate.deadlines, *this, Outcome::total_timeout) {}

void CandidateCall::fail(Outcome cause) {
  if (now_.failed || now_.over) return;
  now_.failed = true;
  event_.outcome = cause;
  event_.end = candidate_.clock.now();
}

void CandidateCall::fail_and_cut(Outcome cause) {
  fail(cause);
  if (connection_ != nullptr) connection_->close();
  if (connecting_ != nullptr) connecting_->close();
}

void CandidateCall::cut() { fail_and_cut(Outcome::cancelled); }

void CandidateCall::begin(const LiveExchange& live) {
  const wire::Head& head = request_->head();
  now_ = {};
  now_.to_head = head.method == "HEAD";
  now_.repeatable = wire::is_idempotent(head.method);
  now_.alone = head.ambiguous;
  now_.keep_asked = head.keep_alive;
  event_ = {};
  event_.connection = live.connection;
  event_.request = live.request;
  event_.trace = head.trace;
  event_.intended = live.whole;
  event_.start = candidate_.clock.now();
  if (candidate_.tapper != nullptr && live.tap != 0) {
    tap_ = candidate_.tapper->tap({head, live.connection, live.request, event_.start, live.tap});
  }
  // A request of usual size is told as a whole even where the candidate takes none of it.
  show_request(Connection::write_parts_max);
  total_limit_.set(candidate_.total_limit);
}

base::Task<> CandidateCall::run(CopiedRequest& request, LiveExchange live) {
  request_ = &request;
  begin(live);
  do {
    now_.again = false;
    if (!co_await connect()) break;
    response_.begin(now_.to_head);
    co_await base::both(send(), receive());
    co_await release_connection();
    now_.tried = true;
  } while (now_.again && !now_.failed);
  head_limit_.clear();
  total_limit_.clear();
  request.release();
  if (tap_ != nullptr) std::exchange(tap_, nullptr)->ended(event_);
}

base::Task<bool> CandidateCall::connect() {
  if (!now_.tried) connection_ = candidate_.pool.take_idle();
  // In the place of an idle one: there are never more connections than calls at most.
  if (now_.alone && connection_ != nullptr) co_await wire::retire(std::move(connection_));
  now_.pooled = connection_ != nullptr;
  now_.sent_all = false;
  if (now_.failed) co_return false;
  if (!now_.pooled) {
    wire::ConnectResult connected = co_await candidate_.pool.connect(&connecting_);
    if (!connected) {
      fail(connected.error().cause);
      co_return false;
    }
    connection_ = std::move(*connected);
  }
  if (now_.failed) co_await release_connection();
  co_return !now_.failed;
}

// Told before it is sent, as the relay does it; each block once.
void CandidateCall::show_request(std::size_t blocks) {
  for (blocks = std::min(blocks, request_->blocks()); now_.shown < blocks; ++now_.shown) {
    std::string_view bytes = request_->block(now_.shown);
    if (now_.shown == 0) {
      const std::size_t head_bytes = request_->head().bytes.size();
      tap(Part::request_head, bytes.substr(0, head_bytes));
      bytes.remove_prefix(head_bytes);
    }
    tap(Part::request_body, bytes);
  }
}

base::Task<> CandidateCall::send() {
  event_.request_bytes = 0;
  const std::size_t blocks = request_->blocks();
  for (std::size_t sent = 0; sent < blocks;) {
    if (sent > 0) {
      co_await Yield{candidate_.io};
      if (!connection_->open()) co_return;
    }
    std::array<std::string_view, Connection::write_parts_max> parts;
    const std::size_t count = std::min(parts.size(), blocks - sent);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) bytes += (parts[i] = request_->block(sent + i)).size();
    show_request(sent + count);
    now_.sent_some = true;
    // It may have answered before it closed: receive() will see.
    if (co_await connection_->write(std::span(parts).first(count))) co_return;
    event_.request_bytes += bytes;
    sent += count;
  }
  now_.sent_all = true;
  if (response_.head_done()) request_->release();
  else head_limit_.set(candidate_.head_limit);
}

// Runs beside send(), and ends it.
base::Task<> CandidateCall::receive() {
  while (!now_.failed) {
    const Arrival arrival = co_await connection_->more();
    if (now_.failed) break;
    if (arrival.ended()) {
      if (arrival.eof && response_.finish_at_eof()) break;  // a body until EOF
      const bool untouched = !response_.started() && !now_.interim;
      now_.again = now_.pooled && now_.repeatable && untouched;
      if (!now_.again) fail(Outcome::reset);
      break;
    }
    if (!response_.started()) event_.first_byte = candidate_.clock.now();
    if (!take_response()) break;
    if (now_.sent_all && response_.head_done()) request_->release();
    if (!room_for_response()) fail(Outcome::shed);
  }
  head_limit_.clear();
  if (response_.done() && !now_.failed) {
    now_.over = true;
    event_.end = candidate_.clock.now();
  }
  if (now_.sent_all) co_return;
  now_.reusable = false;  // answered before the request was sent, or failed
  connection_->close();
}

// Frames, tells and drops what has arrived. True: more is to come.
bool CandidateCall::take_response() {
  while (!response_.done()) {
    const std::string_view unread = connection_->unread();
    const wire::Step step = response_.feed(unread);
    const std::string_view bytes = unread.substr(0, step.consumed);
    if (step.progress == Progress::error || (step.progress == Progress::head && !on_response_head(bytes))) {
      fail(Outcome::bad_response);
      return false;
    }
    if (step.consumed == 0) break;
    if (step.progress == Progress::blank) tap(Part::interim, bytes);
    else if (step.progress != Progress::head) tap(Part::response_body, bytes);
    event_.response_bytes += bytes.size();
    connection_->consume(bytes.size());
  }
  return !response_.done();
}

// False: a head that cannot be the answer to this request.
bool CandidateCall::on_response_head(std::string_view bytes) {
  const wire::Head& head = response_.head();
  if (head.status == 101) return false;  // nothing that asks for an upgrade is copied
  if (head.status / 100 == 1) {
    tap(Part::interim, bytes);
    now_.interim = true;
    response_.begin(now_.to_head);
    return true;
  }
  event_.status = static_cast<std::uint16_t>(head.status);
  now_.reusable = head.keep_alive && now_.keep_asked && !now_.alone;
  head_limit_.clear();
  tap(Part::response_head, bytes);
  return true;
}

// False: a head wants a larger buffer, and there is no memory for it. A body is only read faster with one.
bool CandidateCall::room_for_response() {
  if (connection_->full()) return grow();
  const auto length = response_.head().content_length;
  if (response_.head_done() && (!length || *length > Connection::small_buffer)) grow();
  return true;
}

bool CandidateCall::grow() {
  if (now_.large) return true;
  if (!candidate_.budget.take(Connection::large_buffer)) return false;
  now_.large = true;
  connection_->reserve(Connection::large_buffer);
  return true;
}

base::Task<> CandidateCall::release_connection() {
  head_limit_.clear();
  if (now_.reusable && !now_.failed) co_await candidate_.pool.give_back(std::move(connection_));
  else co_await wire::retire(std::move(connection_));
  if (std::exchange(now_.large, false)) candidate_.budget.give(Connection::large_buffer);
}

}  // namespace stormproof::proxy
