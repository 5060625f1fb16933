#include "faults/stream_injector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "faults/fault_layer.h"
#include "harness/base/seed.h"

namespace stormproof::faults {

// One connection.
class StreamInjector::Link final : public wire::Rider, private FaultLayer::Owner {
 public:
  Link(StreamInjector& injector, wire::Connection& connection, Place place, std::uint64_t number)
      : injector_(injector), connection_(connection), place_(place), number_(number) {
    at_ = injector_.links_.insert(injector_.links_.end(), this);
  }
  ~Link() override {
    injector_.links_.erase(at_);
    if (peer_ != nullptr) peer_->peer_ = nullptr;
  }

  wire::Connection& connection() { return connection_; }
  std::uint64_t number() const { return number_; }
  std::optional<events::NameId> cut_by() const override { return cut_by_; }

  void join(Link& peer) {
    peer_ = &peer;
    peer.peer_ = this;
  }

  void meet(const StreamFault& fault) {
    if (fault.place != place_ || !fault.hits(injector_.seed_, number_)) return withdraw(fault.name);
    if (std::holds_alternative<Noop>(fault.kind) || std::holds_alternative<Connecting>(fault.kind)) return;
    if (layer_ == nullptr) wrap();
    if (const auto* const half_open = std::get_if<HalfOpen>(&fault.kind)) {
      const auto state = std::make_shared<HalfOpenState>();
      flow(fault.direction).set(fault.name, half_open->obstacle(state, true));
      flow(other(fault.direction)).set(fault.name, half_open->obstacle(state, false));
    } else {
      flow(fault.direction).set(fault.name, obstacle(fault));
    }
    layer_->changed();
  }

  void withdraw(const std::string& name) {
    if (layer_ == nullptr) return;
    const Instant now = std::chrono::steady_clock::now();
    const bool in = layer_->incoming().withdraw(name, now);
    const bool out = layer_->outgoing().withdraw(name, now);
    if (in || out) layer_->changed();
  }

 private:
  static Direction other(Direction direction) {
    return direction == Direction::upstream ? Direction::downstream : Direction::upstream;
  }
  // What the client's connection brings goes upstream; what the upstream's brings comes from there.
  Flow& flow(Direction direction) {
    const bool comes_in = (direction == Direction::upstream) == (place_ == Place::client);
    return comes_in ? layer_->incoming() : layer_->outgoing();
  }

  std::unique_ptr<Obstacle> obstacle(const StreamFault& fault) const {
    const Chance chance{injector_.seed_, fault.name, base::draw(number_, to_string(fault.direction), 0)};
    return std::visit(
        [&](const auto& kind) -> std::unique_ptr<Obstacle> {
          if constexpr (requires { kind.obstacle(chance); }) return kind.obstacle(chance);
          else return nullptr;
        },
        fault.kind);
  }

  void wrap() {
    connection_.wrap_layer([this](std::unique_ptr<wire::Layer> inner) {
      auto layer = std::make_unique<FaultLayer>(connection_, std::move(inner), static_cast<FaultLayer::Owner&>(*this));
      layer_ = layer.get();
      return layer;
    });
    const auto tell = [this](const std::string& name, const Obstacle& obstacle) { on_act(name, obstacle); };
    layer_->incoming().on_act = tell;
    layer_->outgoing().on_act = tell;
  }

  void on_act(const std::string& name, const Obstacle& obstacle) {
    last_acted_ = name;
    injector_.acted(name, number_, obstacle.delayed());
    const StreamFault* const fault = injector_.find(name);
    const bool gone = fault != nullptr && std::holds_alternative<HalfOpen>(fault->kind);
    if (gone && peer_ != nullptr) peer_->connection_.reset();
    if (gone) spoilt();
  }

  void on_cut(End::Kind kind) override {
    spoilt();
    if (kind == End::Kind::reset) {
      connection_.reset();
      if (peer_ != nullptr) peer_->connection_.reset();
    } else {
      connection_.close();
    }
  }

  void on_end_by_fault() override { spoilt(); }

  void spoilt() {
    if (!cut_by_) cut_by_ = injector_.sink_ != nullptr ? injector_.sink_->name(last_acted_) : 0;
  }

