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
  std::string day = {};           // on which it was run; "": not said
  std::string earlier_real = {};  // the real half of an earlier document, which stands where it was not run anew
};

// No wrong HOLDS, hardly a wrong VIOLATED, and no run that could not take place, in both halves together.
bool good(const Halves& halves);

std::string document_of(const Halves& halves);

// The real half of a document, with its heading; "": it has none.
std::string real_half_of(const std::string& document);

}  // namespace stormproof::accuracy
