// RealCase: a real subject in a setting, as a scenario that the real program runs on loopback, and what is due.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "tests/accuracy/matrix.h"

namespace stormproof::accuracy {

// Where a run takes place: ports that were free just now, and a folder of its own.
struct Stage {
  std::uint16_t service = 0;
  std::uint16_t proxy = 0;       // before the dependency
  std::uint16_t dependency = 0;  // behind it
  std::filesystem::path folder;
  std::filesystem::path capture;
  std::filesystem::path truth() const { return folder / "truth"; }
};

// What was started beside the scenario's own processes; it ends with its owner.
using Kept = std::vector<std::shared_ptr<const void>>;

struct Parameter {
  std::string name;  // as in Estimate::of
  double truth = 0;
  double allowed = 0;  // width by theory, at this traffic
  double grain = 0;    // of what can be told apart at all, on a machine that is busy
};

struct RealCase {
  Place place;
  Due due = Due::holds;
  std::string expectation;  // the findings that count: "circuit-breaker on payments"
  // Starts what is needed and returns the scenario's text.
  std::function<base::Result<std::string>(const Stage& stage, Kept& kept)> prepare = {};
  std::optional<Parameter> parameter = {};
  // A defect may happen not to show: true where the subject's own truth says that it did.
  std::function<bool(const Stage& stage)> shows = {};
  std::string says = {};  // words that a summary must have
};

// All of them; those whose subject cannot run here are left out, each with a line in `skipped`.
std::vector<RealCase> real_cases(std::vector<std::string>& skipped);

}  // namespace stormproof::accuracy
