#include "faults/stream_link.h"

#include <algorithm>
#include <utility>

#include "harness/base/seed.h"

namespace stormproof::faults {
namespace {

Direction other(Direction direction) {
  return direction == Direction::upstream ? Direction::downstream : Direction::upstream;
}

}  // namespace

StreamInjector::Link::Link(StreamInjector& injector, wire::Connection& connection, Place place, std::uint64_t number)
    : injector_(injector), connection_(connection), place_(place), number_(number) {
  at_ = injector_.links_.insert(injector_.links_.end(), this);
}

StreamInjector::Link::~Link() {
  for (const Deed& deed : deeds_) tell(deed);
  injector_.links_.erase(at_);
  if (peer_ != nullptr) peer_->peer_ = nullptr;
}

void StreamInjector::Link::join(Link& peer) {
  peer_ = &peer;
  peer.peer_ = this;
}

bool StreamInjector::Link::is_hurt() const {
  return std::ranges::any_of(deeds_, [](const Deed& deed) { return deed.stands; });
}

StreamInjector::Link::Deed* StreamInjector::Link::deed_of(const std::string& name) {
  const auto found = std::ranges::find(deeds_, name, [](const Deed& deed) { return deed.fault.name; });
  return found == deeds_.end() ? nullptr : &*found;
}

void StreamInjector::Link::meet(const StreamFault& fault, bool fresh) {
  if (fault.place != place_ || std::holds_alternative<Noop>(fault.kind) ||
      std::holds_alternative<Connecting>(fault.kind) || std::holds_alternative<TlsFault>(fault.kind))
    return;
  const bool hit = injector_.hits(fault, number_);
  Deed* deed = deed_of(fault.name);
  if (deed != nullptr && deed->stands && hit) {
    if (std::exchange(deed->fault, fault).kind != fault.kind) put_up(fault, fresh);
    return;
  }
  if (deed != nullptr && deed->stands) part(fault.name);
  deed = deed_of(fault.name);
  if (deed == nullptr) deed = &deeds_.emplace_back(Deed{.fault = fault});
  if (!hit) return;
  deed->capped = injector_.full(this);
  if (deed->capped) return;
  deed->stands = put_up(fault, fresh);
  if (!deed->stands) std::erase_if(deeds_, [&](const Deed& one) { return one.fault.name == fault.name; });
}

bool StreamInjector::Link::put_up(const StreamFault& fault, bool fresh) {
  const auto* const half_open = std::get_if<HalfOpen>(&fault.kind);
  std::unique_ptr<Obstacle> made = half_open == nullptr ? obstacle(fault, fresh) : nullptr;
  if (half_open == nullptr && made == nullptr) return false;
  if (layer_ == nullptr) wrap();
  if (half_open != nullptr) {
    const auto state = std::make_shared<HalfOpenState>();
    flow(fault.direction).set(fault.name, half_open->obstacle(state, true));
    flow(other(fault.direction)).set(fault.name, half_open->obstacle(state, false));
  } else {
    const bool opening = std::holds_alternative<Opening>(fault.kind);  // on what the client sends, whatever is said
    flow(opening ? Direction::upstream : fault.direction).set(fault.name, std::move(made));
  }
  layer_->changed();
  return true;
}

void StreamInjector::Link::part(const std::string& name) {
  Deed* const deed = deed_of(name);
  if (deed == nullptr) return;
  take_toll(*deed);
  take_down(*deed);
  const Deed done = std::move(*deed);
  deeds_.erase(deeds_.begin() + (deed - deeds_.data()));
  tell(done);
}

void StreamInjector::Link::take_toll(Deed& deed) const {
  if (layer_ == nullptr || !deed.stands) return;
  deed.toll = layer_->incoming().toll(deed.fault.name);
  deed.toll += layer_->outgoing().toll(deed.fault.name);
}

void StreamInjector::Link::take_down(Deed& deed) {
  if (layer_ == nullptr || !deed.stands) return;
  const Instant now = std::chrono::steady_clock::now();
  const bool in = layer_->incoming().withdraw(deed.fault.name, now);
  const bool out = layer_->outgoing().withdraw(deed.fault.name, now);
  if (in || out) layer_->changed();
}

void StreamInjector::Link::tell(const Deed& deed) {
  if (injector_.sink_ == nullptr) return;
  events::Sink& sink = *injector_.sink_;
  events::FaultFired told{.at = deed.acted ? deed.at : injector_.clock_.now(),
                          .rule = sink.name(deed.fault.name),
                          .party = injector_.party_,
                          .delayed = deed.toll.delayed,
                          .identity = number_,
                          .sent = deed.toll.passed,
                          .cut = deed.toll.cut};
  if (deed.capped && !deed.stands) {
    told.effect = events::Effect::nothing;
    told.detail = sink.name("as many connections as the scenario's cap allows are hurt already");
  } else if (!deed.stands) {
    told.effect = events::Effect::spared;
  } else if (!deed.acted) {
    told.effect = events::Effect::nothing;
    told.detail = sink.name("nothing came on this connection that it could act on");
  } else {
    told.detail = sink.name(deed.fault.type());
  }
  sink.fault(told);
}

std::optional<wire::Rider::Hurt> StreamInjector::Link::hurt() const {
  const Deed* first = nullptr;
  Hurt hurt;
  for (const Deed& deed : deeds_) {
    if (layer_ == nullptr || !deed.stands) continue;
    const Toll in = layer_->incoming().toll(deed.fault.name);
    hurt.swallows |= layer_->outgoing().toll(deed.fault.name).cut > 0;
    hurt.unheard |= in.cut + in.waiting > 0 || (deed.acted && std::holds_alternative<Opening>(deed.fault.kind) &&
                                                std::get<Opening>(deed.fault.kind).refuse);
    if (deed.acted && (first == nullptr || deed.since < first->since)) first = &deed;
  }
  if (first == nullptr) return std::nullopt;
  hurt.fault = injector_.sink_ != nullptr ? injector_.sink_->name(first->fault.name) : 0;
  hurt.since = first->since;
  return hurt;
}

Flow& StreamInjector::Link::flow(Direction direction) const {
  const bool comes_in = (direction == Direction::upstream) == (place_ == Place::client);
  return comes_in ? layer_->incoming() : layer_->outgoing();
}

std::unique_ptr<Obstacle> StreamInjector::Link::obstacle(const StreamFault& fault, bool fresh) const {
  const Chance chance{injector_.seed_, fault.name, base::draw(number_, to_string(fault.direction), 0)};
  return std::visit(
      [&](const auto& kind) -> std::unique_ptr<Obstacle> {
        if constexpr (requires { kind.obstacle(chance, fresh); }) return kind.obstacle(chance, fresh);
        else if constexpr (requires { kind.obstacle(chance); }) return kind.obstacle(chance);
        else return nullptr;
      },
      fault.kind);
}

void StreamInjector::Link::wrap() {
  connection_.wrap_layer([this](std::unique_ptr<wire::Layer> inner) {
    auto layer = std::make_unique<FaultLayer>(connection_, std::move(inner), static_cast<FaultLayer::Owner&>(*this));
    layer_ = layer.get();
    return layer;
  });
  const auto tell = [this](const std::string& name, const Obstacle&) { on_act(name); };
  layer_->incoming().on_act = tell;
  layer_->outgoing().on_act = tell;
}

void StreamInjector::Link::on_act(const std::string& name) {
  last_acted_ = name;
  Deed* const deed = deed_of(name);
  if (deed == nullptr) return;
  if (!std::exchange(deed->acted, true)) {
    deed->since = std::chrono::steady_clock::now();
    deed->at = injector_.clock_.now();
    injector_.count(name);
  }
  if (!std::holds_alternative<HalfOpen>(deed->fault.kind)) return;
  if (peer_ != nullptr) peer_->connection_.reset();
  spoilt();
}

void StreamInjector::Link::on_cut(End::Kind kind) {
  spoilt();
  if (kind == End::Kind::reset) {
    connection_.reset();
    if (peer_ != nullptr) peer_->connection_.reset();
  } else {
    connection_.close();
  }
}

void StreamInjector::Link::on_layer_ends() {
  for (Deed& deed : deeds_) take_toll(deed);
  layer_ = nullptr;
}

void StreamInjector::Link::spoilt() {
  if (!cut_by_) cut_by_ = injector_.sink_ != nullptr ? injector_.sink_->name(last_acted_) : 0;
}

}  // namespace stormproof::faults
