// Redaction: a run without the secrets of its scenario.
//
// Every text of the record is gone through: what the author wrote, what was found, the names in the event log. After
// it, no renderer and no store can show one. Doing it twice changes nothing.
#pragma once

#include "harness/base/secrets.h"
#include "reports/run_record.h"

namespace stormproof::reports {

void hide_secrets(RunRecord& record, const base::Secrets& secrets);

}  // namespace stormproof::reports
