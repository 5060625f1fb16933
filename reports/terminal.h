// Terminal: the short text that `run` prints at its end.
//
// Plain lines without control characters from the record; ANSI colours only when asked for. A pure function of its
// arguments.
#pragma once

#include <string>

#include "reports/run_record.h"

namespace stormproof::reports {

std::string render_terminal(const RunRecord& record, bool colour);

}  // namespace stormproof::reports
