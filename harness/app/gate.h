// Gate: from a run's findings to an exit code, as the scenario's `gate` says.
#pragma once

#include "harness/app/exit_code.h"
#include "reports/run_record.h"
#include "scenarios/model.h"

namespace stormproof::app {

// A run that was cut by its steady state or by a dead target could not run (4); one that a signal cut has the signal's
// code. Else the worst finding that the gate fails on: VIOLATED 1, INCONCLUSIVE 5.
ExitCode exit_code_of(const reports::RunRecord& record, const scenarios::Gate& gate);

// The worse of two scenarios' codes.
ExitCode worse(ExitCode a, ExitCode b);

}  // namespace stormproof::app
