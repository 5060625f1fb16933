#include "faults/stream_injector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "faults/stream_link.h"

namespace stormproof::faults {

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
  if (const auto* const tls = std::get_if<TlsFault>(&fault.kind)) {
    if (!tls->stall && !tls->alert && flaw_of(*tls) == nullptr)
      return base::fail("a fault of certificates needs a proxy whose authority is stormproof's own");
  }
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
  for (Link* link : links_) link->meet(fault, false);
  verdicts_changed();
  return {};
}

bool StreamInjector::withdraw(std::string_view name) {
  const auto found = std::ranges::find(faults_, name, &StreamFault::name);
  if (found == faults_.end()) return false;
  const std::string own(name);
  for (Link* link : links_) link->part(own);
  for (const Handshake& one : handshakes_) {
    if (one.fault.name == own) one.connection->close();
  }
  faults_.erase(std::ranges::find(faults_, own, &StreamFault::name));
  std::erase_if(counts_, [&](const Count& count) { return count.name == own; });
  verdicts_changed();
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
  for (const StreamFault& fault : faults_) link->meet(fault, true);
  connection.carry(std::move(link));
}

void StreamInjector::upstream_opened(wire::Connection& connection, std::uint64_t number, wire::Connection* peer) {
  auto link = std::make_unique<Link>(*this, connection, Place::upstream, number);
  if (peer != nullptr) {
    const auto found = std::ranges::find_if(links_, [&](Link* each) { return &each->connection() == peer; });
    if (found != links_.end()) link->join(**found);
  }
  for (const StreamFault& fault : faults_) link->meet(fault, true);
  connection.carry(std::move(link));
}

const StreamFault* StreamInjector::connecting_fault(std::uint64_t nth) const {
  const auto found = std::ranges::find_if(faults_, [&](const StreamFault& fault) {
    return std::holds_alternative<Connecting>(fault.kind) && hits(fault, nth);
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
  const StreamFault* const fault = connecting_fault(nth);
  if (fault == nullptr) return;
  count(fault->name);
  if (sink_ == nullptr) return;
  sink_->fault({.at = clock_.now(),
                .rule = sink_->name(fault->name),
                .party = party_,
                .delayed = held,
                .identity = nth,
                .detail = sink_->name(Connecting::type)});
}

std::shared_ptr<wire::TlsContext> StreamInjector::flaw_of(const TlsFault& fault) const {
  if (fault.expired) return flaws_.expired;
  if (fault.self_signed) return flaws_.self_signed;
  if (fault.wrong_host) return flaws_.wrong_host;
  return fault.no_alpn ? flaws_.no_alpn : nullptr;
}

// Of several that are drawn for a connection the first acts: a handshake goes wrong in one way.
std::optional<wire::HandshakeVerdict> StreamInjector::shaking_hands(wire::Connection& connection,
                                                                    std::uint64_t number) {
  for (const StreamFault& fault : faults_) {
    const auto* const tls = std::get_if<TlsFault>(&fault.kind);
    if (tls == nullptr) continue;
    if (!hits(fault, number)) {
      if (sink_ != nullptr) {
        sink_->fault({.at = clock_.now(),
                      .rule = sink_->name(fault.name),
                      .party = party_,
                      .effect = events::Effect::spared,
                      .identity = number});
      }
      continue;
    }
    handshakes_.push_back({&connection, fault, clock_.now()});
    const events::NameId name = sink_ != nullptr ? sink_->name(fault.name) : 0;
    return wire::HandshakeVerdict{name, flaw_of(*tls), tls->stall, tls->alert};
  }
  return std::nullopt;
}

void StreamInjector::shaken(wire::Connection& connection, std::uint64_t number, Shaken how) {
  const auto found = std::ranges::find(handshakes_, &connection, &Handshake::connection);
  if (found == handshakes_.end()) return;
  const Handshake done = std::move(*found);
  handshakes_.erase(found);
  count(done.fault.name);
  if (sink_ == nullptr) return;
  const auto& tls = std::get<TlsFault>(done.fault.kind);
  const bool accepted = how == Shaken::accepted;
  const bool of_certificate = tls.expired || tls.self_signed || tls.wrong_host;
  std::string_view what = "tls: no handshake";
  if (of_certificate) what = "tls: the client refused the certificate";
  if (of_certificate && accepted) what = "tls: the client accepted the certificate";
  if (accepted && tls.no_alpn) what = "the client asked for no protocol";
  const bool nothing = accepted && tls.no_alpn;
  sink_->fault({.at = done.since,
                .rule = sink_->name(done.fault.name),
                .party = party_,
                .delayed = tls.stall ? clock_.now() - done.since : base::Nanoseconds(0),
                .effect = nothing ? events::Effect::nothing : events::Effect::acted,
                .identity = number,
                .detail = sink_->name(what)});
}

bool StreamInjector::hits(const StreamFault& fault, std::uint64_t connection) const {
  if (replayed_ != nullptr) return replayed_->contains(mark_of(fault.name, connection));
  return fault.hits(seed_, connection);
}

bool StreamInjector::idle() const {
  return faults_.empty() && std::ranges::none_of(links_, [](const Link* link) { return link->is_hurt(); });
}

bool StreamInjector::full(const Link* besides) const {
  if (!at_once_ || besides->is_hurt()) return false;
  const auto hurt = std::ranges::count_if(links_, [](const Link* link) { return link->is_hurt(); });
  return static_cast<std::uint64_t>(hurt) >= *at_once_;
}

void StreamInjector::count(const std::string& name) {
  const auto found = std::ranges::find(counts_, name, &Count::name);
  if (found != counts_.end()) ++found->hits;
}

}  // namespace stormproof::faults
