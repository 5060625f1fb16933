// Markdown: a run for $GITHUB_STEP_SUMMARY, a comment or a terminal.
//
// Bounded, whatever the record holds: GitHub drops a summary above 1 MiB whole. What does not fit is counted. A pure
// function of the record.
#pragma once

#include <cstddef>
#include <string>

#include "reports/run_record.h"

namespace stormproof::reports {

inline constexpr std::size_t markdown_table_bytes_max = 400'000;  // each of two
inline constexpr std::size_t markdown_cell_bytes_max = 400;       // before escaping
inline constexpr std::size_t markdown_dependencies_max = 20;

std::string render_markdown(const RunRecord& record);

}  // namespace stormproof::reports
