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

  // First every delay, one after the other, then the first abort. Whatever acted is reported, a delay that was cut
  // short too: a client that gave up because of it has felt it.
  base::Task<Decision> before_upstream(wire::Pause& pause) override {
    Decision decision;
    const auto aborts = std::ranges::find_if(fired_, [](const Rule* rule) { return rule->abort.has_value(); });
    const Rule* const abort = aborts == fired_.end() ? nullptr : *aborts;
    base::Nanoseconds delayed_by_abort{0};
    for (const Rule* rule : fired_) {
      if (!rule->latency) continue;
      const base::Time begun = injector_.clock_.now();
      const bool whole = co_await wait(pause, *rule);
      const base::Nanoseconds delayed = injector_.clock_.now() - begun;
      if (rule != abort || !whole) report(*rule, delayed, 0);
      if (!whole) co_return decision;  // healed: it is forwarded; the client left: nobody asks any more
      if (rule == abort) delayed_by_abort = delayed;
    }
    if (abort == nullptr) co_return decision;
    decision.answer = true;
    decision.response = abort->abort->response(to_head_);
    decision.status = static_cast<std::uint16_t>(abort->abort->status_sent());
    report(*abort, delayed_by_abort, decision.status);
    co_return decision;
  }

 private:
  // False: the faults were healed, the client left or the relay stops.
  base::Task<bool> wait(wire::Pause& pause, const Rule& rule) {
    injector_.held_.insert(&pause);
    const bool came = co_await pause.lasting(rule.latency->draw(plan_->seed(), rule.id, identity_));
    const bool let_go = injector_.held_.erase(&pause) == 0;  // heal() took it out
    co_return came && !let_go;
  }

  void report(const Rule& rule, base::Nanoseconds delayed, std::uint16_t status) {
    injector_.sink_.fault(
        {injector_.clock_.now(), injector_.sink_.name(rule.id), injector_.party_, request_, delayed, status});
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
  std::uint64_t who = base::draw(base::identity_of(head.method), head.target, 0);
  if (!head.trace.none()) {
    who = base::draw(who, {reinterpret_cast<const char*>(head.trace.bytes.data()), head.trace.bytes.size()}, 0);
  }
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
