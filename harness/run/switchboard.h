// Switchboard: named relays with faults on their bytes, made, changed and ended by hand while the others go on.
//
// All relays live on one loop of its own; the calls come from one other thread (the administration's) and wait for that
// loop, never for a peer. A name of an upstream is resolved when the proxy is made, changed or enabled; one that cannot be
// resolved then refuses its clients until the next such call. A proxy that is disabled closes its listener and its connections,
// and keeps its faults and its port. Proxies are at most `proxies_max`. A guest can be hurt and healed like the others, not
// changed, disabled or removed.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/leases.h"
#include "faults/stream_injector.h"
#include "faults/toxic.h"
#include "harness/base/clock.h"
#include "harness/events/event.h"
#include "harness/proxy/relay.h"
#include "harness/wire/loop_thread.h"

namespace stormproof::run {

// Why a call came to nothing.
struct Refusal {
  enum class Kind : std::uint8_t { no_proxy, proxy_exists, no_fault, fault_exists, invalid, could_not };

  Kind kind = Kind::could_not;
  std::string message;
};

template <typename T>
using Switched = std::expected<T, Refusal>;

struct FaultState {
  faults::StreamFault fault;
  std::optional<faults::Toxic> toxic;  // as which it was set, if it was
  std::uint64_t connections_hit = 0;
  std::optional<std::chrono::nanoseconds> lease;       // as asked for
  std::optional<std::chrono::nanoseconds> lease_left;  // until it is withdrawn by itself
};

struct ProxyState {
  std::string name;
  std::string listen;  // with its port, once it was enabled
  std::string upstream;
  bool enabled = false;
  bool http = false;
  std::size_t connections = 0;
  proxy::RelayCounts counts;  // since it was last enabled
  std::vector<FaultState> faults;
};

struct ProxyWish {
  std::string name;
  std::string listen;  // "": any address, any port
  std::string upstream;
  bool enabled = true;
  bool http = false;  // a relay of HTTP; else of bytes
};

// What is not set stays.
struct ProxyChange {
  std::optional<std::string> listen = {};
  std::optional<std::string> upstream = {};
  std::optional<bool> enabled = {};
};

struct FaultWish {
  faults::StreamFault fault;
  std::optional<faults::Toxic> toxic = {};
  std::optional<std::chrono::nanoseconds> lease = {};  // from now; nothing: it stays until it is withdrawn
};

// A relay that somebody else runs, with an injector a worker.
struct Guest {
  struct Lane {
    wire::LoopThread* loop;
    faults::StreamInjector* injector;
  };
  std::string name;
  std::string listen;
  std::string upstream;
  bool http = true;
  std::vector<Lane> lanes;
};

class Switchboard {
 public:
  static constexpr std::size_t proxies_max = 1000;
  static constexpr std::chrono::seconds guest_answers_within{1};

  // `sink` may be nullptr. Clock and sink outlive it.
  Switchboard(const base::Clock& clock, events::Sink* sink, proxy::RelayLimits limits = {}, std::uint64_t seed = 1);
  // Ends all.
  ~Switchboard();

  Switched<ProxyState> create(const ProxyWish& wish);
  // Its lanes outlive the board. The name is free.
  void adopt(Guest guest);
  // As create() where there is none of that name; where one stands that listens there and has that upstream, nothing; else
  // it is replaced, its faults with it.
  Switched<ProxyState> populate(const ProxyWish& wish);
  Switched<ProxyState> change(std::string_view name, const ProxyChange& change);
  Switched<void> remove(std::string_view name);
  Switched<ProxyState> state(std::string_view name) const;
  std::vector<ProxyState> states() const;  // by name

  // `replace`: one of that name stands and is changed; else none may.
  Switched<FaultState> set_fault(std::string_view proxy, FaultWish wish, bool replace);
  // The lease starts anew.
  Switched<FaultState> renew(std::string_view proxy, std::string_view fault);
  Switched<void> withdraw(std::string_view proxy, std::string_view fault);
  Switched<void> clear_faults(std::string_view proxy);

  // Any thread: calls it on the loop of the relays.
  void ping(std::function<void()> call);

  // Enables all and withdraws every fault.
  Switched<void> reset();

 private:
  struct Proxy;

  Proxy* find(std::string_view name) const;
  Switched<void> start(Proxy& proxy);
  void stop(Proxy& proxy);
  ProxyState state_of(const Proxy& proxy) const;
  FaultState state_of(const Proxy& proxy, const faults::StreamFault& fault) const;  // on the loop

  const base::Clock& clock_;
  events::Sink* sink_;
  proxy::RelayLimits limits_;
  std::uint64_t seed_;
  std::map<std::string, std::unique_ptr<Proxy>, std::less<>> proxies_;
  mutable wire::LoopThread loop_;
  std::unique_ptr<faults::Leases> leases_;
};

}  // namespace stormproof::run
