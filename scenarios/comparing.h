// Comparing: the part of the language in which a candidate stands beside its baseline: tables, meaning, and what must fit.
//
// `not-worse` and `differences` are expectations of a phase or of the whole run; `comparison` says what does not matter. The
// records are tables of the language (language.h); reading takes a document that was checked against them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

// The keys of `expect` that compare with the baseline.
std::vector<Key> comparing_keys();

// What may be expected of the whole run.
const Record& run_expectation();

// The record of the key `comparison` of a scenario.
const Record& comparison_record();

// The meaning of what stands under `kind`; nothing where it is none of comparing_keys().
std::optional<decltype(Expectation::what)> read_comparing(std::string_view kind, const Node& node);

ComparisonRules read_comparison(const Node& node, Complaints& complaints);

bool compares(const Expectation& expectation);
// Whether any expectation of the scenario compares with the baseline; whether answers are compared.
bool compares(const Scenario& scenario);
bool compares_answers(const Scenario& scenario);

// What needs the whole: a comparison without a baseline, a baseline without a comparison, versions at one address, faults that would
// not hit both alike.
void check_comparing(const Node& root, const Scenario& scenario, Complaints& complaints);

}  // namespace stormproof::scenarios
