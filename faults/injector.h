// Injector: applies a plan to the exchanges of one relay, and reports each decision with its effect.
//
// The identity of a request is its method, target and trace id (if it has one); the n-th request of the same identity
// (a retry, a repetition) draws on its own. So calls that one trace makes side by side do not depend on who comes
// first. All rules that fire apply: their delays add up, then the first abort or quota answers; else requests are changed in
// the order of the rules, and responses: first what changes them, then the first that sends them broken, then what slows
// them. Lives on the relay's thread; the plan is exchanged there, and holds for requests whose head comes after that. A
// request that is held when the faults are healed is let go at once and forwarded: what its rules had left is off.
#pragma once

#include <memory>
#include <set>
#include <unordered_map>

#include "faults/plan.h"
#include "faults/replayed.h"
#include "faults/stale.h"
#include "harness/base/clock.h"
#include "harness/events/event.h"
#include "harness/wire/intercept.h"

namespace stormproof::faults {

class Injector final : public wire::Interceptor {
 public:
  static constexpr std::size_t identities_max = 1'000'000;  // remembered at once; then counting starts anew

  // `party` is the dependency that the faults are on. Clock and sink outlive the injector.
  Injector(const base::Clock& clock, events::Sink& sink, events::NameId party);

  // Requests that are held go on under the plan that held them. With `replayed`: what fires is what fired then.
  void apply(Plan plan, std::shared_ptr<const Replayed> replayed = nullptr);
  void heal();
  bool healed() const { return force_->plan.rules().empty(); }
  // No rule stands and no request is held.
  bool idle() const { return healed() && holds_.empty(); }
  // At most so many requests are hurt at a time; what is beyond it goes by, and the ledger says so. Nothing: no cap.
  void cap(std::optional<std::uint64_t> at_once) { at_once_ = at_once; }

  std::unique_ptr<wire::Interception> intercept(const wire::RequestSight& request) override;

 private:
  class Hold;
  // What one rule has to remember, as long as its plan is in force.
  struct Memory {
    events::NameId name = 0;
    std::uint64_t hash = 0;
    std::uint64_t matched = 0;
    std::uint64_t fired = 0;
    Quota quota;
    StaleResponses responses;
  };
  struct Force {
    Plan plan;
    std::vector<Memory> memories;
    base::Time since{};
    std::shared_ptr<const Replayed> replayed;
  };
  struct Fired {
    const Rule* rule;
    Memory* memory;
    std::uint64_t identity;
  };

  bool fires(const Rule& rule, Memory& memory, std::uint64_t identity, std::uint64_t attempt, base::Time now);

  const base::Clock& clock_;
  events::Sink& sink_;
  events::NameId party_;
  std::shared_ptr<Force> force_;
  HeadFields fields_;  // of the request that is looked at
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;
  std::set<Hold*> holds_;
  std::optional<std::uint64_t> at_once_;
};

}  // namespace stormproof::faults
