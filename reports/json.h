// JSON: a run for machines, "stormproof.run/1"; the fields are documented in docs/json.md.
//
// A pure function of the record, with keys in a fixed order and numbers in a fixed form: the same run gives the same
// bytes on every machine. Strings are valid UTF-8 whatever the record holds. Ends with a newline.
#pragma once

#include <string>

#include "reports/run_record.h"

namespace stormproof::reports {

std::string render_json(const RunRecord& record);

}  // namespace stormproof::reports
