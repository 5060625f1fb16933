#include "replay/outbox.h"

#include <algorithm>
#include <utility>

#include "harness/wire/advice.h"
#include "replay/answer_content.h"

namespace stormproof::replay {
namespace {

using events::Outcome;

constexpr std::string_view line_end = "\r\n";

}  // namespace

bool our_limit(const wire::ErrorCode& error) {
  using wire::asio::error::basic_errors;
  return error == basic_errors::no_descriptors || error == basic_errors::no_buffer_space ||
         error == basic_errors::no_memory || error == boost::system::errc::too_many_files_open_in_system ||
         error == boost::system::errc::address_not_available;
}

Outbox::Outbox(wire::IoContext& io, const base::Clock& its_clock, events::Sink& its_sink, SenderOptions its_options)
    : clock(its_clock),
      sink(its_sink),
      options(std::move(its_options)),
      deadlines(io),
      pool(io, deadlines, options.target, options.pool, options.tls) {}

events::Exchange Outbox::event_of(const Due& due) const {
  events::Exchange event;
  event.party = options.party;
  event.route = sink.route(due.shot.method, due.shot.target);
  event.request = due.shot.request;
  event.trace = due.shot.trace;
  event.intended = due.intended;
  event.key = wire::digest_of_field(due.shot.fields, options.key_header);
  return event;
}

void Outbox::start(UnderWay& sent) {
  const Due& due = sent.due;
  sent.event = event_of(due);
  if (due.started == base::Time{}) ++counts.sent;
  sent.event.start = due.started == base::Time{} ? clock.now() : due.started;
  sent.event.waited = due.waiting ? sent.event.start - due.taken : base::Nanoseconds(0);
  sent.to_head = due.shot.method == "HEAD";
  sent.due.started = sent.event.start;
  under_way.push_back(sent);
}

std::array<std::string_view, 4> Outbox::parts(UnderWay& sent, const wire::TraceLines& trace) const {
  Outgoing& outgoing = sent.outgoing;
  outgoing.fields = sent.due.shot.fields;
  outgoing.body = sent.due.shot.body;
  sent.for_content = options.looks_into_answers;
  sent.for_taker = options.answers != nullptr;
  if (options.rewriter != nullptr) {
    options.rewriter->rewrite(sent.due.shot, outgoing);
    sent.for_rewriter = options.rewriter->wants_answer(sent.due.shot);
  }
  const std::array<std::string_view, 4> all = {outgoing.fields, trace.view(), line_end, outgoing.body};
  sent.event.request_bytes = 0;
  for (const std::string_view part : all) sent.event.request_bytes += part.size();
  return all;
}

void Outbox::report(UnderWay& sent, Outcome outcome) {
  sent.event.outcome = outcome;
  if (options.looks_into_answers && outcome == Outcome::answered) {
    if (!sent.answer.cut()) sent.event.content = content_of(sent.answer.head, sent.answer.body);
    else sent.event.content.kind = events::Content::Kind::other;  // too large to be looked at
  }
  sent.event.end = clock.now();
  sent.unlink();
  if (outcome == Outcome::shed) ++counts.shed;
  tell(sent.due.shot, sent.event, &sent);
}

void Outbox::hold_off(const Due& due) {
  ++counts.held_off;
  tell(due.shot, held_off(due), nullptr);
}

// Of the end of a request; `sent` is null where it was not sent.
void Outbox::tell(const Shot& shot, const events::Exchange& event, UnderWay* sent) {
  ++counts.ended;
  sink.exchange(event);
  if (options.rewriter != nullptr) {
    const bool whole = sent != nullptr && sent->for_rewriter && event.outcome == Outcome::answered;
    options.rewriter->on_end(shot, event, whole && !sent->answer.cut() ? &sent->answer : nullptr);
  }
  if (options.answers != nullptr) {
    Answer answer = sent != nullptr ? std::move(sent->answer) : Answer();
    answer.outcome = event.outcome;
    answer.status = event.status;
    if (answer.start == base::Time{}) answer.start = event.start;
    answer.end = event.end;
    options.answers->take(shot, event, std::move(answer));
  }
  if (options.rewriter != nullptr && on_end) on_end(shot);
}

events::Exchange Outbox::cancelled(const UnderWay& sent) const {
  events::Exchange event = sent.event;
  event.outcome = Outcome::cancelled;
  event.end = clock.now();
  return event;
}

events::Exchange Outbox::held_off(const Due& due) const {
  events::Exchange event = event_of(due);
  event.outcome = Outcome::held_off;
  event.start = event.end = clock.now();
  event.waited = event.start - due.taken;
  return event;
}

}  // namespace stormproof::replay
