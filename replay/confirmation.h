// Confirmation: whether a difference that was seen stays when its request is sent again, and the fewest requests that show it.
//
// Sends only what can be sent again without harm: a sequence with a method that writes is never repeated. Bounded:
// `sequences_max` sequences of `sequence_max` requests for one difference. On the thread of the pairing.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/base/task.h"
#include "replay/comparison.h"
#include "replay/pairing.h"
#include "replay/script.h"

namespace stormproof::replay {

class Confirmation {
 public:
  static constexpr std::size_t sequence_max = 20;
  static constexpr std::size_t sequences_max = 40;
  // A difference that does not show in so many repeats is not there for good.
  static constexpr std::uint64_t patience = 4;

  // All outlive it. The targets are baseline, second baseline, candidate, or baseline and candidate.
  Confirmation(Pairing& pairing, const Script& script, const DifferenceRules& rules)
      : pairing_(pairing), script_(script), rules_(rules) {}

  // Sends the first sample's request up to `times` and counts; gives up early when it does not show.
  base::Task<Repeats> repeat(DifferenceKey key, std::size_t place, std::uint64_t times);

  // The request alone, else with what of its session before it is needed. Empty: it did not show again, or may not be sent again.
  base::Task<std::vector<std::size_t>> reproduce(DifferenceKey key, std::size_t place);

  bool may_repeat(std::size_t place) const;

 private:
  struct Seen {
    bool candidate = false;
    bool second = false;
  };
  Seen look(const DifferenceKey& key, std::size_t place, const std::vector<Answer>& answers) const;
  base::Task<bool> shows(const DifferenceKey& key, const std::vector<std::size_t>& sequence);
  std::vector<std::size_t> session_up_to(std::size_t place) const;

  Pairing& pairing_;
  const Script& script_;
  const DifferenceRules& rules_;
};

}  // namespace stormproof::replay
