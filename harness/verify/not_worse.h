// Not worse: the candidate beside its baseline, on the same requests under the same faults.
//
// Both were sent the same requests at the same instants, so they are compared in pairs, with the statistics of `stormproof compare`
// (comparison_gates.h): latency by the middle of the ratio over pairs that both answered well, counted without the generator's own
// delay; its p99 by a block bootstrap; errors by exact McNemar; answers by their differences, where a second baseline tells noise.
// A pair of which one request never left the harness counts nowhere, and then nothing HOLDS. Faults that acted on the calls of one
// version alone make the two unlike: no verdict. Pure.
#pragma once

#include "harness/verify/finding.h"
#include "harness/verify/timeline.h"
#include "scenarios/model.h"

namespace stormproof::verify {

// All comparing expectations of a run together call a candidate worse that is not with this chance at most.
inline constexpr double run_false_alarms = 0.01;

// What each comparing expectation may err, by the number of its tests; the differences, which look at many places, count twice.
double tests_of(const scenarios::NotWorseExpectation& expectation);
double tests_of(const scenarios::DifferencesExpectation& expectation);
double tests_of(const scenarios::Scenario& scenario);

// So many times must a fault have acted on one version, and never on the other, for the two to be unlike.
inline constexpr std::uint64_t one_sided_fired_min = 10;
// Of the answers of a phase, this share may be left out of the comparison for want of time or room.
inline constexpr double left_out_max = 0.01;
inline constexpr std::size_t differences_shown_max = 20;

Finding judge_not_worse(const View& view, const PhaseWindow& phase, const scenarios::NotWorseExpectation& expectation,
                        double false_alarms);
Finding judge_differences(const View& view, const PhaseWindow& phase,
                          const scenarios::DifferencesExpectation& expectation, double false_alarms);

}  // namespace stormproof::verify
