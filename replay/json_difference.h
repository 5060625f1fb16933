// JSON difference: where two JSON values differ, by structure.
//
// Members by name, in any order. Lists are aligned before they are compared, so one element more is one difference, not a
// difference of all behind it: by a member that names each element (`id`, `key`, `name` …) where there is one, else by
// the longest common subsequence. The same elements in another order are one difference (`order`), unless a rule says
// that order does not matter. 1 and 1.0 are the same number. Bodies of other kinds come here as values too (body_value.h).
// Pure; depth is bounded by the parser (`json_depth_max`), work on long lists by `alignment_edits_max`.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "replay/difference.h"
#include "replay/difference_rules.h"

namespace stormproof::replay {

inline constexpr std::size_t json_depth_max = 200;

// Lists that differ in more elements than this are aligned by place, not by content.
inline constexpr std::size_t alignment_edits_max = 400;

// Appends to `differences`, up to differences_max in all. The values outlive the call.
void json_differences(const boost::json::value& baseline, const boost::json::value& candidate, std::string_view route,
                      const DifferenceRules& rules, std::vector<Difference>& differences);

// By value: numbers as numbers, members in any order.
bool same_json(const boost::json::value& a, const boost::json::value& b);

// A number for a value that is the same for same values.
std::uint64_t json_identity(const boost::json::value& value);

}  // namespace stormproof::replay
