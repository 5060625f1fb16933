// JUnit XML: runs for the test reporters of Jenkins, GitLab and GitHub.
//
// A suite a run, a test case an expectation. VIOLATED is a failure; INCONCLUSIVE is an error (not measurable), or
// skipped where its phase was not reached. Pairs of class name and name are unique within the document, as GitLab drops
// duplicates; no suite is ever empty: a run without findings has one case, in error. A pure function of the records.
#pragma once

#include <span>
#include <string>

#include "reports/run_record.h"

namespace stormproof::reports {

std::string render_junit(std::span<const RunRecord> records);

}  // namespace stormproof::reports
