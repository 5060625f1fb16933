// StreamInjector: puts stream faults on the connections of one relay, live ones and those to come, and takes them away.
//
// Faults stand on a flow in the order in which they were set. Setting one of a name that stands changes it where it stands:
// what it has counted on a connection goes on, and what it held goes by the new values. Withdrawing one lets go what it
// held, in order, and closes the connections that it has spoilt (bytes lost for good). Nothing here waits. Which connections
// a fault is on is drawn from the seed (StreamFault::hits), so it does not change while its share stands. Each decision on a
// fault and connection is told once, when the connection or the fault ends: spared, or what was done to it in all (bytes that
// passed, bytes that were cut, the longest delay), or why nothing was. One thread, the relay's; it outlives the relay.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/replayed.h"
#include "faults/stream_fault.h"
#include "harness/base/clock.h"
#include "harness/events/event.h"
#include "harness/wire/stream_seam.h"
#include "harness/wire/tls.h"

namespace stormproof::faults {

class StreamInjector final : public wire::StreamInterceptor {
 public:
  static constexpr std::size_t faults_max = 100;  // at a time

  // Clock and sink outlive it; `sink` may be nullptr.
  StreamInjector(const base::Clock& clock, events::Sink* sink, events::NameId party, std::uint64_t seed);
  ~StreamInjector() override;

  // Refused: what StreamFault::check refuses, a change of direction or place or kind, and more than faults_max.
  base::Result<void> set(StreamFault fault);
  // False: there is none of that name.
  bool withdraw(std::string_view name);
  void clear();
  // What a server shows whose certificate is wrong, or that speaks none of the client's protocols. Without it a TlsFault that
  // needs one is refused by set().
  struct TlsFlaws {
    std::shared_ptr<wire::TlsContext> expired;
    std::shared_ptr<wire::TlsContext> self_signed;
    std::shared_ptr<wire::TlsContext> wrong_host;
    std::shared_ptr<wire::TlsContext> no_alpn;
  };
  // At most so many connections are hurt at a time; others are spared, and the ledger says why. Nothing: no cap.
  void cap(std::optional<std::uint64_t> at_once) { at_once_ = at_once; }
  void know(TlsFlaws flaws) { flaws_ = std::move(flaws); }
  // How it is drawn from now on; while no fault stands. With `replayed`: a fault is on the connections that it was on then.
  void draw_by(std::uint64_t seed, std::shared_ptr<const Replayed> replayed = nullptr) {
    seed_ = seed;
    replayed_ = std::move(replayed);
  }

  const std::vector<StreamFault>& faults() const { return faults_; }
  const StreamFault* find(std::string_view name) const;
  // How many connections a fault has acted on so far.
  std::uint64_t hits(std::string_view name) const;
  std::size_t connections() const { return links_.size(); }

  // No fault stands, and none is at work on a connection.
  bool idle() const;

  // Ends the live connections that it knows, with a plain close.
  void close_all();

  void client_opened(wire::Connection& connection, std::uint64_t number) override;
  void upstream_opened(wire::Connection& connection, std::uint64_t number, wire::Connection* peer) override;
  std::optional<wire::ConnectVerdict> connecting(std::uint64_t nth) override;
  void connect_held(std::uint64_t nth, std::chrono::nanoseconds held) override;
  std::optional<wire::HandshakeVerdict> shaking_hands(wire::Connection& connection, std::uint64_t number) override;
  void shaken(wire::Connection& connection, std::uint64_t number, Shaken how) override;

 private:
  class Link;
  struct Count {
    std::string name;
    std::uint64_t hits = 0;
  };
  // A handshake that a fault has a say in.
  struct Handshake {
    wire::Connection* connection;
    StreamFault fault;
    base::Time since;
  };
  std::shared_ptr<wire::TlsContext> flaw_of(const TlsFault& fault) const;
  bool hits(const StreamFault& fault, std::uint64_t connection) const;
  void count(const std::string& name);
  // The cap is reached by others than this one.
  bool full(const Link* besides) const;
  const StreamFault* connecting_fault(std::uint64_t nth) const;

  const base::Clock& clock_;
  events::Sink* sink_;
  events::NameId party_;
  std::uint64_t seed_;
  std::shared_ptr<const Replayed> replayed_;
  std::vector<StreamFault> faults_;
  std::vector<Count> counts_;  // of the faults that stand
  std::list<Link*> links_;
  std::vector<Handshake> handshakes_;
  TlsFlaws flaws_;
  std::optional<std::uint64_t> at_once_;
};

}  // namespace stormproof::faults
