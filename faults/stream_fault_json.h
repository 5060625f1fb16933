// StreamFault as JSON, as our own control API has it, and what each type has, for its OpenAPI document.
//
//   {"name": "slow", "type": "latency", "direction": "downstream", "place": "client", "share": "50%",
//    "delay": {"distribution": "lognormal", "base": "20ms", "p99": "200ms"}}
//
// Values have their units ("250ms", "64KiB", "10%"), as in scenarios; a plain number is bytes, or a share. A delay that is fixed
// may be a duration alone. Keys that a type does not have are refused, with what there is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faults/stream_fault.h"
#include "harness/base/error.h"

namespace stormproof::faults {

// `json`: an object. Keys in `besides` are somebody else's. Where `standing` is given, what is not said stays as it is there.
base::Result<StreamFault> parse_stream_fault(std::string_view json, const std::vector<std::string_view>& besides,
                                             const StreamFault* standing = nullptr);

// The fields of an object, without its braces.
std::string stream_fault_fields(const StreamFault& fault);

// The schemas of all types, as the members of an object of OpenAPI's: "latency": {…}, "bandwidth": {…}.
std::string stream_fault_schemas();
// The names of the types, in their order.
std::vector<std::string_view> stream_fault_types();

}  // namespace stormproof::faults
