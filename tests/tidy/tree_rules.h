// Tree rules: what every text file keeps to, and the tree as a whole. As in rules.h, each is a pure function.
#pragma once

#include <string>
#include <string_view>

#include "tests/tidy/rules.h"

namespace stormproof::tidy {

// --- of any text ---
Breaches nothing_is_left_to_do(const std::string& path, std::string_view text);
Breaches no_machine_paths(const std::string& path, std::string_view text);
Breaches no_registry_hosts(const std::string& path, std::string_view text);
// Relative links of Markdown lead to files and folders that exist.
Breaches links_lead_somewhere(const std::string& path, std::string_view text, const Paths& all);

// --- of the tree ---
// faults/latency.h has tests/faults/latency_test.cpp; a header of tests/support or tests/subjects has its test beside
// it.
Breaches headers_have_tests(const Paths& all);
// Every folder with code in it has a README.md. The tests that mirror a room need none: the room's own, and tests/README.md, say it.
Breaches folders_have_readmes(const Paths& all);

}  // namespace stormproof::tidy
