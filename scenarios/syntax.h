// Syntax: what is wrong with text that is not YAML, said so that it can be mended.
//
// A YAML library says where it gave up; the mistake mostly stands before that. From the library's words, the place
// where it stopped and what was open there, this finds the mistake: an unclosed bracket is reported at its opening.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "scenarios/complaints.h"
#include "scenarios/source.h"

namespace stormproof::scenarios {

struct Stopped {
  std::string_view words;             // the library's own: "end of sequence flow not found"
  std::size_t offset = 0;             // where it stopped
  std::vector<std::size_t> brackets;  // offsets of the '[' and '{' that were open, outermost first
  std::optional<std::size_t> scalar;  // offset of the last scalar before
};

// Adds exactly one complaint.
void explain(const Stopped& stopped, const Source& source, Complaints& complaints);

// The length of a quoted scalar that begins at `offset` with ' or ", both quotes included; nothing where it is never
// closed.
std::optional<std::size_t> quoted_length(std::string_view text, std::size_t offset);

}  // namespace stormproof::scenarios
