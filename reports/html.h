// HTML: one offline file that a service owner understands in ten seconds.
//
// The verdict and why, the run over time as inline SVG, each expectation with what was expected and measured, faults,
// traffic, how to run it again, the scenario. No script, no external resource; readable with its style sheet taken
// away (Jenkins does so). Everything from the record is escaped. A pure function of the record.
#pragma once

#include <string>
#include <string_view>

#include "reports/run_record.h"

namespace stormproof::reports {

// reports/web/report.mustache, as built into the program.
extern const std::string_view html_template;

std::string render_html(const RunRecord& record);

}  // namespace stormproof::reports
