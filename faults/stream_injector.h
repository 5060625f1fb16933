// StreamInjector: puts stream faults on the connections of one relay, live ones and those to come, and takes them away.
//
// Faults stand on a flow in the order in which they were set. Setting one of a name that stands changes it where it stands:
// what it has counted on a connection goes on, and what it held goes by the new values. Withdrawing one lets go what it
// held, in order, and closes the connections that it has spoilt (bytes lost for good). Nothing here waits. Which connections
// a fault is on is drawn from the seed (StreamFault::hits), so it does not change while it stands. Each fault that acts on a
// connection is reported once for that connection, at its first effect. One thread, the relay's; it outlives the relay.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/stream_fault.h"
#include "harness/base/clock.h"
#include "harness/events/event.h"
#include "harness/wire/stream_seam.h"

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

  const std::vector<StreamFault>& faults() const { return faults_; }
  const StreamFault* find(std::string_view name) const;
  // How many connections a fault has acted on so far.
  std::uint64_t hits(std::string_view name) const;
  std::size_t connections() const { return links_.size(); }

  // Ends the live connections that it knows, with a plain close.
  void close_all();

  void client_opened(wire::Connection& connection, std::uint64_t number) override;
  void upstream_opened(wire::Connection& connection, std::uint64_t number, wire::Connection* peer) override;
  std::optional<wire::ConnectVerdict> connecting(std::uint64_t nth) override;
  void connect_held(std::uint64_t nth, std::chrono::nanoseconds held) override;

 private:
  class Link;
  struct Count {
    std::string name;
    std::uint64_t hits = 0;
  };
  void acted(const std::string& name, std::uint64_t connection, base::Nanoseconds delayed);
  const StreamFault* connecting_fault(std::uint64_t nth) const;

  const base::Clock& clock_;
  events::Sink* sink_;
  events::NameId party_;
  std::uint64_t seed_;
  std::vector<StreamFault> faults_;
  std::vector<Count> counts_;  // of the faults that stand
  std::list<Link*> links_;
};

}  // namespace stormproof::faults
