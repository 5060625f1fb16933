// Fault page: docs/faults.md, made of the same tables that check a scenario.
#pragma once

#include <string>
#include <vector>

namespace stormproof::scenarios {

// `stormproof schema --faults > docs/faults.md`; a test compares the two.
std::string fault_page();

// One fault for each key that can stand in one, with the key's own example: an item of a phase's list. For tests.
struct FaultExample {
  bool of_process = false;
  std::string key;
  std::string yaml;  // "{on: payments, abort: {status: 503}}"
};
std::vector<FaultExample> fault_examples();

}  // namespace stormproof::scenarios
