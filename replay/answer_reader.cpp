#include "replay/answer_reader.h"

#include "harness/wire/advice.h"

namespace stormproof::replay {

void AnswerReader::begin(events::Exchange& event, bool to_head, Message* keep, std::size_t keep_bytes_max) {
  event_ = &event;
  to_head_ = to_head;
  keep_ = keep;
  keep_bytes_max_ = keep_bytes_max;
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
  if (keep_ != nullptr) keep_->head = head.bytes;
  if (head.content_length.value_or(0) > wire::Connection::small_buffer)
    connection.reserve(wire::Connection::large_buffer);
  return true;
}

void AnswerReader::keep(std::string_view bytes) {
  if (keep_ == nullptr || bytes.empty()) return;
  if (bytes.size() > keep_bytes_max_ - keep_->body.size()) keep_ = nullptr;
  else keep_->body += bytes;
}

}  // namespace stormproof::replay
