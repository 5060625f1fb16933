#include "replay/sender.h"

#include <algorithm>
#include <utility>

#include "harness/wire/advice.h"

namespace stormproof::replay {
namespace {

using events::Outcome;

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t sent_in_a_row_max = 64;

// "traceparent: …\r\n" for one request.
class TraceLine {
 public:
  TraceLine(const events::TraceId& trace, std::uint64_t span) {
    if (trace.none()) return;
    const auto value = wire::make_traceparent(trace, span);
    char* at = std::copy(name.begin(), name.end(), text_.data());
    at = std::copy(value.begin(), value.end(), at);
    at = std::copy(line_end.begin(), line_end.end(), at);
    size_ = static_cast<std::size_t>(at - text_.data());
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  static constexpr std::string_view name = "traceparent: ";
  std::array<char, 80> text_;
  std::size_t size_ = 0;
};

// Descriptors, ports or memory of this machine ran out: the target was not even asked.
bool our_limit(const wire::ErrorCode& error) {
  using wire::asio::error::basic_errors;
  return error == basic_errors::no_descriptors || error == basic_errors::no_buffer_space ||
         error == basic_errors::no_memory || error == boost::system::errc::too_many_files_open_in_system ||
         error == boost::system::errc::address_not_available;
}

}  // namespace

// One attempt at one request; ends at its time limit or when the sender stops.
class Sender::Call final : private wire::Deadlines::Entry, private base::StopHook {
 public:
  Call(Sender& sender, events::Exchange& event)
      : Entry(sender.deadlines_), StopHook(sender.group_.stop()), sender_(sender), event_(event) {
    set(sender.options_.timeout);
  }

  // False: the pooled connection proved stale before a byte of the answer; nothing is known of the request.
  base::Task<bool> run(const Shot& shot, bool may_reuse) {
    if (may_reuse) connection_ = sender_.pool_.take_idle();
    const bool pooled = connection_ != nullptr;
    if (!pooled && !co_await connect()) co_return true;
    event_.connection = connection_->number();
    const TraceLine trace(shot.trace, shot.request);
    const std::array<std::string_view, 4> parts = {shot.fields, trace.view(), line_end, shot.body};
    for (const std::string_view part : parts) event_.request_bytes += part.size();
    to_head_ = shot.method == "HEAD";
    response_.begin(to_head_);
    const bool written = !co_await connection_->write(parts);
    const bool heard = co_await read_response();
    const bool reusable = heard && written && reusable_;
    if (reusable) co_await sender_.pool_.give_back(std::move(connection_));
    else co_await wire::retire(std::move(connection_));
    co_return heard || !pooled || cut_ || !wire::is_idempotent(shot.method);
  }

 private:
  base::Task<bool> connect() {
    auto connected = co_await sender_.pool_.connect(&connecting_);
    if (!connected) {
      const bool ours = our_limit(connected.error().error);
      if (ours) ++sender_.counts_.shed;
      end(cut_ ? cause_ : ours ? Outcome::shed : connected.error().cause);
      co_return false;
    }
    connection_ = std::move(*connected);
    co_return true;
  }

  // False: the connection ended before a byte of the answer.
  base::Task<bool> read_response() {
    while (true) {
      const std::string_view unread = connection_->unread();
      const wire::Step step = response_.feed(unread);
      if (step.progress == wire::Progress::error) {
        end(Outcome::bad_response);
        co_return true;
      }
      if (step.progress == wire::Progress::head && !on_head()) continue;
      event_.response_bytes += step.consumed;
      connection_->consume(step.consumed);
      if (response_.head_done() && response_.done()) {
        end(Outcome::answered);
        co_return true;
      }
      if (step.consumed > 0) continue;
      if (connection_->full()) connection_->reserve(wire::Connection::large_buffer);
      const wire::Arrival arrival = co_await connection_->more();
      if (arrival.ended()) {
        const bool whole = arrival.eof && response_.finish_at_eof();
        end(cut_ ? cause_ : whole ? Outcome::answered : Outcome::reset);
        reusable_ = false;
        co_return event_.first_byte != base::Time{};  // an interim response counts: the request has been seen
      }
      if (event_.first_byte == base::Time{}) event_.first_byte = sender_.clock_.now();
    }
  }

  // False: an interim head, done with.
  bool on_head() {
    const wire::Head& head = response_.head();
    if (head.status / 100 == 1 && head.status != 101) {
      event_.response_bytes += head.bytes.size();
      connection_->consume(head.bytes.size());
      response_.begin(to_head_);
      return false;
    }
    event_.status = static_cast<std::uint16_t>(head.status);
    event_.advice = wire::advice_in(head.bytes, sender_.clock_.now());
    reusable_ = head.keep_alive && head.status != 101;
    if (head.content_length.value_or(0) > wire::Connection::small_buffer) {
      connection_->reserve(wire::Connection::large_buffer);
    }
    return true;
  }

  void end(Outcome outcome) {
    event_.outcome = outcome;
    event_.end = sender_.clock_.now();
  }

