#include "replay/pairing.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "harness/base/seed.h"
#include "replay/answer_call.h"

namespace stormproof::replay {

// By Fisher and Yates.
std::array<std::size_t, Pairing::targets_max> Pairing::order_of(std::uint64_t seed, std::uint64_t number,
                                                                std::size_t targets) {
  std::array<std::size_t, Pairing::targets_max> order{};
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::uint64_t drawn = base::draw(seed, "pairing/order", number);
  for (std::size_t left = targets; left > 1; --left) {
    std::swap(order[left - 1], order[drawn % left]);
    drawn /= left;
  }
  return order;
}

Pairing::Pairing(wire::IoContext& io, const base::Clock& clock, std::vector<PairingTarget> targets,
                 PairingOptions options, const Script& script)
    : clock_(clock), options_(std::move(options)), script_(script), deadlines_(io), due_(io), room_(io) {
  for (PairingTarget& target : targets) {
    pools_.push_back(std::make_unique<wire::UpstreamPool>(io, deadlines_, target.endpoint, wire::PoolLimits{},
                                                          std::move(target.tls)));
  }
}

std::uint64_t Pairing::session_of(std::size_t place) const {
  const ScriptRequest& request = script_.requests[place];
  // Two kinds of numbers in one table: told apart by the lowest bit.
  if (request.session != 0) return request.session * 2;
  return request.connection == 0 ? 0 : request.connection * 2 + 1;
}

base::Task<> Pairing::run(Witness witness) {
  std::optional<Pacing> pacing;
  if (options_.pacing) pacing.emplace(times_of(script_), *options_.pacing);
  const base::Time begin = clock_.now();
  const std::uint64_t count = script_.requests.size();
  for (std::uint64_t number = 0; number < options_.loops * count && !stopped_; ++number) {
    if (pacing) {
      const base::Nanoseconds ahead = begin + pacing->offset(number) - clock_.now();
      if (ahead.count() > 0) co_await due_.lasting(ahead);
    }
    while (!stopped_ && (under_way_ >= options_.at_once || waiting_ >= waiting_max)) co_await room();
    if (stopped_) break;
    const auto place = static_cast<std::size_t>(number % count);
    const std::uint64_t session = session_of(place);
    if (session != 0) {
      Session& known = sessions_[session];
      if (known.busy) {
        known.waiting.emplace_back(number, place);
        ++waiting_;
        continue;
      }
      known.busy = true;
    }
    ++under_way_;
    group_.spawn(work(number, place, witness));
  }
  co_await group_.drained();
}

base::Task<> Pairing::room() {
  co_await room_.forever();
  room_.rearm();
}

// One request, and then those of its session that have waited for it.
base::Task<> Pairing::work(std::uint64_t number, std::size_t place, const Witness& witness) {
  const std::uint64_t session = session_of(place);
  while (!stopped_) {
    const std::vector<Answer> answers = co_await trio(number, place);
    if (!stopped_) witness(number, place, answers);
    if (session == 0) break;
    Session& known = sessions_[session];
    if (known.waiting.empty()) break;
    std::tie(number, place) = known.waiting.front();
    known.waiting.pop_front();
    --waiting_;
    room_.interrupt();
  }
  if (session != 0) sessions_.erase(session);
  --under_way_;
  room_.interrupt();
}

base::Task<std::vector<Answer>> Pairing::trio(std::uint64_t number, std::size_t place) {
  std::vector<Answer> answers(pools_.size());
  base::TaskGroup calls;
  const auto order = order_of(options_.seed, number, pools_.size());
  for (std::size_t i = 0; i < pools_.size(); ++i) calls.spawn(call(order[i], place, answers[order[i]]));
  co_await calls.drained();
  co_return answers;
}

base::Task<> Pairing::call(std::size_t target, std::size_t place, Answer& answer) {
  const ScriptRequest& request = script_.requests[place];
  AnswerCall one(clock_, deadlines_, *pools_[target], group_.stop(), options_.timeout);
  answer = co_await one.run({request.method, request.fields, {}, request.body});
}

base::Task<std::vector<Answer>> Pairing::ask(std::size_t place) {
  // Numbers of their own, so that the order is drawn anew each time.
  constexpr std::uint64_t beyond_every_run = std::uint64_t{1} << 62;
  co_return co_await trio(beyond_every_run + asked_++, place);
}

base::Task<> Pairing::close() {
  for (const auto& pool : pools_) co_await pool->close();
}

void Pairing::stop() {
  stopped_ = true;
  group_.close();
  due_.interrupt();
  room_.interrupt();
}

}  // namespace stormproof::replay
