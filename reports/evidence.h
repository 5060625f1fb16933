// Evidence: the parts of a run that a store keeps as JSON: checks, instants, requests; names with values.
//
// Reading gives back exactly what was written, whatever bytes the strings hold. Reading takes any text: what is not
// such JSON becomes an Error. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/verify/finding.h"

namespace stormproof::reports {

// Checks, timeline and exchanges of a finding.
std::string evidence_of(const verify::Finding& finding);
base::Result<void> read_evidence(std::string_view json, verify::Finding& finding);

// From its word, "HOLDS".
base::Result<verify::Verdict> verdict_of(std::string_view word);

std::string json_of(const std::map<std::string, std::string>& values);
base::Result<std::map<std::string, std::string>> read_values(std::string_view json);

}  // namespace stormproof::reports