  void on_deadline() override {
    cut(connection_ == nullptr  ? Outcome::connect_timeout
        : response_.head_done() ? Outcome::total_timeout
                                : Outcome::head_timeout);
  }
  void on_stop() override { cut(Outcome::cancelled); }
  void cut(Outcome cause) {
    cut_ = true;
    cause_ = cause;
    if (connection_ != nullptr) connection_->close();
    if (connecting_ != nullptr) {
      wire::ErrorCode ignored;
      connecting_->close(ignored);
    }
  }

  Sender& sender_;
  events::Exchange& event_;
  std::unique_ptr<wire::Connection> connection_;
  wire::Socket* connecting_ = nullptr;
  wire::Framer response_{wire::MessageKind::response};
  Outcome cause_ = Outcome::cancelled;
  bool cut_ = false;
  bool reusable_ = false;
  bool to_head_ = false;
};

Sender::Sender(wire::IoContext& io, const base::Clock& clock, events::Sink& sink, SenderOptions options)
    : clock_(clock),
      sink_(sink),
      options_(std::move(options)),
      deadlines_(io),
      pool_(io, deadlines_, options_.target, options_.pool, options_.tls),
      pause_(io) {}

base::Task<> Sender::send(ShotSource& source, base::Time begin) {
  std::size_t sent_in_a_row = 0;
  for (auto shot = source.next(); shot && !finishing_; shot = source.next()) {
    const base::Time intended = begin + shot->offset;
    const base::Nanoseconds ahead = intended - clock_.now();
    // Behind schedule there is nothing to wait for, but answers, time limits and stop() must still have their turn.
    if (ahead.count() > 0 || ++sent_in_a_row >= sent_in_a_row_max) {
      sent_in_a_row = 0;
      co_await pause_.lasting(std::max(ahead, base::Nanoseconds(0)));
    }
    if (!finishing_) take({*shot, intended, std::max(intended, clock_.now())});
  }
  co_await group_.drained();
  co_await pool_.close();
}

void Sender::finish() {
  finishing_ = true;
  counts_.queued = 0;
  for (const Due& waiting : std::exchange(queue_, {})) hold_off(waiting);
  pause_.interrupt();
}

void Sender::stop() {
  finish();
  group_.close();
}

void Sender::take(const Due& due) {
  if (counts_.under_way < options_.connections_max) {
    group_.spawn(work(due));
    return;
  }
  if (queue_.size() < options_.queued_max) {
    queue_.push_back(due);
    queue_.back().waiting = true;
    counts_.queued = queue_.size();
    return;
  }
  hold_off(due);
}

events::Exchange Sender::event_of(const Due& due) const {
  events::Exchange event;
  event.party = options_.party;
  event.route = sink_.route(due.shot.method, due.shot.target);
  event.request = due.shot.request;
  event.trace = due.shot.trace;
  event.intended = due.intended;
  event.key = wire::digest_of_field(due.shot.fields, options_.key_header);
  return event;
}

void Sender::hold_off(const Due& due) {
  ++counts_.held_off;
  ++counts_.ended;
  events::Exchange event = event_of(due);
  event.outcome = Outcome::held_off;
  event.start = event.end = clock_.now();
  event.waited = event.start - due.taken;
  sink_.exchange(event);
}

std::vector<events::Exchange> Sender::unfinished() const {
  const base::Time now = clock_.now();
  std::vector<events::Exchange> events;
  for (const UnderWay& sent : under_way_) {
    events.push_back(sent.event);
    events.back().outcome = Outcome::cancelled;
    events.back().end = now;
  }
  for (const Due& waiting : queue_) {
    events.push_back(event_of(waiting));
    events.back().outcome = Outcome::held_off;
    events.back().start = events.back().end = now;
    events.back().waited = now - waiting.taken;
  }
  return events;
}

// Sends one shot, then whatever queued meanwhile.
base::Task<> Sender::work(Due due) {
  ++counts_.under_way;
  while (true) {
    co_await call(due);
    if (queue_.empty()) break;
    due = queue_.front();
    queue_.pop_front();
    counts_.queued = queue_.size();
  }
  --counts_.under_way;
}

base::Task<> Sender::call(const Due& due) {
  ++counts_.sent;
  const Shot& shot = due.shot;
  UnderWay under_way{{}, event_of(due)};
  under_way_.push_back(under_way);
  events::Exchange& event = under_way.event;
  // Before a connection is made, where one is needed: how long that takes is the target's doing, not the schedule's.
  event.start = clock_.now();
  event.waited = due.waiting ? event.start - due.taken : base::Nanoseconds(0);
  {
    Call first(*this, event);
    const bool known = co_await first.run(shot, true);
    if (!known) {
      // The idle connection had just been closed by the server: not the request's failure.
      event.request_bytes = event.response_bytes = 0;
      Call again(*this, event);
      co_await again.run(shot, false);
    }
  }
  under_way.unlink();
  ++counts_.ended;
  sink_.exchange(event);
}

}  // namespace stormproof::replay