  StreamInjector& injector_;
  wire::Connection& connection_;
  Place place_;
  std::uint64_t number_;
  std::list<Link*>::iterator at_;
  FaultLayer* layer_ = nullptr;  // the connection's
  Link* peer_ = nullptr;
  std::string last_acted_;
  std::optional<events::NameId> cut_by_;
};

StreamInjector::StreamInjector(const base::Clock& clock, events::Sink* sink, events::NameId party, std::uint64_t seed)
    : clock_(clock), sink_(sink), party_(party), seed_(seed) {}

StreamInjector::~StreamInjector() = default;

const StreamFault* StreamInjector::find(std::string_view name) const {
  const auto found = std::ranges::find(faults_, name, &StreamFault::name);
  return found == faults_.end() ? nullptr : &*found;
}

std::uint64_t StreamInjector::hits(std::string_view name) const {
  const auto found = std::ranges::find(counts_, name, &Count::name);
  return found == counts_.end() ? 0 : found->hits;
}

base::Result<void> StreamInjector::set(StreamFault fault) {
  if (auto checked = fault.check(); !checked) return checked;
  const auto found = std::ranges::find(faults_, fault.name, &StreamFault::name);
  if (found == faults_.end()) {
    if (faults_.size() >= faults_max) return base::fail(fmt::format("more than {} faults at a time", faults_max));
    faults_.push_back(fault);
    counts_.push_back({fault.name});
  } else {
    if (found->direction != fault.direction || found->place != fault.place || found->type() != fault.type())
      return base::fail("a fault that stands keeps its type, its direction and its place");
    *found = fault;
  }
  for (Link* link : links_) link->meet(fault);
  return {};
}

bool StreamInjector::withdraw(std::string_view name) {
  const auto found = std::ranges::find(faults_, name, &StreamFault::name);
  if (found == faults_.end()) return false;
  const std::string own(name);
  faults_.erase(found);
  std::erase_if(counts_, [&](const Count& count) { return count.name == own; });
  for (Link* link : links_) link->withdraw(own);
  return true;
}

void StreamInjector::clear() {
  while (!faults_.empty()) withdraw(std::string(faults_.back().name));
}

void StreamInjector::close_all() {
  for (Link* link : links_) link->connection().close();
}

void StreamInjector::client_opened(wire::Connection& connection, std::uint64_t number) {
  auto link = std::make_unique<Link>(*this, connection, Place::client, number);
  for (const StreamFault& fault : faults_) link->meet(fault);
  connection.carry(std::move(link));
}

void StreamInjector::upstream_opened(wire::Connection& connection, std::uint64_t number, wire::Connection* peer) {
  auto link = std::make_unique<Link>(*this, connection, Place::upstream, number);
  if (peer != nullptr) {
    const auto found = std::ranges::find_if(links_, [&](Link* each) { return &each->connection() == peer; });
    if (found != links_.end()) link->join(**found);
  }
  for (const StreamFault& fault : faults_) link->meet(fault);
  connection.carry(std::move(link));
}

const StreamFault* StreamInjector::connecting_fault(std::uint64_t nth) const {
  const auto found = std::ranges::find_if(faults_, [&](const StreamFault& fault) {
    return std::holds_alternative<Connecting>(fault.kind) && fault.hits(seed_, nth);
  });
  return found == faults_.end() ? nullptr : &*found;
}

std::optional<wire::ConnectVerdict> StreamInjector::connecting(std::uint64_t nth) {
  const StreamFault* const fault = connecting_fault(nth);
  if (fault == nullptr) return std::nullopt;
  const auto& connecting = std::get<Connecting>(fault->kind);
  return wire::ConnectVerdict{connecting.delay.draw(Chance{seed_, fault->name, nth}.unit(0)), connecting.refuse,
                              connecting.hang};
}

void StreamInjector::connect_held(std::uint64_t nth, std::chrono::nanoseconds held) {
  if (const StreamFault* const fault = connecting_fault(nth)) acted(fault->name, nth, held);
}

void StreamInjector::acted(const std::string& name, std::uint64_t connection, base::Nanoseconds delayed) {
  const auto found = std::ranges::find(counts_, name, &Count::name);
  if (found != counts_.end()) ++found->hits;
  if (sink_ != nullptr) sink_->fault({clock_.now(), sink_->name(name), party_, connection, delayed, 0});
}

}  // namespace stormproof::faults
