#include "replay/pairing.h"

#include <algorithm>
#include <utility>

#include "replay/pooled_call.h"

namespace stormproof::replay {
namespace {

// Whoever compares looks at answers, not at events.
class NoEvents final : public events::Sink {
 public:
  events::NameId name(std::string_view) override { return 0; }
  events::NameId route(std::string_view, std::string_view) override { return 0; }
  void exchange(const events::Exchange&) override {}
  void fault(const events::FaultFired&) override {}
};

NoEvents no_events;

}  // namespace

// One target: its connections, its live values, and where the answers under way belong.
class Pairing::Side final : public AnswerTaker {
 public:
  Side(wire::IoContext& io, const base::Clock& clock, PairingTarget target, const PairingOptions& options,
       const Script& script)
      : values_(options.links == nullptr ? nullptr : std::make_unique<LiveValues>(*options.links, ids_of(script))),
        outbox_(io, clock, no_events, sender_options(std::move(target), options)) {}

  base::Task<> call(const Shot& shot, Answer& answer) {
    places_.emplace(shot.request, &answer);
    const base::Time now = outbox_.clock.now();
    co_await call_over_pool(outbox_, {shot, now, now});
  }
  void take(const Shot& shot, const events::Exchange&, Answer answer) override {
    const auto place = places_.extract(shot.request);
    if (!place.empty()) *place.mapped() = std::move(answer);
  }

  Outbox& outbox() { return outbox_; }
  const LiveValues* values() const { return values_.get(); }

 private:
  SenderOptions sender_options(PairingTarget target, const PairingOptions& options) {
    SenderOptions made;
    made.target = std::move(target.endpoint);
    made.tls = std::move(target.tls);
    made.timeout = options.timeout;
    made.rewriter = values_.get();
    made.answers = this;
    return made;
  }

  std::unique_ptr<LiveValues> values_;
  Outbox outbox_;
  std::unordered_map<std::uint64_t, Answer*> places_;  // by number of the request
};

Pairing::Pairing(wire::IoContext& io, const base::Clock& clock, std::vector<PairingTarget> targets,
                 PairingOptions options, const Script& script)
    : clock_(clock), options_(std::move(options)), script_(script), due_(io), room_(io) {
  for (PairingTarget& target : targets)
    sides_.push_back(std::make_unique<Side>(io, clock, std::move(target), options_, script));
}

Pairing::~Pairing() = default;

// Numbers of several kinds in one table: told apart by the lowest bits.
std::uint64_t Pairing::session_of(std::size_t place) const {
  const ScriptRequest& request = script_.requests[place];
  const LiveValues* const values = sides_.front()->values();
  if (const std::uint64_t group = values == nullptr ? 0 : values->group_of(request.id); group != 0)
    return group * 4 + 2;
  if (request.session != 0) return request.session * 4;
  return request.connection == 0 ? 0 : request.connection * 4 + 1;
}

base::Task<> Pairing::run(Witness witness) {
  ShotOptions shot_options{.loops = options_.loops};
  if (options_.fresh_keys) shot_options.key_seed = options_.seed;
  ScriptShots shots(script_, options_.pacing.value_or(Speed{1}), shot_options);
  const base::Time begin = clock_.now();
  const std::uint64_t count = script_.requests.size();
  for (auto shot = shots.next(); shot && !stopped_; shot = shots.next()) {
    const auto place = static_cast<std::size_t>((shot->request - 1) % count);
    Due due{*std::move(shot), place};
    if (options_.pacing) {
      due.intended = begin + due.shot.offset;
      const base::Nanoseconds ahead = due.intended - clock_.now();
      if (ahead.count() > 0) co_await due_.lasting(ahead);
      // Behind schedule for want of room, it is not the sender who is late.
      timing_.lag.add(std::max(base::Nanoseconds(0), clock_.now() - std::max(due.intended, room_since_)));
    }
    co_await admit(std::move(due), witness);
  }
  co_await group_.drained();
}

base::Task<> Pairing::admit(Due due, const Witness& witness) {
  while (!stopped_ && (under_way_ >= options_.at_once || waiting_ >= waiting_max)) {
    co_await room();
    room_since_ = clock_.now();
  }
  if (stopped_) co_return;
  if (const std::uint64_t session = session_of(due.place); session != 0) {
    Session& known = sessions_[session];
    if (known.busy) {
      known.waiting.push_back(std::move(due));
      ++waiting_;
      co_return;
    }
    known.busy = true;
  }
  ++under_way_;
  group_.spawn(work(std::move(due), witness));
}

base::Task<> Pairing::room() {
  co_await room_.forever();
  room_.rearm();
}

// One request, and then those of its session that have waited for it.
base::Task<> Pairing::work(Due due, const Witness& witness) {
  const std::uint64_t session = session_of(due.place);
  while (!stopped_) {
    if (due.intended != base::Time{}) {
      const base::Nanoseconds late = clock_.now() - due.intended;
      timing_.held += late > PairingTiming::held_after ? 1 : 0;
      timing_.held_longest = std::max(timing_.held_longest, late);
    }
    const std::vector<Answer> answers = co_await trio(due.shot);
    if (!stopped_) witness(due.shot.request - 1, due.place, answers);
    if (session == 0) break;
    Session& known = sessions_[session];
    if (known.waiting.empty()) break;
    due = std::move(known.waiting.front());
    known.waiting.pop_front();
    --waiting_;
    room_.interrupt();
  }
  if (session != 0) sessions_.erase(session);
  --under_way_;
  room_.interrupt();
}

base::Task<std::vector<Answer>> Pairing::trio(const Shot& shot) {
  std::vector<Answer> answers(sides_.size());
  base::TaskGroup calls;
  const auto order = order_of(options_.seed, shot.request, sides_.size());
  for (std::size_t i = 0; i < sides_.size(); ++i) calls.spawn(sides_[order[i]]->call(shot, answers[order[i]]));
  co_await calls.drained();
  co_return answers;
}

Shot Pairing::shot_of(std::size_t place) const {
  const ScriptRequest& request = script_.requests[place];
  Shot shot;
  shot.method = request.method;
  shot.target = request.target;
  shot.fields = request.fields;
  shot.body = request.body;
  shot.exchange = request.id;
  shot.session = request.session;
  return shot;
}

base::Task<std::vector<Answer>> Pairing::ask(std::size_t place, std::uint64_t visit) {
  // Numbers of their own, so that the order is drawn anew each time.
  constexpr std::uint64_t beyond_every_run = std::uint64_t{1} << 62;
  Shot shot = shot_of(place);
  shot.request = beyond_every_run + asked_++;
  shot.loop = visit;
  co_return co_await trio(shot);
}

bool Pairing::depends(std::size_t place) const {
  const LiveValues* const values = sides_.front()->values();
  return values != nullptr && values->depends(script_.requests[place].id);
}

const LinkCounts* Pairing::links_of(std::size_t target) const {
  const LiveValues* const values = sides_[target]->values();
  return values == nullptr ? nullptr : &values->counts();
}

base::Task<> Pairing::close() {
  for (const auto& side : sides_) co_await side->outbox().pool.close();
}

void Pairing::stop() {
  stopped_ = true;
  group_.close();
  for (const auto& side : sides_) side->outbox().group.close();
  due_.interrupt();
  room_.interrupt();
}

}  // namespace stormproof::replay
