#include "faults/hold.h"

#include <algorithm>
#include <utility>

#include "faults/huge_head.h"

namespace stormproof::faults {

using events::Effect;

namespace {

bool only_before_upstream(const Rule& rule) {
  return !rule.request && !rule.has_response_fault() && !(rule.latency && rule.latency_of_response);
}

}  // namespace

Injector::Hold::Hold(Injector& injector, const wire::RequestSight& request, std::vector<Fired> fired)
    : injector_(injector),
      force_(injector.force_),
      number_(request.request),
      call_(call_of(request.head.method, request.head.target, {})),
      to_head_(request.head.method == "HEAD") {
  for (const Fired& one : fired) {
    holds_request_ |= one.rule->request.has_value();
    deeds_.push_back({.fired = one});
  }
  if (holds_request_) request_ = request.head.bytes;
  injector_.holds_.insert(this);
}

Injector::Hold::~Hold() { injector_.holds_.erase(this); }

void Injector::Hold::let_go() {
  let_go_ = true;
  if (pause_ != nullptr) pause_->interrupt();
}

bool Injector::Hold::wants_request() const {
  return std::ranges::any_of(deeds_, [](const Deed& deed) {
    return deed.fired.rule->request && deed.fired.rule->request->change.changes_body();
  });
}

void Injector::Hold::request(std::string_view raw, bool whole) {
  request_ = raw;
  request_whole_ = whole;
}

// First every delay, one after the other, then the first abort or quota, else what changes the request. A delay that was
// cut short is told too: a client that gave up because of it has felt it.
base::Task<wire::Interception::Decision> Injector::Hold::before_upstream(wire::Pause& pause) {
  Decision decision;
  pause_ = &pause;
  const auto answers = [](const Deed& deed) { return deed.fired.rule->abort || deed.fired.rule->throttle; };
  const auto answerer = std::ranges::find_if(deeds_, answers);
  for (Deed& deed : deeds_) {
    const Rule& rule = *deed.fired.rule;
    if (!rule.latency || rule.latency_of_response) continue;
    const bool whole = co_await wait(deed);
    if (!whole || (only_before_upstream(rule) && (answerer == deeds_.end() || &deed != &*answerer))) tell(deed);
    if (!whole) co_return decision;  // healed: it is forwarded; the client left: nobody asks any more
  }
  if (answerer != deeds_.end()) {
    const Rule& rule = *answerer->fired.rule;
    const Abort answer = rule.abort ? *rule.abort : rule.throttle->answer();
    decision.answer = true;
    decision.response = answer.response(to_head_);
    decision.status = answerer->status = static_cast<std::uint16_t>(answer.status_sent());
    answerer->effect = Effect::answered;
    tell(*answerer);
    co_return decision;
  }
  if (holds_request_ && !let_go_) change_request();
  if (holds_request_) decision.request = request_;
  co_return decision;
}

// False: the faults were healed, the client left or the relay stops.
base::Task<bool> Injector::Hold::wait(Deed& deed) {
  const Rule& rule = *deed.fired.rule;
  const base::Time begun = injector_.clock_.now();
  const bool came = co_await pause_->lasting(rule.latency->draw(force_->plan.seed(), rule.id, deed.fired.identity));
  deed.delayed += injector_.clock_.now() - begun;
  deed.effect = Effect::delayed;
  co_return came && !let_go_;
}

void Injector::Hold::change_request() {
  const std::string_view all = request_;
  const std::size_t end = std::min(all.find("\r\n\r\n"), all.size() - 4) + 4;
  auto message = Message::of_request(request_);
  if (!message) return;
  bool body_changes = false;
  for (Deed& deed : deeds_) {
    if (!deed.fired.rule->request) continue;
    const bool body = deed.fired.rule->request->change.changes_body();
    if (body && !request_whole_) {
      deed.why = "the request is larger than 1 MiB";
      continue;
    }
    const auto done = deed.fired.rule->request->apply(*message);
    if (!done) {
      deed.why = done.error().message;
      continue;
    }
    deed.effect = Effect::request_changed;
    body_changes |= body;
  }
  if (body_changes) message->remove("expect");
  // A body that does not change keeps its framing, byte for byte.
  const std::string body(all.substr(end));
  request_ = body_changes ? message->text() : message->head() + body;
}

wire::Interception::Wish Injector::Hold::response_wish() const {
  if (let_go_) return Wish::none;
  const bool whole =
      std::ranges::any_of(deeds_, [](const Deed& deed) { return deed.fired.rule->has_response_fault(); });
  return whole ? Wish::whole : Wish::moment;
}

base::Task<> Injector::Hold::before_response() {
  for (Deed& deed : deeds_) {
    if (!deed.fired.rule->latency || !deed.fired.rule->latency_of_response || let_go_) continue;
    if (!co_await wait(deed)) co_return;
  }
}

void Injector::Hold::change(Deed& deed, Message& response) {
  const Rule& rule = *deed.fired.rule;
  if (rule.response) {
    const auto done = rule.response->apply(response);
    if (done) deed.effect = Effect::response_changed;
    else deed.why = done.error().message;
  }
  if (rule.stale) {
    auto old = deed.fired.memory->responses.take(call_, response);
    if (old) {
      response = std::move(*old);
      deed.effect = Effect::stale;
    } else {
      deed.why = "the first response to this request: it is kept for later";
    }
  }
  if (rule.head_grows > 0) {
    grow_head(response, rule.head_grows);
    deed.effect = Effect::grown;
  }
}

std::optional<wire::Delivery> Injector::Hold::broken(Deed& deed, const Message& response) {
  const Rule& rule = *deed.fired.rule;
  if (rule.no_answer) {
    deed.effect = Effect::unanswered;
    deed.cut = response.body.size();
    return unanswered(*rule.no_answer, force_->plan.seed(), rule.id, deed.fired.identity);
  }
  if (rule.framing) {
    if (response.bodiless) {
      deed.why = "the response has no body by its nature";
      return std::nullopt;
    }
    deed.effect = Effect::misframed;
    return framed_illegally(response, *rule.framing);
  }
  if (rule.truncate) {
    auto cut = rule.truncate->apply(response);
    if (!cut) {
      deed.why = "the body is too short to be cut";
      return std::nullopt;
    }
    const std::size_t head = cut->pieces.front().bytes.find("\r\n\r\n") + 4;
    const std::size_t left = cut->pieces.front().bytes.size() - head;
    deed.effect = Effect::truncated;
    deed.cut = response.body.size() - std::min(left, response.body.size());
    return cut;
  }
  if (rule.duplicate) {
    deed.effect = Effect::duplicated;
    return duplicated(response);
  }
  return std::nullopt;
}

std::optional<wire::Delivery> Injector::Hold::response(std::string_view raw) {
  if (let_go_) return std::nullopt;
  auto message = Message::of_response(raw, to_head_);
  if (!message) return std::nullopt;
  for (Deed& deed : deeds_) change(deed, *message);
  std::optional<wire::Delivery> delivery;
  for (Deed& deed : deeds_) {
    if (delivery) break;
    delivery = broken(deed, *message);
    deed.sends = delivery.has_value();
  }
  if (!delivery)
    delivery = {.pieces = {{.bytes = message->text()}}, .status = static_cast<std::uint16_t>(message->status())};
  for (Deed& deed : deeds_) {
    if (!deed.fired.rule->slow || delivery->pieces.empty()) continue;
    deed.fired.rule->slow->apply(*delivery);
    deed.effect = Effect::slowed;
    deed.delayed += deed.fired.rule->slow->head_over + deed.fired.rule->slow->body_over;
  }
  for (Deed& deed : deeds_)
    deed.sends |= events::acted({.effect = deed.effect}) && deed.fired.rule->has_response_fault();
  return delivery;
}

void Injector::Hold::ended(const events::Exchange& exchange, std::uint64_t sent) {
  for (Deed& deed : deeds_) {
    if (deed.why.empty() && deed.effect == Effect::nothing) {
      deed.why = let_go_                                         ? "the faults were healed before it"
                 : exchange.outcome == events::Outcome::faulted  ? "another rule answered"
                 : exchange.outcome != events::Outcome::answered ? "the exchange failed before it"
                                                                 : "the response is larger than 1 MiB";
    }
    tell(deed, deed.sends ? sent : 0);
  }
}

void Injector::Hold::tell(Deed& deed, std::uint64_t sent) {
  if (std::exchange(deed.told, true)) return;
  events::Sink& sink = injector_.sink_;
  sink.fault({.at = injector_.clock_.now(),
              .rule = deed.fired.memory->name,
              .party = injector_.party_,
              .request = number_,
              .delayed = deed.delayed,
              .status = deed.status,
              .effect = deed.effect,
              .identity = deed.fired.identity,
              .sent = sent,
              .cut = deed.cut,
              .detail = deed.effect == Effect::nothing && !deed.why.empty() ? sink.name(deed.why) : 0});
}

}  // namespace stormproof::faults
