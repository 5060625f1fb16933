// Mechanisms: the expectations on what a service does about its dependencies and its clients: tables and meaning.
//
// Each record is a table of the language (language.h); its meaning is read from a document that was checked against
// it, so what has the wrong form is absent. Rules that need more than one key complain. `on` and the limits that must
// fit the phase are the reader's to check: it knows the dependencies and the phase.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

// The keys of `expect` that these records stand under, for the table of expectations.
std::vector<Key> mechanism_keys();

// The meaning of what stands under `kind`; nothing where it is none of mechanism_keys().
using What = decltype(Expectation::what);
std::optional<What> read_mechanism(std::string_view kind, const Node& node, Complaints& complaints);

// Its durations that lie beyond the phase's end would never be reached: these keys.
std::vector<std::string_view> keys_within_phase(std::string_view kind);

}  // namespace stormproof::scenarios
