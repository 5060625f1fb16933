#include "replay/confirmation.h"

#include <algorithm>

#include "harness/events/names.h"
#include "replay/exchange.h"

namespace stormproof::replay {

bool Confirmation::may_repeat(std::size_t place) const { return !method_writes(script_.requests[place].method); }

Confirmation::Seen Confirmation::look(const DifferenceKey& key, std::size_t place,
                                      const std::vector<Answer>& answers) const {
  const ScriptRequest& request = script_.requests[place];
  const std::string route = events::route_of(request.method, request.target);
  const auto differs = [&](ReadAnswer& baseline, const Answer& other) {
    ReadAnswer read(other);
    const auto differences = answer_differences(baseline, read, request.method, route, rules_);
    return std::ranges::any_of(differences, [&](const Difference& difference) {
      return difference.change == key.change && (difference.path == key.path || key.path == Comparison::other);
    });
  };
  ReadAnswer baseline(answers.front());
  return {differs(baseline, answers.back()), answers.size() > 2 && differs(baseline, answers[1])};
}

base::Task<Repeats> Confirmation::repeat(DifferenceKey key, std::size_t place, std::uint64_t times) {
  Repeats repeats;
  // What sends values of earlier answers needs those before it.
  const std::vector<std::size_t> before = pairing_.depends(place) ? session_up_to(place) : std::vector{place};
  const bool may = std::ranges::all_of(before, [&](std::size_t one) { return may_repeat(one); });
  while (may && repeats.sent < times && !pairing_.stopped()) {
    const std::uint64_t visit = pairing_.new_visit();
    std::vector<Answer> answers;
    for (const std::size_t one : before) answers = co_await pairing_.ask(one, visit);
    if (pairing_.stopped()) break;
    const Seen seen = look(key, place, answers);
    ++repeats.sent;
    repeats.candidate_only += seen.candidate && !seen.second ? 1 : 0;
    repeats.noise_only += seen.second && !seen.candidate ? 1 : 0;
    // Fewer repeats than were planned can only make it look less real.
    if (repeats.sent >= patience && repeats.candidate_only * 2 < repeats.sent) break;
  }
  co_return repeats;
}

base::Task<bool> Confirmation::shows(const DifferenceKey& key, const std::vector<std::size_t>& sequence) {
  const std::uint64_t visit = pairing_.new_visit();
  for (std::size_t i = 0; i < sequence.size() && !pairing_.stopped(); ++i) {
    const auto answers = co_await pairing_.ask(sequence[i], visit);
    if (i + 1 < sequence.size()) continue;
    const Seen seen = look(key, sequence[i], answers);
    co_return !pairing_.stopped() && seen.candidate && !seen.second;
  }
  co_return false;
}

// With the last ones before it, it last.
std::vector<std::size_t> Confirmation::session_up_to(std::size_t place) const {
  const ScriptRequest& request = script_.requests[place];
  std::vector<std::size_t> sequence = {place};
  for (std::size_t i = place; i-- > 0 && sequence.size() < sequence_max;) {
    const ScriptRequest& before = script_.requests[i];
    const bool same = request.session != 0      ? before.session == request.session
                      : request.connection != 0 ? before.session == 0 && before.connection == request.connection
                                                : false;
    if (same) sequence.push_back(i);
  }
  std::ranges::reverse(sequence);
  return sequence;
}

base::Task<std::vector<std::size_t>> Confirmation::reproduce(DifferenceKey key, std::size_t place) {
  std::vector<std::size_t> sequence = {place};
  if (!may_repeat(place)) co_return std::vector<std::size_t>();
  for (std::uint64_t i = 0; i < patience; ++i) {
    if (co_await shows(key, sequence)) co_return sequence;
  }
  sequence = session_up_to(place);
  const bool harmless = std::ranges::all_of(sequence, [&](std::size_t one) { return may_repeat(one); });
  if (sequence.size() == 1 || !harmless || !co_await shows(key, sequence)) co_return std::vector<std::size_t>();
  // One by one, what is not needed is left out.
  std::size_t tried = 0;
  for (std::size_t i = 0; i + 1 < sequence.size() && tried < sequences_max; ++tried) {
    std::vector<std::size_t> shorter = sequence;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    if (co_await shows(key, shorter)) sequence = std::move(shorter);
    else ++i;
  }
  co_return sequence;
}

}  // namespace stormproof::replay
