// Document: docs/verification-accuracy.md, from the two halves of the matrix. Pure: equal matrices give equal text.
#pragma once

#include <string>
#include <vector>

#include "tests/accuracy/real_runs.h"

namespace stormproof::accuracy {

struct Halves {
  Matrix simulated = {};
  int simulated_runs = 0;
  RealOutcome real = {};
  int real_runs = 0;
  std::vector<std::string> skipped = {};
  bool quick = false;
};

// No wrong HOLDS, hardly a wrong VIOLATED, and no run that could not take place, in both halves together.
bool good(const Halves& halves);

std::string document_of(const Halves& halves);

}  // namespace stormproof::accuracy
