// Injector: applies a plan to the exchanges of one relay, and reports each fault that acted.
//
// The identity of a request is its method, target and trace id (if it has one); the n-th request of the same identity
// (a retry, a repetition) draws on its own. So calls that one trace makes side by side do not depend on who comes
// first. All rules that fire apply: their delays add up, then the first abort answers. Lives on the relay's thread; the
// plan is exchanged there, and holds for requests whose head comes after that. A request that is held when the faults
// are healed is let go at once and forwarded: what its rules had left is off.
#pragma once

#include <memory>
#include <set>
#include <unordered_map>

#include "faults/plan.h"
#include "harness/base/clock.h"
#include "harness/events/event.h"
#include "harness/wire/intercept.h"

namespace stormproof::faults {

class Injector final : public wire::Interceptor {
 public:
  static constexpr std::size_t identities_max = 1'000'000;  // remembered at once; then counting starts anew

  // `party` is the dependency that the faults are on. Clock and sink outlive the injector.
  Injector(const base::Clock& clock, events::Sink& sink, events::NameId party);

  // Requests that are held go on under the plan that held them.
  void apply(Plan plan);
  void heal();
  bool healed() const { return plan_->rules().empty(); }

  std::unique_ptr<wire::Interception> intercept(const wire::RequestSight& request) override;

 private:
  class Hold;
  std::uint64_t identity_of(const wire::Head& head);

  const base::Clock& clock_;
  events::Sink& sink_;
  events::NameId party_;
  std::shared_ptr<const Plan> plan_;
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;
  std::set<wire::Pause*> held_;
};

}  // namespace stormproof::faults
