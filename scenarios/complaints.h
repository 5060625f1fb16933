// Complaints: the mistakes found in one source, gathered by every pass, given out in order of position.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "scenarios/diagnostic.h"
#include "scenarios/source.h"

namespace stormproof::scenarios {

// What is beyond is counted in one last diagnostic.
inline constexpr std::size_t diagnostics_max = 100;

class Complaints {
 public:
  explicit Complaints(const Source& source) : source_(source) {}

  // The diagnostic may be completed (suggestion, allowed, hint) through the reference, which stays valid.
  Diagnostic& add(Place place, std::string message);
  // The same for what is no mistake.
  Diagnostic& warn(Place place, std::string message);

  // Whether there is no mistake; there may be warnings.
  bool empty() const { return errors_ == 0; }

  // Sorted by position, each once (an alias shows its anchor's mistakes again), with their source lines.
  std::vector<Diagnostic> in_order() const;

 private:
  const Source& source_;
  std::deque<Diagnostic> found_;
  std::size_t errors_ = 0;
};

}  // namespace stormproof::scenarios
