#include "replay/answer_reader.h"

#include <xxhash.h>

#include <algorithm>

#include "harness/wire/advice.h"

namespace stormproof::replay {

struct AnswerReader::Digest {
  Digest() : state(XXH3_createState()) { XXH3_64bits_reset(state); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest() { XXH3_freeState(state); }
  void add(std::string_view bytes) { XXH3_64bits_update(state, bytes.data(), bytes.size()); }
  XXH3_state_t* state;
};

AnswerReader::AnswerReader(const base::Clock& clock) : clock_(clock) {}
AnswerReader::~AnswerReader() = default;

void AnswerReader::begin(events::Exchange& event, bool to_head, Answer* keep) {
  event_ = &event;
  to_head_ = to_head;
  keep_ = keep;
  if (keep_ != nullptr) *keep_ = {};
  digest_.reset();
  heard_ = reusable_ = false;
  framer_.begin(to_head_);
}

base::Task<AnswerReader::End> AnswerReader::read(wire::Connection& connection) {
  while (true) {
    const std::string_view unread = connection.unread();
    if (!unread.empty() && !heard_) {
      heard_ = true;
      event_->first_byte = clock_.now();
    }
    const wire::Step step = framer_.feed(unread);
    if (step.progress == wire::Progress::error) co_return End::broken;
    if (step.progress == wire::Progress::head && !on_head(connection)) continue;
    if (step.progress != wire::Progress::head && framer_.head_done()) keep(unread.substr(0, step.consumed));
    event_->response_bytes += step.consumed;
    connection.consume(step.consumed);
    if (framer_.head_done() && framer_.done()) co_return End::whole;
    if (step.consumed > 0) continue;
    if (connection.full()) connection.reserve(wire::Connection::large_buffer);
    const wire::Arrival arrival = co_await connection.more();
    if (!arrival.ended()) continue;
    if (arrival.error == wire::asio::error::operation_aborted && connection.open()) co_return End::interrupted;
    reusable_ = false;
    co_return arrival.eof&& framer_.finish_at_eof() ? End::whole : End::ended;
  }
}

// False: an interim head, done with.
bool AnswerReader::on_head(wire::Connection& connection) {
  const wire::Head& head = framer_.head();
  if (head.status / 100 == 1 && head.status != 101) {
    event_->response_bytes += head.bytes.size();
    connection.consume(head.bytes.size());
    framer_.begin(to_head_);
    return false;
  }
  event_->status = static_cast<std::uint16_t>(head.status);
  event_->advice = wire::advice_in(head.bytes, clock_.now());
  reusable_ = head.keep_alive && head.status != 101;
  if (keep_ != nullptr) {
    keep_->head = head.bytes;
    if (!to_head_)
      keep_->body.reserve(std::min<std::uint64_t>(head.content_length.value_or(0), Answer::body_bytes_max));
  }
  if (head.content_length.value_or(0) > wire::Connection::small_buffer)
    connection.reserve(wire::Connection::large_buffer);
  return true;
}

void AnswerReader::keep(std::string_view bytes) {
  if (keep_ == nullptr || bytes.empty()) return;
  keep_->body_bytes += bytes.size();
  const std::size_t room = Answer::body_bytes_max - keep_->body.size();
  if (bytes.size() > room && digest_ == nullptr) {
    digest_ = std::make_unique<Digest>();
    digest_->add(keep_->body);
  }
  if (digest_ != nullptr) {
    digest_->add(bytes);
    keep_->body_digest = XXH3_64bits_digest(digest_->state);
  }
  keep_->body.append(bytes.substr(0, room));
}

}  // namespace stormproof::replay
