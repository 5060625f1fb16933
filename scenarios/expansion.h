// Expansion: ${NAME}, ${NAME:-default} and ${secret:NAME} in the values of a scenario, put in after parsing.
//
// Keys are not expanded; $${ stands for a plain ${. As in a shell, :- applies to a variable that is unset or empty;
// ${NAME} to an unset one is a mistake at its place. A secret is the variable STORMPROOF_SECRET_NAME; it must be set
// and not be empty. Pure but for `environment`.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/source.h"

namespace stormproof::scenarios {

// The value of an environment variable, where it is set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// This process's own; read at each call.
Environment process_environment();

inline constexpr std::string_view secret_prefix = "STORMPROOF_SECRET_";
inline constexpr std::size_t expanded_bytes_max = std::size_t{4} << 20U;  // 4 MiB, all values together

// Sets text, expanded and secret of every scalar value. Returns the values of the secrets that were put in.
std::vector<std::string> expand(Node& root, const Source& source, const Environment& environment,
                                Complaints& complaints);

}  // namespace stormproof::scenarios
