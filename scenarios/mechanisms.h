// Mechanisms: the expectations on what a service does about its dependencies and its clients: tables and meaning.
//
// Each record is a table of the language (language.h); its meaning is read from a document that was checked against
// it, so what has the wrong form is absent. Rules that need more than one key complain. `on` and the limits that must
// fit the phase are the reader's to check: it knows the dependencies and the phase.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

using What = decltype(Expectation::what);

struct Mechanism {
  Key key;  // of `expect`
  What (*read)(const Node& node, Complaints& complaints);
  std::vector<std::string_view> within_phase = {};  // durations that make no sense beyond the phase's end
};

// A flag that can only be claimed: `false` is complained of.
bool claimed(const Node& map, std::string_view key, Complaints& complaints);

// The keys of `expect` that these records stand under, for the table of expectations.
std::vector<Key> mechanism_keys();

// The meaning of what stands under `kind`; nothing where it is none of mechanism_keys().
std::optional<What> read_mechanism(std::string_view kind, const Node& node, Complaints& complaints);

// Its durations that lie beyond the phase's end would never be reached: these keys.
std::vector<std::string_view> keys_within_phase(std::string_view kind);

// The header that tells whose request it is: the first `per` of a rate limit; empty: none.
std::string key_header_of(const Scenario& scenario);

// The headers in which some expectation wants to see the trace of a request.
std::vector<std::string> trace_headers_of(const Scenario& scenario);

// Whether some expectation is about what is in answers.
bool looks_into_answers(const Scenario& scenario);

}  // namespace stormproof::scenarios
