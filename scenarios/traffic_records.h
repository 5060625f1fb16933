// Traffic records: the tables of the key `traffic`, and what they mean.
//
// Reading takes a document that was checked against the tables: what has the wrong form is absent. Rules that need more than one
// key complain.
#pragma once

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"
#include "scenarios/model.h"

namespace stormproof::scenarios {

const Record& traffic_record();

Traffic read_traffic(const Node& node, Complaints& complaints);

}  // namespace stormproof::scenarios
