#include "faults/injector.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "faults/hold.h"
#include "harness/base/seed.h"
#include "harness/events/names.h"
#include "harness/events/trace_side.h"
#include "harness/wire/connection.h"

namespace stormproof::faults {

Injector::Injector(const base::Clock& clock, events::Sink& sink, events::NameId party)
    : clock_(clock), sink_(sink), party_(party), force_(std::make_shared<Force>()) {}

void Injector::apply(Plan plan, std::shared_ptr<const Replayed> replayed) {
  force_ = std::make_shared<Force>();
  force_->plan = std::move(plan);
  force_->since = clock_.now();
  force_->replayed = std::move(replayed);
  for (const Rule& rule : force_->plan.rules()) {
    force_->memories.emplace_back().name = sink_.name(rule.id);
    force_->memories.back().hash = base::identity_of(rule.id);
  }
  seen_.clear();
}

void Injector::heal() {
  force_ = std::make_shared<Force>();
  for (Hold* const hold : std::exchange(holds_, {})) hold->let_go();
}

bool Injector::fires(const Rule& rule, Memory& memory, std::uint64_t identity, std::uint64_t attempt, base::Time now) {
  if (force_->replayed != nullptr) return force_->replayed->contains(mark_of(rule.id, identity));
  const std::uint64_t place = ++memory.matched;
  if (rule.first && place > *rule.first) return false;
  if (rule.first_tries && attempt >= *rule.first_tries) return false;
  if (rule.every && place % std::max<std::uint64_t>(*rule.every, 1) != 0) return false;
  if (!force_->plan.drawn(rule, identity, now - force_->since)) return false;
  if (rule.at_most && memory.fired >= *rule.at_most) return false;
  return !rule.throttle || !memory.quota.take(*rule.throttle, now);
}

std::unique_ptr<wire::Interception> Injector::intercept(const wire::RequestSight& request) {
  const Plan& plan = force_->plan;
  if (plan.rules().empty()) return nullptr;
  const std::string_view path = Plan::path_of(request.head.target);
  boost::asio::ip::address client;
  if (plan.wants_client() && request.client != nullptr) {
    wire::ErrorCode gone;
    client = request.client->socket().remote_endpoint(gone).address();
  }
  Sight sight{
      .method = request.head.method, .target = request.head.target, .trace = request.head.trace, .client = &client};
  if (plan.wants_headers()) {
    fields_.read(request.head.bytes);
    sight.fields = &fields_;
  }
  std::string route;
  if (plan.wants_route()) sight.route = route = events::route_of(sight.method, sight.target);
  std::uint64_t call = 0;
  std::vector<Fired> fired;
  for (std::size_t i = 0; i < plan.rules().size(); ++i) {
    const Rule& rule = plan.rules()[i];
    if (!plan.matches(rule, sight, path)) continue;
    const base::Time now = clock_.now();
    const base::Nanoseconds open = now - force_->since - rule.after;
    if (open < base::Nanoseconds(0) || (rule.lasting && open >= *rule.lasting)) continue;
    Memory& memory = force_->memories[i];
    if (call == 0) call = call_of(sight.method, sight.target, sight.trace);
    if (seen_.size() >= identities_max) seen_.clear();
    // Tries are counted for each side: the other one's call is no try of this one.
    const std::uint64_t side = sight.trace.bytes.back() & events::side_mask;
    const std::uint32_t attempt = seen_[call ^ memory.hash ^ side]++;
    const std::uint64_t identity = identity_of(rule, call, sight.trace, attempt);
    if (at_once_ && holds_.size() >= *at_once_) {
      sink_.fault({.at = now,
                   .rule = memory.name,
                   .party = party_,
                   .request = request.request,
                   .effect = events::Effect::nothing,
                   .identity = identity,
                   .detail = sink_.name("as many requests as the scenario's cap allows are hurt already")});
    } else if (fires(rule, memory, identity, attempt, now)) {
      ++memory.fired;
      fired.push_back({&rule, &memory, identity});
    } else {
      sink_.fault({.at = now,
                   .rule = memory.name,
                   .party = party_,
                   .request = request.request,
                   .effect = events::Effect::spared,
                   .identity = identity});
    }
  }
  if (fired.empty()) return nullptr;
  return std::make_unique<Hold>(*this, request, std::move(fired));
}

}  // namespace stormproof::faults
