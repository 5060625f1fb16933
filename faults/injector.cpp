#include "faults/injector.h"

#include <algorithm>

#include "harness/base/seed.h"

namespace stormproof::faults {

// The rules that fire on one request.
class Injector::Hold final : public wire::Interception {
 public:
  Hold(Injector& injector, const wire::RequestSight& request, std::uint64_t identity, std::vector<const Rule*> fired)
      : injector_(injector),
        plan_(injector.plan_),
        fired_(std::move(fired)),
        first_rule_(injector.sink_.name(fired_.front()->id)),
        request_(request.request),
        identity_(identity),
        to_head_(request.head.method == "HEAD") {}

  events::NameId rule() const override { return first_rule_; }

  base::Task<Decision> before_upstream(wire::Pause& pause) override {
    Decision decision;
    for (const Rule* rule : fired_) {
      const base::Time begun = injector_.clock_.now();
      if (rule->latency && !co_await wait(pause, *rule)) co_return decision;
      const base::Time now = injector_.clock_.now();
      events::FaultFired fired{now, injector_.sink_.name(rule->id), injector_.party_, request_, {}, 0};
      if (rule->latency) fired.delayed = now - begun;
      if (rule->abort) fired.status = decision.status = static_cast<std::uint16_t>(rule->abort->status);
      injector_.sink_.fault(fired);
      if (rule->abort) {
        decision.answer = true;
        decision.response = rule->abort->response(to_head_);
        co_return decision;
      }
    }
    co_return decision;
  }

 private:
  // False: the client left or the relay stops.
  base::Task<bool> wait(wire::Pause& pause, const Rule& rule) {
    injector_.held_.insert(&pause);
    bool came = co_await pause.lasting(rule.latency->draw(plan_->seed(), rule.id, identity_));
    const bool let_go = injector_.held_.erase(&pause) == 0;  // heal() took it out
    if (let_go) {
      pause.rearm();
      came = true;
    }
    co_return came;
  }

  Injector& injector_;
  std::shared_ptr<const Plan> plan_;  // keeps the rules alive when the plan is exchanged
  std::vector<const Rule*> fired_;
  events::NameId first_rule_;
  std::uint64_t request_;
  std::uint64_t identity_;
  bool to_head_;
};

Injector::Injector(const base::Clock& clock, events::Sink& sink, events::NameId party)
    : clock_(clock), sink_(sink), party_(party), plan_(std::make_shared<const Plan>()) {}

void Injector::apply(Plan plan) {
  plan_ = std::make_shared<const Plan>(std::move(plan));
  seen_.clear();
}

void Injector::heal() {
  plan_ = std::make_shared<const Plan>();
  for (wire::Pause* pause : std::exchange(held_, {})) pause->interrupt();
}

std::uint64_t Injector::identity_of(const wire::Head& head) {
  const std::string_view trace(reinterpret_cast<const char*>(head.trace.bytes.data()), head.trace.bytes.size());
  const std::uint64_t who = head.trace.none() ? base::draw(base::identity_of(head.method), head.target, 0)
                                              : base::identity_of(trace);
  if (seen_.size() >= identities_max) seen_.clear();
  return base::draw(who, "attempt", seen_[who]++);
}

std::unique_ptr<wire::Interception> Injector::intercept(const wire::RequestSight& request) {
  if (plan_->rules().empty()) return nullptr;
  const std::uint64_t identity = identity_of(request.head);
  std::vector<const Rule*> fired;
  for (const Rule& rule : plan_->rules()) {
    if (plan_->fires(rule, request.head.method, request.head.target, identity)) fired.push_back(&rule);
  }
  if (fired.empty()) return nullptr;
  return std::make_unique<Hold>(*this, request, identity, std::move(fired));
}

}  // namespace stormproof::faults
